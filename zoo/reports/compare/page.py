"""The report of `zoo compare`: its document as one HTML page, and everything written into a folder.

>>> from zoo.reports.compare import page
>>> paths = page.write(document, "report")  # doctest: +SKIP
"""

from collections.abc import Mapping
from pathlib import Path

from zoo import files, plots
from zoo.reports import document as pages
from zoo.reports.blocks import Answers, Heading, Paragraph
from zoo.reports.compare import faults, ways
from zoo.reports.compare import table as tables
from zoo.reports.compare.advice import advise
from zoo.reports.compare.csv import csv, strict
from zoo.reports.compare.gallery import file_names, gallery
from zoo.reports.compare.ways import USES
from zoo.reports.compare.where import where
from zoo.reports.document import Section
from zoo.reports.tables import Table

_NAMES = {use: f"{name[0].upper()}{name[1:]}" for use, name in USES.items()}
PARITY_NOTE = (
    "The largest difference to the reference, over the largest absolute value of the reference. "
    "Sensitivity: by how much the reference's gradients move when weights and inputs are rounded "
    "otherwise; four times that is their bar where it is more than the usual one."
)


def page(document: Mapping, pictures: Mapping | None = None) -> str:
    """The report as one HTML page that needs no other file: answers first, then what they rest on.

    document: that of `zoo compare`, partial or whole, also one of `against.compared`.
    pictures: its `gallery`, where that was drawn before.
    Without scripts all of it reads; with them the tables sort.
    """
    document = _advised(document)
    pictures = gallery(document) if pictures is None else pictures
    sections = [
        *_regressions(document),
        _answers(document, pictures),
        *[_model(document, name, pictures) for name in ways.names(document)],
        *_more("Parity at a glance", pictures.get(("parity",)), PARITY_NOTE),
        *_more("Start-up", tables.start(document), "What a process needs before the first call."),
        *_more("Memory at a glance", pictures.get(("memory",)), "Peaks of whole processes."),
        *_more("Metrics over seeds", tables.metrics(document), "Training from the seeds named."),
        *_more("What failed", faults.failed(document), "Each with its reason."),
        where(document),
    ]
    return pages.page("Backends compared", sections, lead(document))


def write(document: Mapping, folder) -> list[Path]:
    """Write compare.json, compare.csv, the figures and compare.html into `folder`.

    Each file is there whole or not at all. Returns the paths.
    """
    folder, document = Path(folder), _advised(document)
    paths = [
        files.write_json(folder / "compare.json", strict(document)),
        files.write_bytes(folder / "compare.csv", csv(document["rows"]).encode()),
    ]
    found = gallery(document)
    for key, name in file_names(found).items():
        paths.append(plots.save(found[key].figure, folder / f"{name}.png"))
    return [*paths, pages.write(folder / "compare.html", page(document, found))]


def _advised(document):
    if document.get("recommendations"):
        return document
    return {**document, "recommendations": advise(document)}


def lead(document: Mapping) -> str:
    """What was compared, in a sentence or two."""
    models, rows = ways.names(document), ways.find(document["rows"], measure="speed")
    backends = list(dict.fromkeys(row["backend"] for row in rows))
    text = f"{_count(len(models), 'model')} on {_joined(backends) or 'no backend'}: which is "
    text += "fastest here, and whether all give the same numbers."
    if document.get("stopped"):
        text += " The run was stopped before its end: what follows was measured by then."
    return text


def _count(number, noun):
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _joined(names):
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def _regressions(document):
    against = document.get("against")
    if not against:
        return []
    earlier = f"the earlier run ({against['path'] or 'no file'}, commit {against['commit']})"
    text = f"{_count(against['regressions'], 'row')} became slower, wrong or impossible since "
    text += f"{earlier}. The machine itself takes {against['drift']:.2f} times as long as then; "
    text += "changes are corrected for that, and count beyond the noise only."
    table = faults.regressed(document)
    return [Section("Regressions", [Paragraph(text), *([table] if table else [])])]


def _answers(document, pictures):
    """One answer for each use, over all models or of the only one, and the picture of it."""
    every = document["recommendations"]
    overall = [one for one in every if one["model"] is None] or every
    found = [_cards(overall), pictures.get(("overview",)), _by_model(every)]
    return Section("Recommended", [block for block in found if block])


def _cards(advice):
    items = [
        {"question": _NAMES[one["use"]], "answer": one["best"] or "–", "reason": one["line"]}
        for one in advice
    ]
    return Answers(items) if items else Paragraph("No time was measured.")


def _by_model(advice):
    """What is recommended for each model; the reasons stand with each."""
    rows = {}
    for one in advice:
        if one["model"] is not None:
            row = rows.setdefault(one["model"], {"model": one["model"]})
            row[one["use"]] = one["best"] or "nothing"
    columns = {"model": "Model", **_NAMES}
    return Table(list(rows.values()), columns, sortable=True) if len(rows) > 1 else None


def _model(document, name, pictures):
    told = next((model for model in document["models"] if model["model"] == name), None)
    blocks = [Paragraph(_sentence(told))] if told else []
    if len(ways.names(document)) > 1:
        lines = [one for one in document["recommendations"] if one["model"] == name]
        blocks += [_cards(lines)] if lines else []
    blocks += _speed(document, name, pictures.get(("speed", name)))
    table = tables.parity(document, name)
    blocks += [Heading("Parity"), table] if table else []
    if ("curves", name) in pictures:
        blocks += [Heading("Loss curves"), pictures["curves", name]]
    table = tables.memory(document, name)
    blocks += [Heading("Memory"), table] if table else []
    return Section(name, blocks or [Paragraph("Nothing was measured.")])


def _sentence(model):
    if not model["ok"]:
        return f"Not measured: {model['reason']}."
    what = " ".join(filter(None, ((model["architecture"] or "").replace("_", " "), model["kind"])))
    parts = [what, model["cell"] if model["cell"] != "none" else None]
    parts += [f"{model['parameters']:,} parameters"] if model["parameters"] else []
    parts += [f"{model['weights']} weights"] if model["weights"] else []
    batch = _count(model["sequences"], "sequence") if model["sequences"] else None
    steps = f" with {model['steps']:,} real time steps" if model["steps"] else ""
    text = ", ".join(filter(None, parts))
    text = f"{text[0].upper()}{text[1:]}."
    text += f" A batch has {batch}{steps}." if batch else ""
    return text + (f" Reference: {model['reference']}." if model["reference"] else "")


def _speed(document, name, picture):
    found = [table for use in USES if (table := tables.speed(document, name, use))]
    return [Heading("Speed"), picture, *found, Paragraph(tables.SPEED_NOTE)] if found else []


def _more(title, block, text):
    return [Section(title, [Paragraph(text), block])] if block else []
