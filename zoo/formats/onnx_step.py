"""The decoding step of a model that generates, as ONNX files with their state in and out."""

from functools import partial
from pathlib import Path

from zoo.formats import onnx, placed
from zoo.formats.names import parts


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
    for name, part, names in parts(model):
        row = {"name": f"{model.name}/{name}", "format": "onnx"}
        write = partial(onnx.write, names=names)
        rows.append(placed(part, Path(folder) / f"{name}.onnx", row, write, onnx.outputs))
    return rows
