"""A model with explicit state: whole = step by step = in chunks, and who is refused."""

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import InputError
from zoo.layers import CELLS
from zoo.models.carry import carried_model, carriers, initial_state
from zoo.models.step import carried_step, window_step

B, T, V = 3, 6, 9
RNG = np.random.default_rng(2)
TOKENS = RNG.integers(1, V, (B, T)).astype("int32")
SEQUENCE = RNG.normal(size=(B, T, 3)).astype("float32")


def small(**options):
    return zoo.many_to_many_aligned(**dict(features=3, outputs=2, units=4) | options)


def zeros(model):
    return [keras.ops.convert_to_numpy(s) for s in initial_state(model, B)]


@pytest.mark.parametrize("cell", CELLS)
def test_whole_equals_steps_equals_chunks(cell):
    model = small(cell=cell, layers_=2)
    stepwise = carried_model(model)
    whole = model.predict_on_batch(SEQUENCE)
    for size in (1, 4):
        state, parts = zeros(model), []
        for at in range(0, T, size):
            output, *state = stepwise.predict_on_batch([SEQUENCE[:, at : at + size], *state])
            parts.append(output)
        np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-4, atol=1e-5)


def test_carried_step_takes_tokens_one_at_a_time():
    model = small(features=None, vocabulary=V, outputs=None, classes=V, embedding="one_hot")
    step, state = carried_step(model), initial_state(model, B)
    whole = model.predict_on_batch(TOKENS)
    for t in range(T):
        logits, state = step.function(TOKENS[:, t], state)
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(logits), whole[:, t], rtol=1e-4, atol=1e-5
        )


def test_lengths_of_a_chunk_stop_the_state_there():
    model = small(lengths=True, cell="gru")
    stepwise = carried_model(model)
    lengths = np.array([6, 2, 0], "int32")
    _, state = stepwise.predict_on_batch([SEQUENCE, lengths, *zeros(model)])
    for row, length in enumerate(lengths):
        alone = zeros(model)
        if length:
            piece, count = np.repeat(SEQUENCE[row : row + 1, :length], B, 0), np.full(B, length)
            _, *alone = stepwise.predict_on_batch([piece, count.astype("int32"), *alone])
        np.testing.assert_allclose(state[row], alone[0][0], rtol=1e-4, atol=1e-5)


def test_the_carried_model_trains_the_same_weights(tmp_path):
    model = small()
    stepwise = carried_model(model)
    stepwise.compile("sgd", loss=["mse", None, None])
    before = model.get_weights()
    stepwise.train_on_batch([SEQUENCE, *zeros(model)], [SEQUENCE[:, :, :2], None, None])
    assert all(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    stepwise.save(tmp_path / "carried.keras")
    again = keras.models.load_model(tmp_path / "carried.keras")
    both = [m.predict_on_batch([SEQUENCE, *zeros(model)]) for m in (again, stepwise)]
    for found, expected in zip(*both, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "layer"),
    [
        (lambda: small(direction="bidirectional"), "'recurrent'"),
        (lambda: small(direction="backward"), "'recurrent'"),
        (lambda: small(outputs=None, classes=3, crf=True), "'crf'"),
        (lambda: zoo.many_to_one(features=3, classes=2, readout="mean"), "'pooling'"),
        (lambda: zoo.create_model("g2p", units=4), "'encoder'"),
        (lambda: zoo.create_model("emoji_caption", units=4), "'encoder'"),
        (lambda: zoo.one_to_many(features=3, vocabulary=V, units=4), "'encoder'"),
    ],
)
def test_who_is_not_causal_is_refused_by_the_name_of_the_layer(model, layer):
    with pytest.raises(InputError) as error:
        carried_model(model())
    message = str(error.value)
    assert "\n" not in message and message.startswith(f"layer {layer}"), message


def test_window_step_moves_the_window_on():
    model = zoo.many_to_one(features=1, outputs=1, units=4)
    series = RNG.normal(size=(B, 7, 1)).astype("float32")
    step, window = window_step(model), keras.ops.convert_to_tensor(series[:, :5])
    for t in (5, 6):
        output, window = step.function(keras.ops.convert_to_tensor(series[:, t]), window)
        expected = model.predict_on_batch(series[:, t - 4 : t + 1])
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(output), expected, rtol=1e-4, atol=1e-5
        )


def test_stacks_are_found_inside_models():
    model = zoo.many_to_many_delayed(source_vocabulary=V, target_vocabulary=V, units=4)
    assert [s.name for s in carriers(model)] == ["encoder_recurrent", "decoder_recurrent"]
