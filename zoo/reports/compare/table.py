"""The tables of `zoo compare`'s report: for each what stands in its rows, from the document alone.

Each function gives a `Table` of zoo.reports.tables or None where there is nothing to show; columns
in which every row is empty are left out.
"""

from collections.abc import Iterable, Mapping

from zoo.reports.compare import ways
from zoo.reports.compare.ways import CONTENDERS, USES, finite, percent
from zoo.reports.tables import Shown, Table

_PLACES = {"device": "Device", "precision": "Precision", "threads": "Threads",
           "reproducible": "Reproducible"}  # fmt: skip
_SPEED = {
    "way": "Backend",
    "median": "Median",
    "layers": "Layers",
    **_PLACES,
    "spread": "Spread",
    "p95": "p95",
    "sequences": "Sequences/s",
    "steps": "Steps/s",
    "first": "First call",
    "vs_keras": "Time / stock Keras",
    "vs_onnx": "Time / ONNX",
    "old": "Before",
    "change": "Change",
    "path": "Path",
}
ONLY_PAGE = {"path", "old"}  # too long, or too much, for a terminal
SPEED_NOTE = (
    "Times in milliseconds. Spread: half the distance between the 10th and the 90th percentile of "
    "the rounds' medians. Time / stock Keras: below 1 is faster than the fastest stock Keras way "
    "on the same backend, in the same rounds. First call: with compilation. Steps: real time "
    "steps, padding not counted."
)


def filled(rows: list[dict], columns: Mapping[str, str]) -> dict[str, str]:
    """The columns with a value in at least one row; the first one always."""
    first = next(iter(columns))
    shown = {key for row in rows for key, value in row.items() if value not in (None, "")}
    return {key: name for key, name in columns.items() if key == first or key in shown}


def sortable(rows: list[dict], columns: Mapping[str, str], caption: str = "") -> Table | None:
    """A table that sorts, or None where there is no row."""
    return Table(rows, filled(rows, columns), caption, sortable=True) if rows else None


def _places(row, also):
    return {key: row.get(key) for key in also}


def milliseconds(value) -> Shown | None:
    """A time in a column of milliseconds."""
    if not finite(value):
        return None
    return Shown(value, f"{value:,.0f}" if value >= 100 else f"{value:#.3g}".rstrip("."))


def spread(value) -> Shown | None:
    """A spread, or what counts as noise, in percent."""
    return Shown(value, percent(value)) if finite(value) else None


def _ratio(value):
    if not finite(value):
        return None
    return Shown(value, f"{value:.2f}" if value < 9.95 else f"{value:,.0f}")


def _rate(value):
    if not finite(value):
        return None
    return Shown(value, f"{value:,.0f}" if value >= 100 else f"{value:.3g}")


def speed(document: Mapping, model: str, use: str) -> Table | None:
    """The times of one model in one use, the fastest first."""
    rows = ways.speeds(document, model, use)
    also = ways.varied(row for row in document["rows"] if row.get("model") == model)
    shown = [
        {
            "way": backend(row),
            "layers": CONTENDERS.get(row["contender"], row["contender"]),
            **_places(row, also),
            "median": milliseconds(row["median_ms"]),
            "spread": Shown(row["spread"], percent(row["spread"]))
            if finite(row["spread"])
            else None,
            "p95": milliseconds(row["p95_ms"]),
            "sequences": _rate(row["sequences_per_s"]),
            "steps": _rate(row["steps_per_s"]),
            "first": milliseconds(row["first_call_ms"]),
            "vs_keras": _ratio(row["vs_keras"]),
            "vs_onnx": _ratio(row["vs_onnx"]),
            "old": milliseconds(row.get("old_ms")),
            "change": change(row),
            "path": row["path"],
        }
        for row in rows
    ]
    return sortable(shown, _SPEED, f"{USES[use][0].upper()}{USES[use][1:]}")


def change(row: Mapping) -> Shown | str | None:
    """What became of a row since the earlier run, in words; None where nothing is known.

    >>> str(change({"verdict": "slower", "ratio": 1.3}))
    '1.30 slower'
    """
    verdict, ratio = row.get("verdict"), row.get("ratio")
    if verdict is None or ratio is None:
        return verdict
    mark = {"slower": "wrong", "faster": "right"}.get(verdict, "")
    return Shown(ratio, f"{ratio:.2f} {verdict}", mark)


