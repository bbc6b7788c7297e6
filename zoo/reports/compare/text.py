"""The report of `zoo compare` for a terminal."""

import textwrap
from collections.abc import Mapping

from zoo.reports.columns import table
from zoo.reports.compare import faults, ways
from zoo.reports.compare import table as tables
from zoo.reports.compare.advice import advise
from zoo.reports.compare.ways import USES
from zoo.reports.tables import Shown, shown

_HEADS = {
    "way": "backend",
    "median": "ms",
    "layers": "layers",
    **{key: key for key in ways.PLACE},
    "spread": "spread",
    "p95": "p95",
    "sequences": "seq/s",
    "steps": "steps/s",
    "first": "first ms",
    "vs_keras": "/keras",
    "vs_onnx": "/onnx",
    "change": "change",
}
_LAST = ("p95", "steps", "vs_onnx", "first", "sequences")  # what a narrow terminal goes without
NOTE = (
    "/keras: the time over that of the fastest stock Keras way on the same backend, below 1 is "
    "faster; /onnx: over the exported model's; spread: half the 10th to 90th percentile of the "
    "rounds' medians; first: with compilation; steps: real time steps."
)


def text(document: Mapping, width: int = 100) -> str:
    """What a person reads: regressions, recommendations, a table for each model, what failed."""
    advice = document.get("recommendations") or advise(document)
    parts = [*_against(document, width), *_recommended(advice, width)]
    for name in ways.names(document):
        lines = {one["use"]: one["line"] for one in advice if one["model"] == name}
        parts += ["", *_model(document, name, lines, width)]
    if troubles := faults.failures(document):
        parts += ["", "What failed"]
        parts += [_fill(f"{one['way']}: {one['what']}: {one['reason']}", width) for one in troubles]
    if document.get("stopped"):
        parts += ["", "Stopped before the end: this was measured by then."]
    return "\n".join([*parts, "", textwrap.fill(NOTE, width)]).lstrip("\n")


def _fill(line, width, indent="  "):
    return textwrap.fill(
        line, width, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False
    )


def _recommended(advice, width):
    """What is best for each model and use in a table, then over all models."""
    rows = {}
    for one in advice:
        if one["model"] is not None:
            rows.setdefault(one["model"], {})[one["use"]] = one["best"] or "-"
    head = ["fastest and right", *USES]
    lines = [[model, *(best.get(use, "-") for use in USES)] for model, best in rows.items()]
    overall = [one for one in advice if one["model"] is None]
    told = [_fill(f"{one['use']}: {one['line']}", width, "") for one in overall]
    return [*(table([head, *lines]).split("\n") if lines else []), *([""] if told else []), *told]


def _against(document, width):
    against = document.get("against")
    if not against:
        return []
    head = f"Against {against['path'] or 'an earlier run'} (commit {against['commit']}): "
    head += f"{against['regressions']} regressions; the machine takes {against['drift']:.2f} times "
    head += "as long as then, which is taken out."
    found = faults.regressed(document)
    return [textwrap.fill(head, width), *(_table(found, width) if found else []), ""]


def _model(document, name, advice, width):
    lines = [name]
    for use in USES:
        found = tables.speed(document, name, use)
        if use in advice:
            lines.append(_fill(f"{use}: {advice[use]}", width))
        lines += _table(found, width) if found else []
    lines += _parity(document, name, width)
    for row in ways.find(document["rows"], measure="curve", model=name):
        if row["parts_at"] is not None:
            lines.append(f"  loss of {ways.way(row)} parts from the reference at step "
                         f"{row['parts_at']}")  # fmt: skip
    return lines


def _parity(document, name, width):
    """What is outside of its bar, in full; what is within, in one line."""
    rows = tables.worst_of(ways.find(document["rows"], measure="parity", model=name))
    outside = [row for row in rows if row["within"] is False]
    lines = []
    if inside := [row for row in rows if row["within"]]:
        worst = max(inside, key=ways.over)
        lines.append(f"parity: {len(inside)} of {len(rows)} within their bars; the closest to it: "
                     f"{_difference(worst)}")  # fmt: skip
    lines += [f"outside: {_difference(row)}" for row in outside]
    return [_fill(line, width) for line in lines]


def _difference(row):
    size = f"{row['relative']:.1e}" if ways.finite(row["relative"]) else "not finite"
    return f"{ways.way(row)} {row['what']} {size} (bar {row['bar']:.0e})"


def _table(found, width):
    """The lines of a table, without the columns that matter least where it is too wide."""
    columns = [key for key in found.columns if key in _HEADS or key not in tables.ONLY_PAGE]
    dropped = list(_LAST)
    while True:
        rows = [[_HEADS.get(key, key) for key in columns]]
        rows += [[_cell(row.get(key)) for key in columns] for row in found.rows]
        lines = table(rows, {k for k, key in enumerate(columns) if _is_numbers(found, key)})
        lines = [f"    {line}" for line in lines.split("\n")]
        if max(map(len, lines)) <= width or not dropped:
            return lines
        if (key := dropped.pop(0)) in columns:
            columns.remove(key)


def _cell(value):
    return "-" if value in (None, "") else shown(value).replace("\n", " ")


def _is_numbers(found, key):
    values = [row.get(key) for row in found.rows if row.get(key) is not None]
    return all(isinstance(value, int | float | Shown) for value in values)
