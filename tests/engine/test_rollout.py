"""Rollout against the whole model, and against a plain loop."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.engine.decoding import rollout
from zoo.errors import InputError
from zoo.layers import Stack
from zoo.models.step import Step


class Forecaster:
    """A stack and a head that predict the next values, as a step and as a whole model."""

    def __init__(self, features=2, extra=0, cell="lstm"):
        self.body = Stack(cell, units=4, layers=2, seed=0)
        self.head = keras.layers.Dense(features, activation="tanh")
        x = keras.Input((None, features + extra))
        self.model = keras.Model(x, self.head(self.body(x)[0]))
        self.step = Step(self.function, self.model.variables)

    def function(self, x, state):
        output, state = self.body.step(x, state)
        return self.head(output), state

    def check(self, values, first, exogenous=None):
        """Each value is what the whole model says after all values before it."""
        inputs = np.concatenate([first[:, None], values[:, :-1]], axis=1)
        if exogenous is not None:
            inputs = np.concatenate([inputs, exogenous], axis=-1)
        np.testing.assert_allclose(values, ops.convert_to_numpy(self.model(inputs)), atol=1e-5)


def first_values(batch, features=2):
    return np.random.default_rng(batch).normal(size=(batch, features)).astype("float32")


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_rollout_is_what_the_whole_model_says(cell):
    forecaster = Forecaster(cell=cell)
    for batch, steps in [(1, 1), (3, 5), (2, 9)]:
        first = first_values(batch)
        values = rollout(forecaster.step, first, forecaster.body.initial_state(batch), steps)
        assert values.shape == (batch, steps, 2)
        forecaster.check(values, first)


def test_exogenous_values_are_read_behind_the_own_output():
    forecaster = Forecaster(features=1, extra=2)
    first = first_values(3, 1)
    exogenous = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")
    values = rollout(forecaster.step, first, forecaster.body.initial_state(3), 6, exogenous)
    forecaster.check(values, first, exogenous)


def test_new_weights_are_seen():
    forecaster = Forecaster()
    first, state = first_values(2), forecaster.body.initial_state(2)
    before = rollout(forecaster.step, first, state, 4)
    forecaster.model.set_weights([w + 0.1 for w in forecaster.model.get_weights()])
    after = rollout(forecaster.step, first, state, 4)
    assert np.abs(after - before).max() > 1e-3
    forecaster.check(after, first)


def test_half_precision_feeds_back_and_keeps_its_state():
    body = Stack("gru", units=4, dtype="mixed_float16")
    head = keras.layers.Dense(1, dtype="mixed_float16")

    def function(x, state):
        output, state = body.step(x, state)
        return head(output), state

    first = first_values(2, 1)
    outputs, state = function(first, body.initial_state(2))
    expected = [outputs, function(outputs, state)[0]]
    step = Step(function, [*body.variables, *head.variables])
    values = rollout(step, first, body.initial_state(2), 2)
    for t in range(2):
        np.testing.assert_allclose(values[:, t], ops.convert_to_numpy(expected[t]), atol=1e-2)


def test_a_window_is_a_state_too():
    """The rolling window of a windowed model: state (B, W, F), float64 as NumPy makes it."""

    def function(x, window):
        window = ops.concatenate([window[:, 1:], x[:, None]], axis=1)
        return ops.mean(window, axis=1), window

    window = np.random.default_rng(0).normal(size=(2, 5, 1))
    values = rollout(Step(function), window[:, -1], window, 7)
    expected, last = [], window[:, -1]
    for _ in range(7):
        window = np.concatenate([window[:, 1:], last[:, None]], axis=1)
        last = window.mean(axis=1)
        expected.append(last)
    np.testing.assert_allclose(values, np.stack(expected, axis=1), atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"steps": "4"}, "steps is '4'"),
        ({"first": np.array([[np.nan, 1.0]])}, "first has 1 values that are NaN"),
        ({"first": np.zeros(2)}, "first has shape"),
        ({"first": np.array([["a", "b"]])}, "first has shape"),
        ({"state": [np.zeros((2, 3))]}, "expected 1 rows"),
        ({"exogenous": np.zeros((1, 3, 1))}, "exogenous has shape"),
        ({"exogenous": np.zeros((1, 4, 1))}, "the step returned 3 values, first has 2"),
    ],
)
def test_bad_input_gives_one_clear_line(wrong, message):
    step = Step(lambda x, state: (x, state))
    good = {"first": np.zeros((1, 2)), "state": [np.zeros((1, 3))], "steps": 4}
    with pytest.raises(InputError, match=message) as caught:
        rollout(step, **(good | wrong))
    assert "\n" not in str(caught.value)