_PARITY = {
    "way": "Backend",
    "what": "What",
    "relative": "Relative",
    "within": "Within bar",
    "bar": "Bar",
    "sensitivity": "Sensitivity",
    "absolute": "Absolute",
    "layers": "Layers",
    **_PLACES,
    "change": "Change",
    "weight": "Weight",
}


def parity(document: Mapping, model: str) -> Table | None:
    """The differences of one model to the reference; of all gradients the largest over its bar."""
    rows = ways.find(document["rows"], measure="parity", model=model)
    also = ways.varied(rows)
    return sortable([_difference(row, also) for row in worst_of(rows)], _PARITY)


def backend(row: Mapping) -> str:
    """The backend of a row with its mode.

    >>> backend({"backend": "tensorflow", "mode": "xla"})
    'tensorflow xla'
    """
    return ways.way({**row, "contender": None})


def worst_of(rows: Iterable[Mapping]) -> list[Mapping]:
    """Each way's rows with, of its gradients, the one that differs most for its bar alone."""
    kept = {}
    for row in rows:
        kind = str(row["what"]).split(" ")[0]
        key = (kind, *(row[k] for k in ("backend", "contender", "mode", *ways.PLACE)))
        if key not in kept or ways.over(row) > ways.over(kept[key]):
            kept[key] = row
    return list(kept.values())


def _difference(row, also):
    kind, _, weight = str(row["what"]).partition(" ")
    within = row["within"]
    return {
        "way": backend(row),
        "layers": CONTENDERS.get(row["contender"], row["contender"]),
        **_places(row, also),
        "what": kind,
        "absolute": _size(row["absolute"]),
        "relative": _size(row["relative"]),
        "bar": _size(row["bar"], 0),
        "sensitivity": _size(row.get("sensitivity"), 0),
        "within": None if within is None else _within(within),
        "change": row.get("verdict") if row.get("verdict") in ("worse", "better") else None,
        "weight": weight or None,
    }


def _within(within):
    return Shown(float(within), "✓ yes" if within else "✗ no", "right" if within else "wrong")


def _size(value, digits=1):
    if value is None:
        return None
    if not finite(value):
        return Shown(value, "not finite", "wrong")
    return Shown(value, f"{value:.{digits}e}" if value else "0")


def memory(document: Mapping, model: str) -> Table | None:
    """The peaks of one model."""
    rows = ways.find(document["rows"], measure="memory", model=model)
    also = ways.varied(rows)
    shown = [
        {
            "way": ways.way(row, also),
            "use": USES.get(row["use"], row["use"]),
            "peak": _rate(row["peak_mb"]),
            "device": _rate(row["device_peak_mb"]),
        }
        for row in rows
    ]
    columns = {"way": "Backend", "use": "Use", "peak": "Process MB", "device": "Device MB"}
    return sortable(shown, columns, "Peak memory")


def start(document: Mapping) -> Table | None:
    """How long it takes until a model can be called: import and build."""
    rows = ways.find(document["rows"], measure="start")
    also = ways.varied(rows)
    shown = [
        {"way": ways.way(row, also), "model": row["model"], "what": row["what"],
         "median": milliseconds(row["median_ms"]), "old": milliseconds(row.get("old_ms")),
         "change": change(row)}
        for row in rows
    ]  # fmt: skip
    columns = {"way": "Backend", "median": "Milliseconds", "what": "What", "model": "Model",
               "old": "Before", "change": "Change"}  # fmt: skip
    return sortable(shown, columns)


def metrics(document: Mapping) -> Table | None:
    """The final metric over seeds."""
    rows = ways.find(document["rows"], measure="metric")
    also = ways.varied(rows)
    shown = [
        {"model": row["model"], "way": ways.way(row, also), "what": row["what"],
         "value": row["value"], "std": row["std"], "seeds": len(row["seeds"] or ()) or None,
         "values": ", ".join(f"{value:.4g}" for value in row["values"] or () if finite(value))}
        for row in rows
    ]  # fmt: skip
    columns = {"model": "Model", "way": "Backend", "value": "Mean", "what": "Metric",
               "std": "Standard deviation", "seeds": "Seeds", "values": "Each"}  # fmt: skip
    return sortable(shown, columns)
