"""Golden outputs: a few inputs of a shipped model with what it gave, to be given again anywhere.

golden.npz holds `input0`, `input1`, ...: one batch as the model takes it, the first test examples,
padded to the longest of them; and for each output `shape0`, ... and `output0`, ...: its shape and
its values, of a large output the ones at places spread evenly over all of it.
"""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np

from zoo import files
from zoo.errors import InputError
from zoo.tasks import splits

FILE = "golden.npz"
ROWS = 4
VALUES = 4096  # kept of each output, at most
LARGEST_FILE = 100_000  # bytes
TOLERANCE = 1e-4


def make(recipe, model, spec, split) -> dict:
    """Arrays to write as golden.npz: the first rows of `split` and the model's raw outputs.

    Fewer rows where a file of `ROWS` would be too large. Raises `InputError` where one row is.
    """
    for rows in (ROWS, ROWS // 2, 1):
        arrays = outputs(model, _inputs(recipe, spec, split, rows))
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        if buffer.tell() < LARGEST_FILE:
            return arrays
    raise InputError(
        f"one input of {recipe.name!r} with its outputs takes {buffer.tell():,} bytes, expected "
        f"less than {LARGEST_FILE:,}: keep fewer values"
    )


def _inputs(recipe, spec, split, rows):
    """The first batch of the split's first rows as a list of arrays, one for each input."""
    fit = replace(recipe.fit, batch_size=rows, boundaries=(1,))  # one more boundary: the longest
    split = splits.first(recipe.task, recipe.made_up or split, 2 * rows)
    batches = list(recipe.task.batches(split, spec, fit, shuffle=False))
    x = batches[-1][0]  # those of length 1, if any, come first
    return [np.asarray(part) for part in (x if isinstance(x, (list, tuple)) else [x])]


def outputs(model, inputs) -> dict:
    """The arrays of golden.npz for these inputs."""
    found = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
    found = [np.asarray(y, "float32") for y in (found if isinstance(found, list) else [found])]
    arrays = {f"input{k}": x for k, x in enumerate(inputs)}
    arrays |= {f"shape{k}": np.array(y.shape) for k, y in enumerate(found)}
    return arrays | {f"output{k}": _spread(y) for k, y in enumerate(found)}


def _spread(output):
    flat = output.reshape(-1)
    places = np.linspace(0, flat.size - 1, min(flat.size, VALUES)).astype(int)
    return flat[places]


def replay(folder, model) -> float:
    """The largest difference between the outputs in `folder` and those of `model` now.

    As a share of the value where that is more than 1. Raises `InputError` where there are no golden
    outputs, or ones of another shape.
    """
    kept = files.read_arrays(folder / FILE)
    inputs = _kept_inputs(kept)
    now = outputs(model, inputs) if _fit(inputs, model) else {}
    if {n: a.shape for n, a in now.items()} != {n: a.shape for n, a in kept.items()}:
        raise InputError(
            f"{str(folder / FILE)!r} has inputs or outputs of other shapes than model "
            f"{model.name!r}: it belongs to another model"
        )
    return max(_difference(now[name], kept[name]) for name in kept if name.startswith("output"))


def inputs(folder) -> list:
    """The golden inputs of a model's folder, one array for each of its inputs; else no array."""
    path = Path(folder) / FILE
    return _kept_inputs(files.read_arrays(path)) if path.exists() else []


def _kept_inputs(kept):
    return [kept[f"input{k}"] for k in range(sum(name.startswith("input") for name in kept))]


def _fit(inputs, model):
    """Whether the arrays have the number and the shapes of the model's inputs."""
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    return [x.ndim for x in inputs] == [len(shape) for shape in shapes] and all(
        n in (None, size)
        for x, shape in zip(inputs, shapes, strict=True)
        for size, n in zip(x.shape, shape, strict=True)
    )


def _difference(found, expected):
    difference = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    return float("inf") if np.isnan(difference).any() else float(difference.max())
