"""What went wrong in a run of `zoo compare`, or since an earlier one: rows and their tables."""

from collections.abc import Mapping

from zoo.reports.compare import ways
from zoo.reports.compare.against import regressions
from zoo.reports.compare.table import change, milliseconds, sortable, spread
from zoo.reports.compare.ways import USES
from zoo.reports.tables import Table


def failures(document: Mapping) -> list[dict]:
    """What gave no measurement, equal reasons together: {"way", "what", "reason"}."""
    found = {}
    for process in document.get("processes") or ():
        if not process["ok"]:
            found.setdefault((process["process"], process["reason"]), []).append("everything")
    for model in document["models"]:
        if not model["ok"]:
            found.setdefault((model["model"], model["reason"]), []).append("the model")
    rows = document["rows"]
    also = ways.varied(rows)
    for row in ways.find(rows, ok=False):
        if row.get("verdict") != "gone":
            what = " ".join(filter(None, (row["model"], row["measure"], row["use"], row["what"])))
            found.setdefault((ways.way(row, also), row["reason"]), []).append(what)
    return [{"way": way, "what": _listed(what), "reason": reason or "no reason was given"}
            for (way, reason), what in found.items()]  # fmt: skip


def _listed(what, most=6):
    what = list(dict.fromkeys(what))
    more = f" and {len(what) - most} more" if len(what) > most else ""
    return ", ".join(what[:most]) + more


def failed(document: Mapping) -> Table | None:
    """The table of `failures`."""
    columns = {"way": "Where", "what": "What", "reason": "Reason"}
    return sortable(failures(document), columns)


def regressed(document: Mapping) -> Table | None:
    """What became slower, wrong or impossible since the earlier run, the worst first."""
    columns = {
        "model": "Model",
        "way": "Backend",
        "change": "Change",
        "noise": "Noise",
        "what": "What",
        "old": "Before, ms",
        "now": "Now, ms",
        "reason": "Reason",
    }
    also = ways.varied(document["rows"])
    shown = [
        {"model": row["model"], "way": ways.way(row, also), "what": _what(row),
         "old": milliseconds(row["old_ms"]), "now": milliseconds(row["median_ms"]),
         "change": change(row), "noise": spread(row.get("noise")), "reason": row["reason"]}
        for row in regressions(document)
    ]  # fmt: skip
    return sortable(shown, columns)


def _what(row):
    return USES.get(row["use"]) or " ".join(filter(None, (row["measure"], row["what"])))
