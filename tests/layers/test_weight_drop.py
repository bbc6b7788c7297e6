"""Weight-drop against the NumPy equations, words dropped whole, locked dropout in the stack."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import backends, layers
from zoo.errors import InputError
from zoo.layers import EmbeddingDropout, Stack, WeightDrop, weight_drop
from zoo.layers.weight_drop import dropped, kept
from zoo.reference import backward, forward

B, T, F, U, RATE, SEED = 4, 6, 3, 5, 0.4, 3
MASK = np.array([[1] * 6, [1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [0, 1, 0, 1, 1, 0]], bool)
CELLS = {
    "simple_rnn": "SimpleRNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "peephole": "PeepholeLSTM",
    "coupled": "CoupledLSTM",
}


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(0, 0.7, shape).astype("float32")


def make(cell="lstm", package=layers, **options):
    """A built layer with weights drawn at random."""
    layer = getattr(package, CELLS[cell])(U, return_sequences=True, **options)
    layer.build((None, None, F))
    layer.set_weights([draw(*w.shape, seed=2) for w in layer.get_weights()])
    return layer


def weights(layer):
    """(name -> array with the first mask of SEED, that mask)."""
    with dropped(layer, RATE, keras.random.SeedGenerator(SEED)):
        kernel = ops.convert_to_numpy(layer.cell.recurrent_kernel)
    whole = {v.name: ops.convert_to_numpy(v) for v in layer.trainable_variables}
    return {"bias": None} | whole | {"recurrent_kernel": kernel}, kernel / whole["recurrent_kernel"]


def train(layer, x):
    return WeightDrop(layer, RATE, SEED)(x, training=True)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_one_mask_for_all_steps_and_every_gradient_through_it(cell, masked, monkeypatch):
    layer, mask = make(cell), MASK if masked else None
    values, scale = weights(layer)
    # Drawn once: the gradient below is taken of a function, which could keep no new state.
    monkeypatch.setattr(weight_drop, "kept", lambda *_: ops.convert_to_tensor(scale))
    wrapped, mask = WeightDrop(layer, RATE), None if mask is None else ops.convert_to_tensor(mask)
    assert set(np.round(np.unique(scale), 4)) == {0, np.round(np.float32(1 / (1 - RATE)), 4)}
    x, d = draw(B, T, F, seed=1), draw(B, T, U, seed=7)
    trace = forward(cell, values, x, mask=MASK if masked else None)
    np.testing.assert_allclose(
        ops.convert_to_numpy(wrapped(x, mask=mask, training=True)),
        trace.outputs,
        rtol=1e-5,
        atol=1e-5,
    )
    expected = backward(trace, d)
    at_x, d = keras.Variable(x), ops.convert_to_tensor(d)
    variables = [*layer.trainable_variables, at_x]
    _, found = backends.value_and_gradients(
        lambda: ops.sum(d * wrapped(ops.convert_to_tensor(at_x), mask=mask, training=True)),
        variables,
    )
    for variable, gradient in zip(variables, found, strict=True):
        name = "x" if variable is at_x else variable.name
        factor = scale if name == "recurrent_kernel" else 1
        np.testing.assert_allclose(
            gradient, expected[name] * factor, rtol=1e-4, atol=1e-4, err_msg=name
        )


@pytest.mark.parametrize("package", [layers, keras.layers])
def test_outside_of_training_and_afterwards_the_layer_is_whole(package):
    layer, x = make("lstm", package), draw(B, T, F)
    expected, before = ops.convert_to_numpy(layer(x)), layer.get_weights()
    for wrapped, training in [(WeightDrop(layer, RATE), False), (WeightDrop(layer, 0), True)]:
        np.testing.assert_allclose(
            ops.convert_to_numpy(wrapped(x, training=training)), expected, rtol=1e-6
        )
    assert not np.allclose(ops.convert_to_numpy(train(layer, x)), expected)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(x)), expected)
    assert isinstance(layer.cell.recurrent_kernel, keras.Variable)
    for found, kernel in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, kernel)


def test_a_stock_layer_drops_what_ours_drops():
    x, ours = draw(B, T, F), make()
    stock = make("lstm", keras.layers)
    found, expected = (ops.convert_to_numpy(train(layer, x)) for layer in (stock, ours))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_stacked_cells_are_all_dropped():
    layer = keras.layers.RNN([keras.layers.LSTMCell(U), keras.layers.GRUCell(U)])
    layer.build((None, None, F))
    whole = [ops.convert_to_numpy(c.recurrent_kernel) for c in layer.cell.cells]
    with dropped(layer, RATE, keras.random.SeedGenerator(SEED)):
        found = [ops.convert_to_numpy(c.recurrent_kernel) for c in layer.cell.cells]
    for kernel, before in zip(found, whole, strict=True):
        assert 0.1 < np.mean(kernel == 0) < 0.8 and not np.allclose(kernel, before)


def test_masks_differ_from_batch_to_batch_and_are_the_same_for_a_seed():
    x, layer = draw(B, T, F), make()
    runs = []
    for _ in range(2):
        wrapped = WeightDrop(layer, RATE, SEED)
        runs.append([ops.convert_to_numpy(wrapped(x, training=True)) for _ in range(2)])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.allclose(runs[0][0], runs[0][1])


def test_the_mean_of_the_masks_is_one():
    values = ops.convert_to_numpy(kept((200, 500), RATE, keras.random.SeedGenerator(1)))
    assert abs(values.mean() - 1) < 0.02 and abs((values == 0).mean() - RATE) < 0.01


def test_words_are_dropped_wherever_they_stand():
    tokens = np.random.default_rng(0).integers(0, 50, (8, 40))
    vectors = draw(8, 40, 2, seed=4)
    layer = EmbeddingDropout(50, RATE, seed=1)
    found = ops.convert_to_numpy(layer(vectors, tokens, training=True)) / vectors
    by_word = {w: np.unique(found[tokens == w].round(4)) for w in np.unique(tokens)}
    assert all(len(values) == 1 for values in by_word.values())
    assert {float(v[0]) for v in by_word.values()} == {0, np.float32(1 / (1 - RATE)).round(4)}
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(vectors, tokens)), vectors)


def test_the_stack_drops_weights_and_locks_the_dropout_between_layers():
    stack = Stack("lstm", U, layers=2, dropout=0.5, weight_drop=RATE, locked=True, seed=SEED)
    stack.build((None, None, F))
    plain = Stack("lstm", U, layers=2)
    plain.build((None, None, F))
    plain.set_weights(stack.get_weights())  # nothing more to save
    x = draw(B, T, F)
    expected = ops.convert_to_numpy(plain(x)[0])
    np.testing.assert_allclose(ops.convert_to_numpy(stack(x)[0]), expected, rtol=1e-5, atol=1e-6)
    found, again = (ops.convert_to_numpy(stack(x, training=True)[0]) for _ in range(2))
    assert not np.allclose(found, expected) and not np.allclose(found, again)
    ones = np.ones((B, T, U), "float32")
    held = ops.convert_to_numpy(stack.dropouts[0](ones, training=True))
    np.testing.assert_array_equal(held, np.repeat(held[:, :1], T, axis=1))
    assert set(np.unique(held)) == {0, 2}


def test_saved_and_loaded_with_its_layer(tmp_path):
    tokens = keras.Input((None,), dtype="int32")
    x = EmbeddingDropout(9, 0.2)(keras.layers.Embedding(9, F)(tokens), tokens)
    model = keras.Model(tokens, WeightDrop(layers.LSTM(U), RATE, SEED)(x))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    batch = np.array([[1, 2, 3]], "int32")
    np.testing.assert_array_equal(again.predict_on_batch(batch), model.predict_on_batch(batch))
    assert again.layers[-1].rate == RATE


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: WeightDrop(layers.LSTM(2), 1.0), "rate is 1.0, expected a rate"),
        (lambda: WeightDrop(layers.LSTM(2), True), "rate is True"),
        (lambda: WeightDrop(keras.layers.Dense(2, name="d")), "'d' has no recurrent cell"),
        (lambda: EmbeddingDropout(5, -0.1), "rate is -0.1"),
        (lambda: Stack("lstm", 2, weight_drop=1.5), "weight_drop is 1.5, expected a rate"),
    ],
)
def test_bad_rates_and_layers_are_one_line_errors(call, words):
    with pytest.raises(InputError) as error:
        call()
    assert words in str(error.value) and "\n" not in str(error.value)
