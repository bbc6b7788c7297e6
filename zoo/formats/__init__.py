"""Export: one file per format, each with `write(model, path)` and `outputs(path, inputs)`.

`export` writes beside the place, loads what was written in the format's own runtime, compares it
with the model on inputs of several batch sizes and lengths, and only then moves it there: a
difference above 1e-4 leaves nothing behind.
"""

import shutil
from importlib import import_module
from pathlib import Path

import keras
import numpy as np

from zoo.errors import InputError

FORMATS = {
    "keras": "zoo.formats.keras_file",
    "saved_model": "zoo.formats.saved_model",
    "onnx": "zoo.formats.onnx",
    "torch": "zoo.formats.torch_program",
}
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
    writer = import_module(FORMATS[format])
    row = {"name": name or model.name, "format": format}
    return placed(model, out, row, writer.write, writer.outputs)


def placed(model, out, row, write, outputs) -> dict:
    """Write a model to the file or folder `out` if it then gives the model's outputs.

    write: (model, path) -> None; outputs: (path, inputs) -> the outputs of what was written there.
    Returns `row` with path, ok, max_difference and reason.
    """
    out = Path(out)
    partial = out.with_name(f"{out.stem}.partial{out.suffix}")
    row = row | {"path": str(out), "ok": False}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write(model, partial)
        difference = verify(model, lambda inputs: outputs(partial, inputs))
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
    """The largest difference between the model and `outputs(inputs)` over `SHAPES`.

    outputs: gives one array, or for a model with several outputs all of them in its order.
    """
    worst = 0.0
    for batch, time in SHAPES:
        inputs = example_inputs(model, batch, time)
        expected = keras.tree.flatten(as_called(model, inputs))
        found = [np.asarray(x) for x in keras.tree.flatten(outputs(inputs))]
        if [x.shape for x in found] != [np.shape(x) for x in expected]:
            return float("inf")
        for x, y in zip(found, expected, strict=True):
            difference = np.abs(x.astype("float64") - np.asarray(y, "float64")).max()
            worst = float(np.maximum(worst, difference))  # NaN stays NaN: `max` would lose it
    return worst


def as_called(model, inputs):
    """The outputs of the model, by Keras, for a flat list of inputs."""
    if len(inputs) == 1:
        return model.predict_on_batch(inputs[0])
    return model.predict_on_batch(keras.tree.pack_sequence_as(model.input, inputs))


def example_inputs(model, batch, time, seed=0):
    """Random inputs of a model: token ids with padding behind them, lengths, masks, real values."""
    random = np.random.default_rng(seed)
    inputs = []
    for tensor in model.inputs:
        shape = [batch, *(time if size is None else size for size in tensor.shape[1:])]
        if tensor.name == "lengths":
            inputs.append(np.maximum(time - np.arange(batch), 1).astype("int32"))
        elif str(tensor.dtype) == "bool":
            inputs.append(random.random(shape) < 0.7)
        elif "int" in str(tensor.dtype):
            tokens = random.integers(1, _vocabulary(model), shape).astype("int32")
            if len(shape) > 1 and batch > 1 and time > 2:
                tokens[-1, time // 2 :] = 0
            inputs.append(tokens)
        else:
            inputs.append(random.random(shape).astype("float32"))
    return inputs


def _vocabulary(model):
    """How many tokens every embedding of the model knows, 20 at most."""
    sizes = [
        getattr(layer, name, None)
        for layer in model._flatten_layers()
        for name in ("input_dim", "vocabulary")
    ]
    return max(2, min([20, *(size for size in sizes if isinstance(size, int))]))
