"""Cells whose gates see the input alone in every format: at sizes that no one has seen."""

import keras
import numpy as np
import pytest
from keras import ops
from onnx_checks import filled

from zoo.formats import litert, onnx, openvino, saved_model, torch_program
from zoo.layers import Stack

F, U = 3, 4
BACKEND = keras.backend.backend()
FORMATS = {  # each where no other process is needed for it
    "onnx": (onnx, BACKEND),
    "openvino": (openvino, BACKEND),
    "saved_model": (saved_model, "tensorflow"),
    "litert": (litert, "tensorflow"),
    "torch": (torch_program, "torch"),
}
HERE = [name for name, (_, backend) in FORMATS.items() if backend == BACKEND]


def model(cell, direction, masked, block=None):
    sequence = keras.Input((None, F), name="x")
    mask = keras.Input((None,), dtype="bool", name="mask")
    stack = Stack(cell, U, layers=2, direction=direction, block=block)
    outputs, state = stack(sequence, mask=mask if masked else None)
    inputs = [sequence, mask] if masked else [sequence]
    return filled(keras.Model(inputs, [outputs, stack.summary_state(state)]))


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("cell", ["min_gru", "min_lstm", "rg_lru"])
@pytest.mark.parametrize("format", HERE)
def test_any_batch_and_any_length(format, cell, masked, tmp_path):
    direction = "bidirectional" if cell == "min_gru" else "forward"
    check(format, model(cell, direction, masked), masked, tmp_path)


@pytest.mark.parametrize(("cell", "block"), [("rg_lru", "griffin"), ("lstm", "minimal")])
@pytest.mark.parametrize("format", HERE)
def test_a_block_at_any_batch_and_any_length(format, cell, block, tmp_path):
    check(format, model(cell, "forward", True, block), True, tmp_path)


def check(format, made, masked, tmp_path):
    way, _ = FORMATS[format]
    path = tmp_path / f"file{way.SUFFIX}"
    way.write(made, path)
    run = way.opened(path)
    random = np.random.default_rng(0)
    for B, T in ((1, 5), (3, 33), (2, 150)):
        x = random.normal(size=(B, T, F)).astype("float32")
        mask = random.random((B, T)) < 0.7
        given = [np.where(mask[..., None], x, np.float32(1e30)), mask] if masked else [x]
        expected = made(given)
        for found, right in zip(run(given), expected, strict=True):
            right = ops.convert_to_numpy(right)
            np.testing.assert_allclose(found, right, rtol=1e-4, atol=1e-4)
