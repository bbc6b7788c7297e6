"""Where and how a run of `zoo compare` was measured."""

from collections.abc import Mapping

from zoo.reports.blocks import Code, Heading
from zoo.reports.compare import ways
from zoo.reports.compare.table import filled
from zoo.reports.compare.ways import YARDSTICK, milliseconds, percent
from zoo.reports.document import Section
from zoo.reports.tables import Table


def where(document: Mapping) -> Section:
    """The last section: command, commit, machine, versions, flags, and each process."""
    facts = document["environment"]
    blocks = [Code(str(facts["command"]))] if facts.get("command") else []
    rows = [{"what": key, "value": _told(value)} for key, value in _facts(document).items()]
    blocks.append(Table(rows, {"what": "What", "value": "Value"}))
    columns = {"process": "Process", "threads": "Threads", "devices": "Devices", "ok": "Ran",
               "reason": "Reason"}  # fmt: skip
    rows = [{**one, "devices": ", ".join(one["devices"] or ())} for one in document["processes"]]
    if rows:
        columns = filled(rows, columns)
        blocks += [Heading("Processes"), Table(rows, columns, sortable=True)]
    return Section("Where this ran", blocks)


def _facts(document):
    facts = document["environment"]
    kept = ("commit", "started", "seconds", "python", "processor", "cores", "threads")
    told = {key: facts.get(key) for key in kept}
    told |= facts.get("versions") or {}
    told |= {key: value for key, value in (facts.get("flags") or {}).items() if value is not None}
    told |= {f"option {key}": value for key, value in document["options"].items()}
    yardstick = ways.find(document["rows"], model=YARDSTICK)
    if yardstick:
        first = yardstick[0]
        told["yardstick, a matrix product"] = (
            f"{milliseconds(first['median_ms'])} {percent(first['spread'])}"
        )
    return told


def _told(value):
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:.1f}" if isinstance(value, float) else "–" if value is None else str(value)
