"""What `zoo compare` recommends: for each model and use the fastest way that is also right."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zoo.reports.compare import ways
from zoo.reports.compare.ways import USES, finite, milliseconds, percent, spread, times, way


@dataclass(frozen=True)
class Candidate:
    """A way that was timed: its row, its name, and why it should not be taken ("" for nothing)."""

    row: Mapping
    name: str
    wrong: str
    checked: bool

    @property
    def ms(self) -> float:
        return self.row["median_ms"]


def advise(document: Mapping) -> list[dict]:
    """The recommendations: over all models first, then for each model.

    document: that of `zoo compare`; its rows are enough. Of several precisions float32 counts, and
    runs that are not reproducible, as long as there are any.

    Returns [{"model", "use", "device", "best", "line"}, ...]; "model" is None over all models,
    "best" is None where nothing can be recommended; "line" is one sentence with its reason. A way
    counts for training if its outputs, loss and gradients are within their bars, for inference if
    its outputs are; where nothing was compared with a reference, the line says so.

    >>> row = {"model": "sine", "backend": "jax", "device": "cpu", "precision": "float32",
    ...        "threads": 2, "reproducible": False, "contender": "zoo", "mode": "",
    ...        "measure": "speed", "use": "train", "median_ms": 1.5, "spread": 0.02, "ok": True}
    >>> advise({"models": [], "rows": [row]})[0]["line"].split(",")[0]
    'jax takes 1.50 ms ±2% a training step'
    """
    found, standings = [], {use: {} for use in USES}
    for model in ways.names(document):
        for use in USES:
            every = candidates(document, model, use)
            if not every and not _asked(document, model, use):
                continue
            right = chosen_from(every)
            found.append(_advice(document, model, use, every, right))
            if right:
                standings[use][model] = right
    return [line for use in USES if (line := _overall(use, standings[use]))] + found


def _asked(document, model, use):
    return ways.find(document["rows"], ok=False, model=model, use=use, measure="speed")


def candidates(document: Mapping, model: str, use: str) -> list[Candidate]:
    """Every way that was timed in one precision, the fastest first, each with what is wrong."""
    rows = ways.speeds(document, model, use)
    rows = ways.comparable(rows)
    rows = [row for row in rows if not row.get("reproducible")] or rows
    also = ways.varied(rows)
    return [Candidate(row, way(row, also), *_checked(document, row)) for row in rows]


def _checked(document, row):
    """Why the way of a row is wrong ("" if it is not), and whether it was compared at all."""
    parity = ways.find(document["rows"], measure="parity", model=row["model"])
    kinds = ("outputs", "loss", "gradient") if row["use"] == "train" else ("outputs",)
    own = [found for kind in kinds for found in _nearest(parity, row, kind)]
    wrong = [p for p in own if p["within"] is False]
    if not wrong:
        return "", bool(own)
    worst = max(wrong, key=ways.over)
    size = worst["relative"] if finite(worst["relative"]) else "what is not finite"
    size = f"{size:.1e}" if finite(size) else size
    bar = f" (bar {worst['bar']:.0e})" if finite(worst["bar"]) else ""
    what = worst["what"]
    said = "its outputs differ" if what == "outputs" else f"its {what} differs"
    return f"{said} from the reference by {size}{bar}", True


def _nearest(parity, row, kind):
    """The comparisons of this kind that speak for a row: of its very way, else of its layers."""
    parity = [p for p in parity if str(p["what"]).split(" ")[0] == kind]
    layers = ("backend", "contender", "device", "precision")
    # Mode, threads and determinism change the order of sums at most.
    for keys in ((*layers, "mode", "threads", "reproducible"), (*layers, "mode"), layers):
        if own := [p for p in parity if all(p.get(key) == row.get(key) for key in keys)]:
            return own
    return []


def chosen_from(every: list[Candidate]) -> list[Candidate]:
    """Those that may be recommended: what was compared goes before what was not."""
    right = [one for one in every if not one.wrong]
    return [one for one in right if one.checked] or right


def _advice(document, model, use, every, right):
    advice = {"model": model, "use": use, "device": None, "best": None}
    if not right:
        return advice | {"line": _nothing(document, model, use, every)}
    best = right[0]
    parts = [
        f"{best.name} takes {milliseconds(best.ms)} {percent(spread(best.row))} a {_unit(use)}"
    ]
    parts += [*_beside_next(best, right), *_beside_stock(best)]
    if not best.checked:
        parts.append("its outputs were not compared with a reference")
    passed = [one for one in every if one not in right and one.ms < best.ms]
    parts += [
        f"{one.name} would take {milliseconds(one.ms)}, but {_but(one)}" for one in passed[:2]
    ]
    return advice | {"device": best.row["device"], "best": best.name, "line": _joined(parts)}


def _joined(parts):
    first, *others = parts
    return first + (", " + "; ".join(others) if others else "") + "."


def _unit(use):
    return {"train": "training step", "batch": "batch", "latency": "sequence"}[use]


def _but(one):
    return one.wrong or "its outputs were not compared with a reference"


def _nothing(document, model, use, every):
    if every:
        reasons = [f"{one.name}: {one.wrong}" for one in every[:3]]
    else:
        reasons = list(dict.fromkeys(row["reason"] for row in _asked(document, model, use)))
    return f"Nothing to recommend for {USES[use]}: {'; '.join(map(str, reasons))}."


def _beside_next(best, right):
    """How the best one stands to the next backend."""
    rest = [one for one in right if one.row["backend"] != best.row["backend"]]
    if not rest:
        return ["the only backend that was measured"]
    second = rest[0]
    if within_noise(best.row, second.row):
        return [f"as fast as {second.name} ({milliseconds(second.ms)}) within the noise"]
    ratio = times(second.ms / best.ms)
    return [f"{ratio} times as fast as {second.name} ({milliseconds(second.ms)})"]


def within_noise(fast: Mapping, slow: Mapping) -> bool:
    """Whether the printed spreads of two rows overlap.

    >>> within_noise({"median_ms": 10.0, "spread": 0.04}, {"median_ms": 10.5, "spread": 0.02})
    True
    """
    high = fast["median_ms"] * (1 + spread(fast))
    return high >= slow["median_ms"] * (1 - spread(slow))


def _beside_stock(best):
    ratio = best.row.get("vs_keras")
    if not finite(ratio) or best.row["contender"] != "zoo" or ratio <= 0:
        return []
    where = f"stock Keras on {best.row['backend']}"
    if abs(ratio - 1) <= max(spread(best.row), 0.01):
        return [f"as fast as {where}"]
    return [f"{times(max(ratio, 1 / ratio))} times as {'fast' if ratio < 1 else 'slow'} as {where}"]


def _overall(use, standings):
    """One line over all models, from the geometric means of the ratios to the best."""
    if len(standings) < 2:
        return None
    ratios, device = {}, {}
    for right in standings.values():
        for one in right:
            ratios.setdefault(one.name, []).append(one.ms / right[0].ms)
            device[one.name] = one.row["device"]
    count = len(standings)
    means = {name: float(np.exp(np.mean(np.log(found)))) for name, found in ratios.items()}
    order = sorted(means, key=lambda name: (-len(ratios[name]), means[name]))
    best, others = order[0], [name for name in order[1:] if "stock Keras" not in name][:2]
    wins = sum(right[0].name == best for right in standings.values())
    listed = ", ".join(_mean(name, means, ratios, count) for name in others)
    if wins == count:
        line = f"{best} is the fastest for all {count} models"
        line += f"; time beside it, geometric mean: {listed}." if others else "."
    else:
        line = f"{best} takes {times(means[best])} times as long as each model's fastest "
        line += f"(geometric mean over {count} models; it is the fastest for {wins})"
        line += f", {listed}." if others else "."
    return {"model": None, "use": use, "device": device[best], "best": best, "line": line}


def _mean(name, means, ratios, count):
    some = "" if len(ratios[name]) == count else f" (over {len(ratios[name])})"
    return f"{name} {times(means[name])}{some}"
