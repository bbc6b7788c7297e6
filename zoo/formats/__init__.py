"""Export: one file per format, each with `write(model, path)` and `outputs(path, inputs)`.

`export` writes beside the place, loads what was written in the format's own runtime, compares it
with the model on inputs of several batch sizes and lengths, and only then moves it there: a
difference above 1e-4 leaves nothing behind.
"""

import shutil
from importlib import import_module
from pathlib import Path

import numpy as np

from zoo.errors import InputError

FORMATS = {"keras": "zoo.formats.keras_file", "saved_model": "zoo.formats.saved_model"}
LARGEST_DIFFERENCE = 1e-4
SHAPES = ((1, 7), (3, 20), (2, 1))  # (batch, time) to verify at


def export(model, format, out, name=None) -> dict:
    """Export a `keras.Model`; returns {name, format, path, ok, max_difference, reason}.

    format: a name in `FORMATS`; out: the file or folder to write, replaced when it exists.
    Raises `InputError` for an unknown format before any work.
    """
    if format not in FORMATS:
        raise InputError(
            f"format {format!r} is not one of {', '.join(FORMATS)}: choose one of them"
        )
    writer, out = import_module(FORMATS[format]), Path(out)
    partial = out.with_name(f"{out.stem}.partial{out.suffix}")
    row = {"name": name or model.name, "format": format, "path": str(out), "ok": False}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        writer.write(model, partial)
        difference = verify(model, lambda inputs: writer.outputs(partial, inputs))
        if not difference <= LARGEST_DIFFERENCE:
            return row | {
                "max_difference": difference,
                "reason": f"outputs differ by {difference:.1e}, more than {LARGEST_DIFFERENCE}",
            }
        _remove(out)
        partial.replace(out)
        return row | {"ok": True, "max_difference": difference, "reason": None}
    finally:
        _remove(partial)


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


def verify(model, outputs) -> float:
    """The largest difference between the model and `outputs(inputs)` over `SHAPES`."""
    worst = 0.0
    for batch, time in SHAPES:
        inputs = example_inputs(model, batch, time)
        expected = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
        found = np.asarray(outputs(inputs))
        if found.shape != np.shape(expected):
            return float("inf")
        difference = np.abs(found - np.asarray(expected)).max()
        worst = float(np.maximum(worst, difference))  # NaN stays NaN: `max` would lose it
    return worst


def example_inputs(model, batch, time, seed=0):
    """Random inputs of a model: token ids with padding behind them, or real values."""
    random = np.random.default_rng(seed)
    inputs = []
    for tensor in model.inputs:
        shape = [batch, *(time if size is None else size for size in tensor.shape[1:])]
        if "int" in str(tensor.dtype):
            tokens = random.integers(1, 20, shape).astype("int32")
            if len(shape) > 1 and batch > 1 and time > 2:
                tokens[-1, time // 2 :] = 0
            inputs.append(tokens)
        else:
            inputs.append(random.random(shape).astype("float32"))
    return inputs
