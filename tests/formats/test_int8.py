"""Weights in 8 bits: smaller files whose outputs are near, and what stays float."""

import keras
import numpy as np
import onnx as onnx_package
import onnxruntime
import pytest
from keras import layers
from onnx_checks import filled

import zoo
from zoo.formats import litert, onnx, verifying
from zoo.layers import EachFrame
from zoo.models.many_to_many_delayed import many_to_many_delayed

NEEDS_A_CHILD = keras.backend.backend() != "tensorflow"
FORMATS = [onnx] if NEEDS_A_CHILD else [onnx, litert]
SHIPPED = ("digits", "vowels", "char_rnn", "movie_sentiment")


def sizes_and_change(form, model, folder):
    """(bytes of the file, bytes in int8, largest change of an output, largest output)."""
    whole, small = folder / "whole", folder / "small"
    form.write(model, whole)
    form.write(model, small, int8=True)
    inputs = verifying.example_inputs(model, 3, 20)
    pairs = list(zip(form.opened(whole)(inputs), form.opened(small)(inputs), strict=True))
    change = max(np.abs(a - b).max() for a, b in pairs)
    return (
        whole.stat().st_size,
        small.stat().st_size,
        change,
        max(np.abs(a).max() for a, _ in pairs),
    )


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_is_a_third_of_its_size_and_answers_as_before(name, form, tmp_path):
    whole, small, change, largest = sizes_and_change(form, zoo.load(name).model, tmp_path)
    assert small < 0.36 * whole
    assert 0 < change < 0.03 * largest


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_every_part_of_a_model_that_generates(form, tmp_path):
    model = filled(
        many_to_many_delayed(source_vocabulary=60, target_vocabulary=50, units=64, embedding=32)
    )
    whole, small, change, largest = sizes_and_change(form, model, tmp_path)
    assert small < 0.5 * whole and 0 < change < 0.03 * largest


def test_which_matrices_are_int8_in_onnx(tmp_path):
    frames = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(32, 3), layers.Flatten()])
    x = keras.Input((None, 8, 8, 1))
    y = EachFrame(frames)(x)
    y = layers.Bidirectional(layers.LSTM(16, return_sequences=True))(y)
    y = layers.SimpleRNN(16, return_sequences=True)(layers.GRU(16, return_sequences=True)(y))
    model = filled(keras.Model(x, layers.Dense(32)(layers.LayerNormalization()(y))))
    onnx.write(model, tmp_path / "model.onnx", int8=True)
    graph = onnx_package.load(tmp_path / "model.onnx").graph
    onnx_package.checker.check_model(tmp_path / "model.onnx", full_check=True)
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    whole = [t for t in tensors.values() if t.data_type == onnx_package.TensorProto.INT8]
    assert len(whole) == 8  # the convolution, W and R of three layers, the head
    scales = {node.input[1] for node in graph.node if node.op_type == "DequantizeLinear"}
    left = [n for n, t in tensors.items() if t.data_type == 1 and n not in scales]
    assert max(np.prod(tensors[name].dims) for name in left) <= 256  # biases, and the norm
    assert {"LSTM", "GRU", "RNN"} <= {node.op_type for node in graph.node}


def test_a_matrix_in_int8_is_made_float_once(tmp_path):
    model = filled(keras.Sequential([keras.Input((64,)), layers.Dense(64)]))
    onnx.write(model, tmp_path / "m", int8=True)
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # as `open_session`
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    onnxruntime.InferenceSession(str(tmp_path / "m"), options, providers=["CPUExecutionProvider"])
    nodes = onnx_package.load(tmp_path / "optimized.onnx").graph.node
    assert "DequantizeLinear" not in {node.op_type for node in nodes}


def test_a_row_of_zeros_stays_zero(tmp_path):
    model = filled(keras.Sequential([keras.Input((32,)), layers.Dense(32)]))
    kernel = keras.ops.convert_to_numpy(model.layers[0].kernel).copy()
    kernel[:, 3] = 0
    model.layers[0].kernel.assign(kernel)
    onnx.write(model, tmp_path / "model.onnx", int8=True)
    (found,) = onnx.opened(tmp_path / "model.onnx")([np.ones((1, 32))])
    bias = keras.ops.convert_to_numpy(model.layers[0].bias)
    assert np.isfinite(found).all() and found[0, 3] == bias[3]
