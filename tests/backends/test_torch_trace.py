"""A step written down as torch operations: the same numbers, and who is left as given."""

import keras
import numpy as np
import pytest
from keras import layers, ops

if keras.backend.backend() != "torch":
    pytest.skip("steps written down as torch operations", allow_module_level=True)

import torch

import zoo
from zoo.backends import torch_trace
from zoo.backends.torch_trace import Stepwise
from zoo.models.carry import initial_state
from zoo.models.step import carried_step, window_step

B, V = 3, 7


def calls(step, inputs, state, times=5):
    """The step called again and again on its own state, and as given."""
    found, expected = [], []
    mine = theirs = state
    with torch.no_grad():
        for t in range(times):
            outputs, mine = step.run(inputs[t], mine)
            found.append(outputs)
            outputs, theirs = step.function(inputs[t], theirs)
            expected.append(outputs)
    return torch.stack(found), torch.stack(expected)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru", "peephole", "coupled"])
def test_a_carried_step_is_written_down_and_gives_the_same(cell):
    model = zoo.many_to_many_aligned(vocabulary=V, classes=V, cell=cell, units=5, layers_=2)
    step = carried_step(model)
    tokens = torch.tensor(np.random.default_rng(0).integers(0, V, (5, B)), dtype=torch.int32)
    found, expected = calls(step, tokens, initial_state(model, B))
    torch.testing.assert_close(found, expected)
    (program,) = step.run.programs.values()
    assert program is not None and program.compared == torch_trace.COMPARED


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_a_window_step_is_written_down(cell):
    model = zoo.many_to_one(features=1, outputs=1, cell=cell, units=4)
    step = window_step(model)
    found, expected = calls(step, torch.randn(5, B, 1), torch.randn(B, 6, 1))
    torch.testing.assert_close(found, expected)
    assert all(program is not None for program in step.run.programs.values())


def test_what_the_weights_decide_is_computed_again_when_they_change():
    model = zoo.many_to_one(features=1, outputs=1, units=4)
    step, window = window_step(model), torch.randn(B, 6, 1)
    x = torch.randn(5, B, 1)
    calls(step, x, window)
    model.set_weights([w + 0.3 for w in model.get_weights()])
    found, expected = calls(step, x, window)
    torch.testing.assert_close(found, expected)


def test_each_batch_size_has_a_program_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(torch_trace, "MOST", 2)
    dense = layers.Dense(2)
    dense.build((None, 3))
    step = Stepwise(lambda x, state: (dense(x), state), dense.variables)
    with torch.no_grad():
        for batch in (1, 2, 3):
            assert step(torch.ones(batch, 3), [])[0].shape == (batch, 2)
    assert len(step.programs) == 2


def test_a_step_that_looks_at_values_runs_as_given():
    def function(x, state):
        return (x + 1 if bool((x > 0).all()) else x - 1), state

    step = Stepwise(function, ())
    with torch.no_grad():
        for value in (1.0, -1.0, 1.0, -1.0):
            outputs, _ = step(torch.full((2, 1), value), [])
            assert outputs[0, 0].item() == 2 * value
    assert list(step.programs.values()) == [None]


def test_a_program_that_finds_another_result_is_dropped():
    seen = []

    def function(x, state):  # what Python counts, torch does not see
        seen.append(len(seen))
        return x + len(seen), state

    step = Stepwise(function, ())
    with torch.no_grad():
        found = [step(torch.zeros(1, 1), [])[0].item() for _ in range(4)]
    assert list(step.programs.values()) == [None] and found == sorted(set(found))


def test_random_numbers_stay_random():
    step = Stepwise(lambda x, state: (x + torch.rand(1), state), ())
    with torch.no_grad():
        found = {step(torch.zeros(1, 1), [])[0].item() for _ in range(5)}
    assert len(found) == 5


def test_with_gradients_on_it_is_called_as_given():
    weight = keras.Variable(np.ones((1, 1), "float32"))
    step = Stepwise(lambda x, state: (ops.matmul(x, weight), state), [weight])
    outputs, _ = step(torch.ones(2, 1), [])
    assert outputs.requires_grad and not step.programs
