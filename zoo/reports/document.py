"""Sections to one self-contained HTML page, and the page to a file."""

import base64
import hashlib
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from zoo.reports.blocks import Answers, Code, Examples, Heading, Paragraph, Picture
from zoo.reports.css import style_sheet
from zoo.reports.tables import Table

Block = Paragraph | Heading | Table | Picture | Examples | Answers | Code


@dataclass(frozen=True)
class Section:
    """One heading and the blocks under it; without a title the blocks follow the lead."""

    title: str
    blocks: Sequence[Block]


# Nothing but what is in the file may load: a request that slipped in would fail in the open.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(
    title: str, sections: Sequence[Section], lead: str = "", environment: Mapping | None = None
) -> str:
    """One HTML page that needs no other file and sends no request.

    Args:
        title: the heading. lead: one sentence below it.
        sections: in order; with three or more titled ones the page opens with links to them.
        environment: {"backend": "jax", "versions": {"jax": "0.10"}, ...}, the last section.

    Returns: the text of the page, every given string escaped. A script is in it only where a block
        needs one, and the page's policy allows that script alone, by its hash.

    >>> "<h1>a &amp; b</h1>" in page("a & b", [Section("one", [Paragraph("text")])])
    True
    """
    sections = [*sections, *_environment_section(environment)]
    opening = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    body = "\n".join(_section(section, i) for i, section in enumerate(sections))
    scripts = _scripts(sections)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>
{style_sheet()}</style>
</head>
<body>
<header><h1>{escape(title)}</h1>{opening}</header>
{_contents(sections)}<main>
{body}
</main>
{"".join(f"<script>{script}</script>" for script in scripts)}</body>
</html>
"""


def _scripts(sections: Sequence[Section]) -> list[str]:
    """What the blocks need to run, each once."""
    blocks = (block for section in sections for block in section.blocks)
    return list(dict.fromkeys(filter(None, (getattr(block, "script", "") for block in blocks))))


def _policy(scripts: Sequence[str]) -> str:
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{text}'" for text in hashes)
    return f"{_POLICY}; script-src {allowed}" if allowed else _POLICY


def write(path: str | os.PathLike, html: str) -> Path:
    """Write `html` to `path` through a temporary file beside it; returns the path.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(folder + "/report.html", page("empty", [])).name
    'report.html'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(html)
        os.chmod(temporary, 0o644)  # mkstemp makes files that only their owner can read
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


def _name(section: Section, i: int) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-")
    return f"{words or 'section'}-{i}"


def _section(section: Section, i: int) -> str:
    name = _name(section, i)
    heading = f'<h2 id="{name}">{escape(section.title)}</h2>\n' if section.title else ""
    blocks = "\n".join(block.html(f"{name}-{j}") for j, block in enumerate(section.blocks))
    return f"<section>\n{heading}{blocks}\n</section>"


def _contents(sections: Sequence[Section]) -> str:
    titled = [(i, section) for i, section in enumerate(sections) if section.title]
    if len(titled) < 3:
        return ""
    links = "".join(
        f'<li><a href="#{_name(section, i)}">{escape(section.title)}</a></li>'
        for i, section in titled
    )
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>\n'


def _environment_section(environment: Mapping | None) -> list[Section]:
    if not environment:
        return []
    rows = []
    for key, value in environment.items():
        if isinstance(value, Mapping):
            rows += [{"what": name, "value": str(version)} for name, version in value.items()]
        else:
            shown = f"{value:.1f}" if isinstance(value, float) else value
            rows.append({"what": key.replace("_", " "), "value": str(shown)})
    table = Table(rows, {"what": "What", "value": "Value"})
    return [Section("Where this ran", [table])]
