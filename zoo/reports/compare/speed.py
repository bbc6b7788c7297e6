"""The ways to run a model on one backend, made once and timed a little in each round.

A way is a contender, a mode and a use: `train_on_batch`, `predict_on_batch` on a batch, and on its
first row alone. These are the calls that users make: what Keras does around them is in the time.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras

from zoo.backends import bench
from zoo.reports import timing
from zoo.reports.compare.cases import USES, row
from zoo.reports.compare.clock import settle, visited
from zoo.reports.compare.numbers import given, outputs_row, road
from zoo.reports.compare.subject import Subject

_ways = {}  # folder of a subject -> its ways


@dataclass
class Way:
    """One way to run the model. Calling it runs it once."""

    contender: str
    mode: str
    use: str
    model: Any
    arguments: tuple
    around: Callable
    first_ms: float | None = None
    reason: str | None = None

    def __call__(self):
        with self.around():
            if self.use == "train":
                x, y, weights = self.arguments
                self.model.train_on_batch(x, y, sample_weight=weights)
            else:
                self.model.predict_on_batch(*self.arguments)

    def to_json(self) -> dict:
        """What the asking process is told of it."""
        return {
            "contender": self.contender,
            "mode": self.mode,
            "use": self.use,
            "first_call_ms": self.first_ms,
            "path": self.model and road(self.model),
            "reason": self.reason,
        }


def ready(place, more, folder, contenders, quick):
    """Make the model in every way and call each once; {"ways": [...]}, a start row before it.

    quick: in one mode, with the outputs compared here and not in a process of their own.
    """
    this, ways = Subject(folder), []
    _ways[folder] = ways
    batch = this.first_batch()
    for contender in [c for c in contenders if c in ("zoo", "keras")]:
        for mode in bench.MODES[:1] if quick else bench.MODES:
            ways += _made(place, more, this, contender, mode, batch, quick)
    settle()
    return {"ways": [way.to_json() for way in ways]}


def _made(place, more, this, contender, mode, batch, quick):
    began = time.perf_counter()
    try:
        model = this.model(contender=contender)
    except Exception as error:  # told in the rows of this contender
        why = timing.reason(error)
        return [Way(contender, mode, use, None, (), nullcontext, reason=why) for use in USES]
    taken = {"median_ms": 1000 * (time.perf_counter() - began), "rounds": 1}
    more([row(this.info, place, "start", taken, contender=contender, mode=mode, what="build")])
    this.compile(model, bench.jit(mode))
    x, y, weights = batch
    if quick:  # before a training step changes the weights
        more([outputs_row(place, this, model, x, contender, mode)])
    x = given(model, x)
    arguments = {"train": (x, y, weights), "batch": (x,), "latency": (_first(x),)}
    around = partial(this.around, contender)
    ways = [Way(contender, mode, use, model, arguments[use], around) for use in USES]
    for way in ways:
        began = time.perf_counter()
        try:
            way()
        except Exception as error:  # told in the row of this way
            way.reason = timing.reason(error)
        way.first_ms = 1000 * (time.perf_counter() - began)
    return ways


def _first(x):
    return keras.tree.map_structure(lambda part: part[:1], x)


def visit(place, more, folder, seconds, seed):
    """Time each way for about `seconds`, at least once, in an order of its own each time.

    {"times": {number of the way: seconds of each call}, "failed": {number: reason}}.
    """
    return visited(_ways[folder], seconds, seed)


def drop(place, more, folder):
    """Forget a model that was timed."""
    _ways.pop(folder, None)
    settle()
    if not _ways:  # it would have the others compiled again
        bench.release()
    return {}
