"""What is compared can be made again and again, from the same weights and batches."""

import keras
import numpy as np
import pytest

from zoo import backends
from zoo.errors import InputError
from zoo.layers import LSTM
from zoo.layers.loop import stock_loops
from zoo.reports.bench_shapes import Shape
from zoo.reports.compare import prepare
from zoo.reports.compare.cases import Target
from zoo.reports.compare.subject import CURVE_ROWS, Subject, without_noise


def prepared(target, folder, steps=1):
    info = prepare.prepare(None, None, target.to_json(), folder, steps, seed=0)["info"]
    return Subject(folder), info


@pytest.fixture
def own(tmp_path):
    """A user's file: stock layers, a mask, dropout."""
    tokens = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(9, 4, mask_zero=True)(tokens)
    x = keras.layers.Bidirectional(keras.layers.LSTM(3, dropout=0.2))(x)
    x = keras.layers.Dense(2)(keras.layers.Dropout(0.5)(x))
    model = keras.Model(tokens, x)
    model.save(tmp_path / "own.keras")
    return model, Target("own.keras", "file", path=str(tmp_path / "own.keras"))


def test_a_file_is_compared_on_the_zoos_layers_and_on_its_own(own, tmp_path):
    model, target = own
    subject, info = prepared(target, tmp_path / "work")
    assert (info["weights"], info["data"]) == ("its own", "random numbers")
    assert info["parameters"] == model.count_params() and info["sequences"] == 32
    x, _, weights = subject.first_batch()
    assert info["steps"] == np.count_nonzero(x) and weights is None
    expected = model.predict_on_batch(x)
    for contender, module in (("zoo", "zoo.layers.recurrent"), ("keras", "keras.src")):
        made = subject.model(contender=contender)
        inner = made.layers[2].forward_layer
        assert type(inner).__module__.startswith(module)
        np.testing.assert_allclose(made.predict_on_batch(x), expected, atol=1e-6)


def test_a_file_takes_the_precision_of_the_process(own, tmp_path):
    subject, _ = prepared(own[1], tmp_path / "work")
    policy = keras.config.dtype_policy()
    try:
        backends.use_precision("bfloat16")
        made = subject.model()
    finally:
        keras.config.set_dtype_policy(policy)
    assert {layer.compute_dtype for layer in made.layers[1:]} == {"bfloat16"}
    assert {w.dtype for w in made.trainable_weights} == {"float32"}


def test_what_keras_cannot_load_is_told_in_one_line(tmp_path):
    (tmp_path / "no.keras").write_bytes(b"no model")
    target = Target("no.keras", "file", path=str(tmp_path / "no.keras"))
    with pytest.raises(InputError, match="cannot be loaded"):
        prepared(target, tmp_path / "work")


def test_a_recipe_comes_with_its_weights_and_real_batches_of_one_shape(tmp_path):
    subject, info = prepared(Target("sine"), tmp_path, steps=5)
    assert (info["weights"], info["data"]) == ("trained", "training data")
    batches = list(subject.batches())
    assert [x.shape for x, _, _ in batches] == [(32, 20, 1), *[(CURVE_ROWS, 20, 1)] * 4]
    trained, start = subject.model(), subject.model("start")
    assert np.abs(trained.get_weights()[0] - start.get_weights()[0]).max() > 0.1
    again = subject.model("start").get_weights()
    for one, other in zip(start.get_weights(), again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_cell_starts_untrained(tmp_path):
    subject, info = prepared(Target("sine", cell="gru"), tmp_path)
    assert (info["weights"], info["cell"]) == ("initial", "gru")
    assert subject.model().count_params() == info["parameters"]


def test_without_noise_training_draws_nothing(own):
    x = np.arange(1, 9)[None].repeat(4, 0)
    quiet = without_noise(own[0])
    calls = [keras.ops.convert_to_numpy(quiet(x, training=True)) for _ in range(2)]
    np.testing.assert_array_equal(*calls)
    np.testing.assert_allclose(calls[0], own[0].predict_on_batch(x), atol=1e-6)


@pytest.mark.parametrize("masked", [False, True])
def test_the_zoos_layers_can_run_as_the_stock_layers_they_are(masked):
    layer, stock = LSTM(4, return_sequences=True), keras.layers.LSTM(4, return_sequences=True)
    x = np.random.default_rng(0).standard_normal((2, 5, 3), "float32")
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool) if masked else None
    layer.build(x.shape)
    stock.build(x.shape)
    stock.set_weights(layer.get_weights())
    with stock_loops():
        found = keras.ops.convert_to_numpy(layer(x, mask=mask))
    assert layer.loop_path == "stock"
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(stock(x, mask=mask)), atol=1e-6)
    layer(x, mask=mask)
    assert layer.loop_path != "stock"


def test_a_cell_is_one_layer_with_an_output_at_every_step(tmp_path):
    subject, info = prepared(Target("gru", "cell", "gru", Shape(2, 3, 4, 5)), tmp_path)
    assert subject.model().output_shape == (None, None, 5)
    assert (info["sequences"], info["steps"]) == (2, 6)
