"""Layers over lengths: from which T on one is faster than another, from the rows alone."""

from itertools import groupby

from zoo.reports.bench_cases import PARALLEL, STEPWISE

WHERE = ("backend", "device", "precision", "direction", "pass", "mask")


def best(rows: list[dict]) -> list[dict]:
    """Of rows that were measured together the fastest way to run each layer at each length.

    In the order of place, layer and length.
    """
    found = {}
    for row in rows:
        if row.get("together") and row["ok"]:
            key = (*(row[name] for name in WHERE), row["layer"], row["shape"]["T"])
            if key not in found or row["median_ms"] < found[key]["median_ms"]:
                found[key] = row
    return sorted(found.values(), key=_place(rows))


def _place(rows):
    places = list(dict.fromkeys(tuple(row[name] for name in WHERE) for row in rows))
    layers = list(dict.fromkeys(row["layer"] for row in rows))

    def place(row):
        where = tuple(row[name] for name in WHERE)
        return places.index(where), layers.index(row["layer"]), row["shape"]["T"]

    return place


def crossovers(rows: list[dict]) -> list[dict]:
    """From which length on each layer without a sequential wall is faster than one with it.

    Each {"backend", ..., "mask", "layer", "over", "from_T", "lengths"}: from_T is the shortest
    measured T at which, and at every longer one, it took less time in the same rounds; None where
    it did not at the longest.

    >>> def row(T, ratio):
    ...     where = dict.fromkeys(WHERE, "here")
    ...     return where | {"together": True, "ok": True, "layer": "min_gru", "shape": {"T": T},
    ...                     "median_ms": 1.0, "vs_gru": ratio}
    >>> [c["from_T"] for c in crossovers([row(64, 0.9), row(256, 1.1), row(1024, 0.4)])]
    [1024]
    """
    found = []
    for (*where, layer), same in groupby(best(rows), lambda r: (*map(r.get, WHERE), r["layer"])):
        same = list(same)
        for over in STEPWISE if layer in PARALLEL else ():
            ratios = {r["shape"]["T"]: r[f"vs_{over}"] for r in same if r.get(f"vs_{over}")}
            if ratios:
                found.append(
                    dict(zip(WHERE, where, strict=True), layer=layer, over=over)
                    | {"from_T": _from(ratios), "lengths": list(ratios)}
                )
    return found


def _from(ratios):
    """The shortest of the lengths at the end of which every ratio is below 1."""
    since = None
    for T in sorted(ratios, reverse=True):
        if ratios[T] >= 1:
            break
        since = T
    return since


def sentences(rows: list[dict]) -> list[str]:
    """`crossovers` in words, a line for each layer and place."""
    lines = []
    for (*where, layer), same in groupby(
        crossovers(rows), lambda c: (*(c[name] for name in WHERE), c["layer"])
    ):
        backend, device, precision, direction, step, mask = where
        usual = {"forward": "", "none": ""}
        parts = [backend, device, precision, usual.get(direction, direction)]
        parts += [step if step == "training" else "forward pass"]
        parts += [] if mask == "none" else [f"mask {mask}"]
        lines.append(f"{', '.join(filter(None, parts))}: {layer} is {_faster(list(same))}")
    return lines


def _faster(found):
    """What is said of one layer: those it overtakes at the same length in one breath."""
    parts = []
    for T, same in groupby(found, lambda crossing: crossing["from_T"]):
        same = list(same)
        lengths = same[0]["lengths"]
        over = " and ".join(crossing["over"] for crossing in same)
        if T is None:
            parts.append(f"not faster than {over} up to T={max(lengths):,}")
        else:
            shortest = " (the shortest measured)" if min(lengths) == T else ""
            parts.append(f"faster than {over} from T={T:,}{shortest}")
    return ", ".join(parts)
