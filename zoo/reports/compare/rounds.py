"""Times of one model in all processes, in interleaved rounds: what slows the machine slows all.

A round visits every process once, in an order of its own; a visit times each of its ways a little.
A way's figure in a round is the median of its calls there. Ratios are taken within rounds.
"""

import time
from dataclasses import dataclass, field

import numpy as np

from zoo.reports.compare.cases import row
from zoo.reports.compare.process import Ended

BLOCK = 0.03  # seconds that a way has in one visit, a call at least
LEAST, MOST = 5, 40  # rounds


@dataclass
class Timed:
    """One way with what was measured of it: {round: seconds of each call}."""

    told: dict
    calls: dict = field(default_factory=dict)

    @property
    def medians(self):
        """{round: its median in milliseconds}."""
        return {k: 1000 * float(np.median(calls)) for k, calls in self.calls.items()}


def ready(process, limit_s, add, **asked):
    """(ways, reason): what a process makes of one model, [Timed], or why it makes nothing."""
    try:
        answer = process.ask(limit_s, add, do="ready", **asked)
    except Ended as error:
        return [], str(error)
    return [Timed(told) for told in answer["ways"]], None


def time_all(ways, folder, seconds, least, limit_s, seed=0):
    """Rounds over {process: [Timed]}; {process: reason} of those that ended in one.

    seconds: of the rounds together; least: rounds at least. A process that ends or is late has no
    further rounds, and keeps what was measured.
    """
    began, ended, random = time.monotonic(), {}, np.random.default_rng(seed)
    for k in range(MOST):
        if k >= least and (time.monotonic() - began) * (k + 1) / k > seconds:
            break  # one more would pass the time
        there = [process for process in ways if process not in ended]
        for i in random.permutation(len(there)):
            asked = dict(folder=folder, seconds=BLOCK, seed=int(random.integers(2**31)))
            try:
                found = there[i].ask(limit_s, do="visit", **asked)
            except Ended as error:
                ended[there[i]] = str(error)
                continue
            for number, calls in found["times"].items():
                ways[there[i]][int(number)].calls[k] = calls
            for number, reason in found["failed"].items():
                ways[there[i]][int(number)].told["reason"] = reason
    return ended


def rows_of(info, ways) -> list[dict]:
    """The speed rows of one model. ways: {process: [Timed]}."""
    onnx = {
        timed.told["use"]: timed
        for timeds in ways.values()
        for timed in timeds
        if timed.told["contender"] == "onnx" and timed.calls
    }
    rows = []
    for process, timeds in ways.items():
        for timed in timeds:
            use = timed.told["use"]
            found = summary(timed, info) | {"path": timed.told["path"]}
            found["vs_keras"] = ratio(timed, _stock(timeds, use))
            found["vs_onnx"] = ratio(timed, onnx.get(use))
            same = {name: timed.told[name] for name in ("contender", "mode", "use")}
            reason = timed.told["reason"] or (None if timed.calls else "no round was finished")
            rows.append(row(info, process.place, "speed", found, reason, **same))
    return rows


def _stock(timeds, use):
    """The fastest way of the stock layers for this use."""
    there = [t for t in timeds if t.told["contender"] == "keras" and t.told["use"] == use]
    there = [t for t in there if t.calls]
    return min(there, key=lambda t: np.median(list(t.medians.values())), default=None)


def summary(timed, info) -> dict:
    """The timing columns of a row; spread and quartiles are those of the rounds' medians.

    p95 is of all calls: what a caller meets once in twenty times.
    """
    first = {"first_call_ms": timed.told["first_call_ms"]}
    if not timed.calls:
        return first
    medians = np.array(list(timed.medians.values()))
    calls = 1000 * np.concatenate([np.asarray(calls) for calls in timed.calls.values()])
    low, p25, median, p75, high = np.percentile(medians, [10, 25, 50, 75, 90]).tolist()
    rows = 1 if timed.told["use"] == "latency" else info.get("sequences")
    found = {
        "median_ms": median,
        "p25_ms": p25,
        "p75_ms": p75,
        "p95_ms": float(np.percentile(calls, 95)),
        "spread": (high - low) / 2 / median,
        "rounds": len(medians),
        "sequences_per_s": rows and 1000 * rows / median,
    }
    if info.get("steps") and timed.told["use"] != "latency":
        found["steps_per_s"] = 1000 * info["steps"] / median
    return first | found


def ratio(timed, other) -> float | None:
    """How many times as long as `other` it took: the median of the rounds that both ran in.

    >>> told = {"use": "batch"}
    >>> ratio(Timed(told, {0: [2.0], 1: [9.0]}), Timed(told, {0: [1.0]}))
    2.0
    """
    if other is None:
        return None
    mine, theirs = timed.medians, other.medians
    both = mine.keys() & theirs.keys()
    return float(np.median([mine[k] / theirs[k] for k in both])) if both else None
