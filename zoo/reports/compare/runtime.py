"""The exported model in ONNX Runtime, in a process without Keras: timed as the others are."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo import files
from zoo.formats import onnx
from zoo.reports import timing
from zoo.reports.compare.cases import BARS, row
from zoo.reports.compare.clock import visited
from zoo.reports.compare.gaps import compared_outputs

_ways = {}  # folder of a subject -> its ways


@dataclass
class Way:
    """The file on these inputs. Calling it runs it once."""

    use: str
    run: Any
    inputs: list
    first_ms: float | None = None
    reason: str | None = None

    def __call__(self):
        return self.run(self.inputs)


def start():
    """Import the runtime; how long that took."""
    began = time.perf_counter()
    version = onnx.version()
    taken = time.perf_counter() - began
    return {"import_ms": 1000 * taken, "devices": ["cpu:0"], "version": version}


def ready(place, more, folder, contenders, quick):
    """Open model.onnx and run it once for each use; its outputs are compared in a parity row."""
    ways = _ways[folder] = []
    folder = Path(folder)
    info = files.read_json(folder / "subject.json")["info"]
    began = time.perf_counter()
    run = onnx.opened(folder / "model.onnx")
    taken = {"median_ms": 1000 * (time.perf_counter() - began), "rounds": 1}
    more([row(info, place, "start", taken, contender="onnx", what="build")])
    with np.load(folder / "batches.npz") as kept:
        inputs = [kept[f"batch0x{i}"] for i in range(int(kept["inputs"]))]
    for way in (Way("batch", run, inputs), Way("latency", run, [x[:1] for x in inputs])):
        ways.append(way)
        began = time.perf_counter()
        try:
            found = way()
        except Exception as error:  # told in the row of this way
            way.reason = timing.reason(error)
            continue
        way.first_ms = 1000 * (time.perf_counter() - began)
        if way.use == "batch":
            more(_parity(info, place, found, folder))
    return {"ways": [_told(way) for way in ways]}


def _told(way):
    return {
        "contender": "onnx",
        "mode": "",
        "use": way.use,
        "first_call_ms": way.first_ms,
        "path": None,
        "reason": way.reason,
    }


def _parity(info, place, found, folder):
    path = folder / "reference.npz"
    if not path.exists():
        return []
    gaps = compared_outputs(found, files.read_arrays(path), BARS["float32"][0])
    return [row(info, place, "parity", gaps, contender="onnx", what="outputs")]


def visit(place, more, folder, seconds, seed):
    """As `speed.visit`."""
    return visited(_ways[folder], seconds, seed)


def drop(place, more, folder):
    """Forget the model that was timed."""
    _ways.pop(folder, None)
    return {}
