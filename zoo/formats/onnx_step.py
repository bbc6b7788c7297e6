"""The decoding step of a model that generates, as ONNX files with their state in and out."""

from functools import partial
from pathlib import Path

from zoo.engine.streaming import streaming
from zoo.formats import onnx, placed


def write_step(model, folder) -> list[dict]:
    """Write what a decoder drives into `folder`; returns a row for each file, as `export` does.

    model: an encoder-decoder, which becomes `encoder.onnx` and `decoder.onnx`, or any causal model,
    which becomes `step.onnx`. A file takes a piece of any length, one step in decoding, and the
    state `state_in0`, `state_in1`, ... (B, U) beside it; it gives the outputs for that piece and
    `state_out0`, `state_out1`, ..., which the next piece takes. A causal model starts from zeros,
    a decoder from what its encoder gives; `memory` and `mask` of the encoder go into every step.

    Raises `InputError` for a model that is neither, and for a layer that cannot be converted.

    >>> import tempfile
    >>> from zoo.models.many_to_many_aligned import many_to_many_aligned
    >>> model = many_to_many_aligned(vocabulary=9, classes=9, units=4, cell="gru")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (row,) = write_step(model, folder)
    ...     session = onnx.open_session(row["path"])
    >>> [x.name for x in session.get_inputs()], [x.name for x in session.get_outputs()]
    (['tokens', 'state_in0'], ['logits', 'state_out0'])
    """
    rows = []
    for name, part, names in _parts(model):
        row = {"name": f"{model.name}/{name}", "format": "onnx"}
        write = partial(onnx.write, names=names)
        rows.append(placed(part, Path(folder) / f"{name}.onnx", row, write, onnx.outputs))
    return rows


def _parts(model):
    """(name, model, (names of inputs, of outputs)) of each file."""
    layers = {layer.name: layer for layer in model.layers}
    if {"encoder", "decoder"} <= set(layers):
        return [(name, layers[name], _coder_names(layers[name])) for name in ("encoder", "decoder")]
    stepwise = streaming(model).model
    return [("step", stepwise, _carried_names(model, stepwise))]


def _coder_names(part):
    inputs, outputs = _names(part)
    return [_state(name, "state_in") for name in inputs], [_state(n, "state_out") for n in outputs]


def _state(name, new):
    """The name `state0` or `state0_in` of an encoder or decoder as `new`, with its number."""
    number = name.removeprefix("state").removesuffix("_in")
    return f"{new}{number}" if name.startswith("state") and number.isdigit() else name


def _carried_names(model, stepwise):
    return [
        [*own, *(f"{new}{k}" for k in range(len(tensors) - len(own)))]
        for own, new, tensors in zip(
            _names(model),
            ("state_in", "state_out"),
            (stepwise.inputs, stepwise.outputs),
            strict=True,
        )
    ]


def _names(model):
    from zoo.formats.onnx_graph.convert import input_names, output_names

    return input_names(model), output_names(model)
