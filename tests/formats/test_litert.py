"""The LiteRT format: every registered model and step, any layer and mask, reasons for the rest.

TensorFlow's converter works in this process on TensorFlow and in a child anywhere else, where the
models are left to the TensorFlow run.
"""

import keras
import numpy as np
import pytest
from every_model import parts, small
from keras import layers, ops
from onnx_checks import filled

import zoo.layers
from zoo import formats, registry
from zoo.errors import InputError
from zoo.formats import litert, verifying
from zoo.formats.limits import LIMITS
from zoo.models.many_to_many_aligned import many_to_many_aligned

NEEDS_A_CHILD = keras.backend.backend() != "tensorflow"
MODELS = ["sine"] if NEEDS_A_CHILD else registry.list_models()
# One of each kind of step: plain, masked, tied, with attention.
STEPS = ["sine", "char_lm", "word_lm", "g2p", "emoji_caption"]


def check(model, path, names=(None, None), atol=1e-5):
    litert.write(model, path, names)
    run = litert.opened(path)
    assert verifying.verify(model, run) < atol
    return run


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_at_sizes_that_it_was_not_built_at(name, tmp_path):
    check(small(name), tmp_path / "model.tflite")


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS[:1] if NEEDS_A_CHILD else STEPS)
def test_the_step_of_a_model_that_generates(name, tmp_path):
    for part, model, names in parts(name):
        check(model, tmp_path / f"{part}.tflite", names)
        interpreter = litert._runtime().Interpreter(str(tmp_path / f"{part}.tflite"))
        signature = interpreter.get_signature_list()["serving_default"]
        assert set(signature["inputs"]) == set(names[0])
        assert set(signature["outputs"]) == set(names[1])


@pytest.mark.slow
def test_an_export_is_one_file_of_builtin_operators(tmp_path):
    model = many_to_many_aligned(features=2, outputs=1, units=4)
    row = formats.export(model, "litert", tmp_path / "mine")
    assert row["ok"] and row["max_difference"] < 1e-5
    path = tmp_path / "mine" / "model.tflite"
    kinds = {o["op_name"] for o in litert._runtime().Interpreter(str(path))._get_ops_details()}
    assert "WHILE" in kinds and not any("Flex" in kind or kind == "CUSTOM" for kind in kinds)
    inputs = verifying.example_inputs(model, batch=5, time=31)
    (found,) = litert.outputs(path, inputs)
    np.testing.assert_allclose(found, model.predict_on_batch(inputs[0]), atol=1e-5)


def options(**more):
    return dict(return_sequences=True, return_state=True, **more)


LAYERS = {
    "simple_rnn": lambda: layers.SimpleRNN(4, **options(activation="relu")),
    "gru, reset before": lambda: layers.GRU(4, **options(reset_after=False)),
    "gru, backwards": lambda: zoo.layers.GRU(4, go_backwards=True, **options()),
    "lstm": lambda: layers.LSTM(4, **options()),
    "coupled": lambda: zoo.layers.CoupledLSTM(4, **options()),
    "peephole": lambda: zoo.layers.PeepholeLSTM(4, **options(activation="gelu")),
    "bidirectional": lambda: layers.Bidirectional(layers.LSTM(4, **options())),
    "stacked": lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)], **options()),
}


@pytest.mark.slow
def test_every_recurrent_layer_with_any_mask_its_outputs_in_order(tmp_path):
    x, mask = keras.Input((None, 3), name="x"), keras.Input((None,), dtype="bool", name="mask")
    found = {name: layer()(x, mask=mask) for name, layer in LAYERS.items()}
    check(filled(keras.Model({"x": x, "mask": mask}, found)), tmp_path / "model.tflite")


class Weighted(layers.Layer):
    """A layer of a user's own, with axes made in a slice and a mask."""

    supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def call(self, x, mask=None):
        real = ops.cast(mask, x.dtype)[..., None]
        return (x * real)[:, None, -1:, :2]


def weighted():
    """A model with that layer, a mask that Keras hands on and an input that nothing reads."""
    tokens, other = keras.Input((None,), dtype="int32", name="z"), keras.Input((2,), name="a")
    x = layers.Embedding(9, 5, mask_zero=True)(tokens)
    x = layers.Bidirectional(layers.GRU(4, return_sequences=True))(x)
    return filled(keras.Model([tokens, other], Weighted()(x)))


if NEEDS_A_CHILD:

    @pytest.mark.slow
    def test_a_layer_that_the_child_does_not_know(tmp_path):
        with pytest.raises(InputError, match=r"'Weighted' is not known.*KERAS_BACKEND=tensorflow"):
            litert.write(weighted(), tmp_path / "model.tflite")

else:

    @pytest.mark.slow
    def test_a_layer_of_ones_own(tmp_path):
        run = check(weighted(), tmp_path / "model.tflite")
        assert run([np.array([[3, 0]]), np.zeros((1, 2))])[0].shape == (1, 1, 1, 2)


class Own(layers.Layer):
    """A cell that is none of the zoo's."""

    state_size = output_size = 3

    def call(self, x, states):
        return x + states[0], [x + states[0]]


LIMITED = {
    "loops": lambda x: layers.RNN(Own())(x),
    "operators": ops.erfinv,
    "state": lambda x: layers.LSTM(3, stateful=True)(x),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", ["state"] if NEEDS_A_CHILD else LIMITED)
def test_what_the_converter_refuses_is_one_line(what, tmp_path):
    assert {w for f, w in LIMITS if f == "litert"} == set(LIMITED)
    x = keras.Input(batch_shape=(2, 4, 3) if what == "state" else (None, None, 3))
    with pytest.raises(InputError) as error:
        formats.export(keras.Model(x, LIMITED[what](x)), "litert", tmp_path / "mine")
    assert LIMITS["litert", what] in str(error.value) and "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())
