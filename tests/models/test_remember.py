"""A state that is carried from batch to batch in training, the gradient cut between them."""

import keras
import numpy as np
import pytest

from zoo.errors import InputError
from zoo.models.carry import carried_model
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.models.remember import Remembering
from zoo.models.step import zero_state

B, T = 3, 4
X, Y = np.random.default_rng(1).normal(size=(2, 5, B, T, 1)).astype("float32")


def small(**options):
    return many_to_many_aligned(features=1, outputs=1, units=4, **options)


@pytest.mark.parametrize("cell", ["lstm", "gru", "simple_rnn"])
def test_each_call_goes_on_where_the_last_one_ended(cell):
    model = small(cell=cell, layers_=2)
    again, whole = Remembering(model, B), model.predict_on_batch(np.concatenate(X, axis=1))
    for _ in range(2):
        again.forget()
        found = [again.trained.predict_on_batch(x) for x in X]
        np.testing.assert_allclose(np.concatenate(found, axis=1), whole, rtol=1e-4, atol=1e-5)


def test_training_makes_the_steps_that_an_explicit_state_makes():
    """The same losses and weights as with the state handed in, where no gradient goes through."""
    ours, theirs = small(cell="lstm"), small(cell="lstm")
    theirs.set_weights(ours.get_weights())
    memory, stepwise = Remembering(ours, B), carried_model(theirs)
    memory.trained.compile(keras.optimizers.SGD(0.1), loss="mse")
    stepwise.compile(keras.optimizers.SGD(0.1), loss=["mse", None, None])
    state = zero_state(theirs, B)
    for x, y in zip(X, Y, strict=True):
        memory.trained.reset_metrics()
        stepwise.reset_metrics()
        loss = float(memory.trained.train_on_batch(x, y))
        after = stepwise.predict_on_batch([x, *state])[1:]
        expected = float(np.ravel(stepwise.train_on_batch([x, *state], [y, None, None]))[0])
        state = after
        np.testing.assert_allclose(loss, expected, rtol=1e-4)
    for found, weight in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(found, weight, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(memory.kept()[0], state[0], rtol=1e-4, atol=1e-5)


def test_the_state_is_not_learned_nor_part_of_the_model():
    model = small(cell="gru")
    memory = Remembering(model, B)
    assert len(memory.trained.trainable_variables) == len(model.trainable_variables)
    assert len(model.weights) == len(memory.trained.weights) - 1
    memory.trained.predict_on_batch(X[0])
    kept = memory.kept()
    memory.forget()
    assert not np.any(memory.kept()) and np.any(kept)
    memory.restore(kept)
    np.testing.assert_array_equal(memory.kept(), kept)


def test_some_rows_forget_and_the_others_remember():
    memory = Remembering(small(cell="lstm"), B)
    memory.trained.predict_on_batch(X[0])
    before = memory.kept()
    memory.forget(np.array([False, True, False]))
    for kept, state in zip(memory.kept(), before, strict=True):
        np.testing.assert_array_equal(kept[[0, 2]], state[[0, 2]])
        assert not kept[1].any() and state[1].all()


def test_saved_and_loaded_with_its_state(tmp_path):
    trained = Remembering(small(cell="gru"), B).trained
    trained.predict_on_batch(X[0])
    trained.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        again.predict_on_batch(X[1]), trained.predict_on_batch(X[1]), rtol=1e-5, atol=1e-6
    )


def test_a_model_that_looks_ahead_is_refused():
    with pytest.raises(InputError, match="cannot be run step by step"):
        Remembering(small(direction="bidirectional"), B)
