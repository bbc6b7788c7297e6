"""The OpenVINO format: every registered model and step, any layer and mask, files that are none."""

import shutil
import sys

import keras
import numpy as np
import pytest
from every_model import parts, small
from keras import layers
from onnx_checks import filled

import zoo.layers
from zoo import formats, registry
from zoo.errors import InputError
from zoo.formats import openvino, verifying
from zoo.formats.limits import LIMITS
from zoo.models.many_to_many_aligned import many_to_many_aligned


def check(model, folder, names=(None, None), atol=1e-5):
    openvino.write(model, folder, names)
    run = openvino.opened(folder)
    assert verifying.verify(model, run) < atol
    return run


@pytest.mark.parametrize("name", registry.list_models())
def test_every_model_and_its_step_at_sizes_that_they_were_not_built_at(name, tmp_path):
    check(small(name), tmp_path / "whole")
    for part, model, names in parts(name):
        check(model, tmp_path / part, names)


def test_an_export_is_a_folder_that_was_checked(tmp_path):
    model = many_to_many_aligned(features=2, outputs=1, units=4)
    row = formats.export(model, "openvino", tmp_path / "model")
    assert row["ok"] and row["max_difference"] < 1e-5
    graph = tmp_path / "model" / "model"
    assert {path.name for path in graph.iterdir()} == {"model.xml", "model.bin"}
    inputs = verifying.example_inputs(model, batch=5, time=31)
    (found,) = openvino.outputs(graph, inputs)
    np.testing.assert_allclose(found, model.predict_on_batch(inputs[0]), atol=1e-5)


def options(**more):
    return dict(return_sequences=True, return_state=True, **more)


LAYERS = {
    "simple_rnn": lambda: layers.SimpleRNN(4, **options()),
    "relu": lambda: layers.SimpleRNN(4, **options(activation="relu")),
    "gru": lambda: layers.GRU(4, **options()),
    "gru, reset before": lambda: layers.GRU(4, **options(reset_after=False)),
    "gru, backwards": lambda: zoo.layers.GRU(4, go_backwards=True, **options()),
    "lstm": lambda: layers.LSTM(4, **options()),
    "lstm, backwards": lambda: layers.LSTM(4, go_backwards=True, **options()),
    "coupled": lambda: zoo.layers.CoupledLSTM(4, **options()),
    "bidirectional": lambda: layers.Bidirectional(layers.LSTM(4, **options())),
    "stacked": lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)], **options()),
}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_every_recurrent_layer_with_any_mask(kind, masked, tmp_path):
    x, mask = keras.Input((None, 3)), keras.Input((None,), dtype="bool")
    y = LAYERS[kind]()(x, mask=mask if masked else None)
    check(filled(keras.Model([x, mask] if masked else x, y)), tmp_path / "model")


def test_a_state_from_outside_and_rows_without_a_step(tmp_path):
    x, mask = keras.Input((None, 3)), keras.Input((None,), dtype="bool")
    h, c = keras.Input((4,)), keras.Input((4,))
    y = zoo.layers.LSTM(4, **options())(x, initial_state=[h, c], mask=mask)
    model = filled(keras.Model([x, mask, h, c], y))
    run = check(model, tmp_path / "model")
    inputs = verifying.example_inputs(model, batch=3, time=5)
    inputs[1] = np.array([[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 1, 0]], "bool")
    for found, expected in zip(run(inputs), model.predict_on_batch(inputs), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (lambda: zoo.layers.PeepholeLSTM(4), "peepholes"),
        (lambda: layers.GRU(4, activation="elu"), "activations"),
    ],
)
def test_what_openvino_has_no_node_for(layer, what, tmp_path):
    model = keras.Sequential([keras.Input((None, 3)), layer()])
    with pytest.raises(InputError) as error:
        formats.export(model, "openvino", tmp_path / "model")
    assert LIMITS["openvino", what] in str(error.value) and "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openvino") / "model"
    openvino.write(many_to_many_aligned(features=2, outputs=1, units=4), folder)
    return folder


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("file", ["model.xml", "model.bin"])
def test_a_file_that_is_cut_off(file, kept, written, tmp_path):
    folder = shutil.copytree(written, tmp_path / "model")
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(InputError, match=r"cannot be read as OpenVINO IR.*again") as error:
        openvino.opened(folder)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read as OpenVINO IR"):
        openvino.opened(tmp_path / "nothing")


def test_nothing_is_reported_over_the_network(tmp_path):
    with pytest.raises(InputError):
        openvino.opened(tmp_path)
    assert "openvino" in sys.modules
    assert not [name for name in sys.modules if name.startswith("openvino_telemetry")]
