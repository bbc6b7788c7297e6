"""Figures leave as files, whole or not at all, or as SVG text for a page."""

import io
import os
import re
import tempfile
from dataclasses import asdict
from pathlib import Path

from zoo.errors import InputError
from zoo.plots.style import LIGHT

# Fixed ids and outlined text: the same figure gives the same bytes and looks alike everywhere.
_DRAWING = {"svg.fonttype": "path", "svg.hashsalt": "rnn-zoo", "mathtext.fontset": "dejavusans"}
_SILENT = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


def save(figure, path: str | os.PathLike) -> Path:
    """Write `figure` to `path` (.png or .svg) through a temporary file beside it.

    The folder is made if needed; a reader never sees half a file, and a failed write leaves
    what was there. Returns the path. Raises InputError on another suffix.

    >>> import tempfile
    >>> from zoo.plots import architecture
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(architecture("one_to_one"), folder + "/figure.svg").name
    'figure.svg'
    """
    path = Path(path)
    data = _render(figure, check_name(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)  # mkstemp makes files that only their owner can read
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


def check_name(path: str | os.PathLike) -> str:
    """The kind of picture that `path` names, "png" or "svg". Raises InputError for another.

    >>> check_name("curves.SVG")
    'svg'
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in _SILENT:
        raise InputError(f"cannot draw {Path(path).name!r}: name a .png or .svg file")
    return kind


def _render(figure, kind: str) -> bytes:
    import matplotlib

    buffer = io.BytesIO()
    with matplotlib.rc_context(_DRAWING):
        figure.savefig(buffer, format=kind, dpi=200, metadata=_SILENT[kind])
    return buffer.getvalue()


def to_svg(figure, prefix: str = "figure") -> str:
    """`figure` as one <svg> element for inlining in HTML.

    Ids start with `prefix`, so that several figures share a page. The light palette becomes
    CSS variables (`--ink`, `--paper`, `--blue`, ...) that default to it: a page which sets them
    under `prefers-color-scheme: dark` recolours every figure.
    """
    text = _render(figure, "svg").decode()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    text = re.sub(r' (xmlns(:xlink)?|version)="[^"]*"', "", text)
    text = text.replace("xlink:href=", "href=")
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{prefix}-", text)
    for name, colour in asdict(LIGHT).items():
        text = re.sub(rf"{colour}\b", f"var(--{name}, {colour})", text)
    return text.strip()
