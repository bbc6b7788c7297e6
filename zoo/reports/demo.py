"""The report of `zoo demo`: the five architectures, each with its metric beside its baseline."""

from collections.abc import Mapping, Sequence

from zoo import plots
from zoo.reports.blocks import Code, Examples, Paragraph, Picture
from zoo.reports.document import Section, page
from zoo.reports.tables import Table

_SUMMARY = {
    "name": "Recipe",
    "value": "Value",
    "baseline": "Baseline",
    "verdict": "Better",
    "measure": "Metric",
    "architecture": "Architecture",
    "baseline_name": "Baseline is",
}


def demo_page(results: Mapping) -> str:
    """The demo report as one HTML page.

    Args:
        results: {"environment": {"backend", "versions", "device", "seconds"},
            "architectures": [{"architecture", "name", "task", "cell", "parameters", "metric",
            "higher_is_better", "value", "baseline", "baseline_name", "examples", "figures",
            "command", "seconds"}, ...],
            "export": {"name", "format", "path", "max_difference", "ok"} or absent}.
            "examples" as in blocks.Examples; "figures" [{"figure", "alt", "caption"}, ...].

    Returns: the text of the page.

    >>> row = {"architecture": "many_to_one", "name": "sine", "task": "forecasting",
    ...        "metric": "RMSE", "higher_is_better": False, "value": 0.02, "baseline": 0.7}
    >>> "0.0200" in demo_page({"environment": {"backend": "jax"}, "architectures": [row]})
    True
    """
    rows = results["architectures"]
    environment = results.get("environment") or {}
    sections = [Section("", _summary(rows)), *map(_architecture, rows)]
    if results.get("export"):
        sections.append(_export(results["export"]))
    return page("RNN Zoo: the demo", sections, _lead(rows, environment), environment)


def _lead(rows: Sequence[Mapping], environment: Mapping) -> str:
    kinds = len({row["architecture"] for row in rows})
    text = f"{_count(len(rows), 'model')} in {_count(kinds, 'input/output architecture')}"
    text += ", run end to end on held-out data"
    if environment.get("backend"):
        text += f" with {environment['backend']}"
    if environment.get("device"):
        text += f" ({environment['device']})"
    if environment.get("seconds") is not None:
        text += f" in {environment['seconds']:.0f} seconds"
    return text + "."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _summary(rows: Sequence[Mapping]) -> list:
    caption = "Value and baseline on held-out data. ↑ higher is better, ↓ lower is better."
    table = Table([_summary_row(row) for row in rows], _SUMMARY, caption)
    alt = "; ".join(
        f"{row['name']} {row['metric']} {plots.number(row.get('value'))}, "
        f"baseline {plots.number(row.get('baseline'))}"
        for row in rows
    )
    picture = Picture(plots.bars(rows), f"Bars of each metric beside its baseline: {alt}.")
    return [table, picture]


def _summary_row(row: Mapping) -> dict:
    return {
        **row,
        "architecture": _title(row["architecture"]),
        "measure": f"{row['metric']} {'↑' if row['higher_is_better'] else '↓'}",
        "verdict": _verdict(row),
    }


def _verdict(row: Mapping) -> str | None:
    value, baseline = row.get("value"), row.get("baseline")
    if value is None or baseline is None:
        return None
    if value == baseline:
        return "= equal"
    return "✓ yes" if (value > baseline) == row["higher_is_better"] else "✗ no"


def _title(architecture: str) -> str:
    drawing = plots.DRAWINGS.get(architecture)
    return drawing.title if drawing else architecture.replace("_", " ")


def _architecture(row: Mapping) -> Section:
    title = _title(row["architecture"])
    blocks = [Paragraph(_sentence(row))]
    if row["architecture"] in plots.DRAWINGS:
        alt = f"Boxes and arrows over time: {title}."
        blocks.append(Picture(plots.architecture(row["architecture"]), alt))
    if row.get("examples"):
        blocks.append(Examples(row["examples"]))
    blocks += [Picture(f["figure"], f["alt"], f.get("caption", "")) for f in row.get("figures", ())]
    if row.get("command"):
        blocks.append(Code(row["command"]))
    return Section(f"{title[0].upper()}{title[1:]}: {row['name']}", blocks)


def _sentence(row: Mapping) -> str:
    model = [f"{plots.number(row['parameters'])} parameters"] if row.get("parameters") else []
    model = [row["cell"], *model] if row.get("cell") not in (None, "none") else model
    task = row.get("task", "").rstrip(".")
    text = f"{task[0].upper()}{task[1:]}." if task else ""
    if model:
        text += f" Model: {', '.join(model)}."
    baseline = row.get("baseline_name") or "trivial baseline"
    text += f" {row['metric'][0].upper()}{row['metric'][1:]} {plots.number(row.get('value'))}"
    text += f" on held-out data; {baseline}: {plots.number(row.get('baseline'))}."
    if row.get("seconds") is not None:
        text += f" Took {row['seconds']:.1f} s."
    return text.strip()


def _export(export: Mapping) -> Section:
    difference = export.get("max_difference")
    found = "" if difference is None else f"; the largest difference is {difference:.1e}"
    outcome = "the outputs agree" if export.get("ok") else "the outputs do not agree"
    text = (
        f"{export['name']} was exported as {export['format']}, loaded again from its file and run "
        f"on the same input: {outcome}{found}."
    )
    blocks = [Paragraph(text)]
    if export.get("path"):
        blocks.append(Code(str(export["path"])))
    return Section("Export", blocks)
