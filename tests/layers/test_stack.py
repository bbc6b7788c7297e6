"""The stack: layers on top of each other, in one piece, step by step and in chunks."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.errors import InputError
from zoo.layers import CELLS, Stack
from zoo.layers.loop import carrying
from zoo.reference import forward

B, T, F, U = 4, 6, 3, 4

# Right padding, left padding, a hole, and nothing hidden.
MASK = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 1, 1, 0, 0], [1] * 6], bool)
LAST = np.array([2, 5, 3, 5])  # the last real step of each row


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(0, 0.7, shape).astype("float32")


def inputs():
    return draw(B, T, F, seed=1)


def make(cell="lstm", features=F, **options):
    """A built stack with weights drawn at random."""
    stack = Stack(cell, U, **options)
    stack.build((None, None, features))
    stack.set_weights([draw(*w.shape, seed=2 + k) for k, w in enumerate(stack.get_weights())])
    return stack


def states(stack, rows=B):
    return [draw(rows, U, seed=90 + k) for k, _ in enumerate(stack.state_shapes)]


def run(stack, x, mask=None, state=None, **options):
    mask = None if mask is None else ops.convert_to_tensor(mask)
    outputs, final = stack(x, mask=mask, initial_state=state, **options)
    return ops.convert_to_numpy(outputs), [ops.convert_to_numpy(f) for f in final]


def same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def weights(rnn):
    return {"bias": None} | {v.name: ops.convert_to_numpy(v) for v in rnn.trainable_variables}


def by_the_equations(stack, x, mask=None):
    """The stack's outputs and final states from `zoo.reference`, layer by layer."""
    options = dict(cell=stack.cell, activation=stack.activation, mask=mask)
    final = []
    for k in range(stack.layers):
        rnns = stack.rnns[k * stack.directions : (k + 1) * stack.directions]
        traces = [forward(weights=weights(r), x=x, reverse=r.go_backwards, **options) for r in rnns]
        final += [s for trace in traces for s in trace.state]
        x = np.concatenate([trace.outputs for trace in traces], axis=-1)
    return x, final


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("lstm", dict(layers=2, direction="bidirectional")),
        ("gru", dict(layers=2, direction="backward", use_bias=False)),
        ("simple_rnn", dict(layers=3, activation="relu", dropout=0.5)),
        ("peephole", dict(layers=1, direction="bidirectional", use_bias=False)),
        ("coupled", dict(layers=2, activation="relu")),
    ],
)
def test_outputs_and_final_state_equal_the_equations(cell, options):
    stack = make(cell, **options)
    outputs, final = run(stack, inputs(), MASK)
    expected, expected_final = by_the_equations(stack, inputs(), MASK)
    same(outputs, expected)
    assert len(final) == len(stack.state_shapes) == len(expected_final)
    same(final, expected_final)


def test_gru_reset_before_is_handed_on():
    stack = make("gru", reset_after=False)
    expected = forward(
        "gru", weights(stack.rnns[0]), inputs(), mask=MASK, reset_after=False
    ).outputs
    same(run(stack, inputs(), MASK)[0], expected)


@pytest.mark.parametrize("cell", CELLS)
def test_the_final_state_is_that_of_the_last_real_step(cell):
    stack = make(cell, layers=2)
    outputs, final = run(stack, inputs(), MASK)
    summary = ops.convert_to_numpy(stack.summary_state(final))
    same(summary, outputs[np.arange(B), LAST])
    row, steps = 2, [0, 2, 3]  # the row with a hole, alone and without it
    _, alone = run(stack, inputs()[row : row + 1, steps])
    same([f[row] for f in final], [a[0] for a in alone])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_bidirectional_equals_two_separate_runs(cell):
    both = make(cell, direction="bidirectional")
    parts, states_ = [], []
    for rnn, direction in zip(both.rnns, ("forward", "backward"), strict=True):
        one = make(cell, direction=direction)
        one.set_weights(rnn.get_weights())
        outputs, final = run(one, inputs(), MASK)
        parts.append(outputs)
        states_ += final
    outputs, final = run(both, inputs(), MASK)
    same(outputs, np.concatenate(parts, axis=-1))
    same(final, states_)
    summary = ops.convert_to_numpy(both.summary_state(final))
    forward_last, backward_first = (
        parts[0][np.arange(B), LAST],
        parts[1][[0, 1, 2, 3], [0, 2, 0, 0]],
    )
    same(summary, np.concatenate([forward_last, backward_first], axis=-1))


def test_dropout_stands_between_layers_and_only_in_training():
    stack = make("lstm", layers=2, dropout=0.9)
    plain = make("lstm", layers=2)
    expected, expected_final = run(plain, inputs())
    same(run(stack, inputs())[0], expected)
    same(run(stack, inputs(), training=False)[0], expected)
    outputs, final = run(stack, inputs(), training=True)
    assert not np.allclose(outputs, expected)
    same(final[:2], expected_final[:2])  # the first layer stands before the dropout
    assert np.all(outputs != 0)  # and nothing is dropped after the last
    single = make("lstm", layers=1, dropout=0.9)
    same(run(single, inputs(), training=True)[0], run(make("lstm"), inputs())[0])


def test_each_dropout_draws_its_own_units():
    stack = make("simple_rnn", layers=3, dropout=0.5, seed=5)
    ones = np.ones((2, 8, U), "float32")
    first, second = (ops.convert_to_numpy(d(ones, training=True)) for d in stack.dropouts)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("cell", CELLS)
def test_whole_equals_step_by_step_equals_chunks(cell):
    stack = make(cell, layers=2)
    state = states(stack)
    whole, final = run(stack, inputs(), state=state)
    stepwise = state
    for t in range(T):
        output, stepwise = stack.step(inputs()[:, t], stepwise)
        same(ops.convert_to_numpy(output), whole[:, t])
    same([ops.convert_to_numpy(s) for s in stepwise], final)
    chunks = []
    for at in (slice(0, 4), slice(4, 6)):
        outputs, state = run(stack, inputs()[:, at], state=state)
        chunks.append(outputs)
    same(np.concatenate(chunks, axis=1), whole)
    same(state, final)


def test_step_starts_from_zeros():
    stack = make("gru", layers=2)
    found, _ = stack.step(inputs()[:, 0])
    zeros = stack.initial_state(B)
    same(ops.convert_to_numpy(found), ops.convert_to_numpy(stack.step(inputs()[:, 0], zeros)[0]))
    assert [tuple(s.shape) for s in zeros] == [(B, U)] * 2


def test_masked_chunks_equal_the_whole():
    stack = make("lstm", layers=2)
    whole, final = run(stack, inputs(), MASK)
    first, state = run(stack, inputs()[:, :3], MASK[:, :3])
    second, state = run(stack, inputs()[:, 3:], MASK[:, 3:], state)
    same(np.concatenate([first, second], axis=1), whole)
    same(state, final)


def test_carried_states_are_read_and_left_behind():
    stack, other = make("lstm"), make("gru")
    start = {stack: states(stack), other: states(other)}
    with carrying(dict(start)) as carried:
        outputs, _ = run(stack, inputs())
        given, _ = run(other, inputs(), state=[np.zeros((B, U), "float32")])
    expected, expected_final = run(stack, inputs(), state=start[stack])
    same(outputs, expected)
    same([ops.convert_to_numpy(s) for s in carried[stack]], expected_final)
    same(given, run(other, inputs())[0])  # a state that is named wins
    assert carried[other] is start[other]
    same(run(stack, inputs())[0], run(make("lstm"), inputs())[0])  # nothing stays behind


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(cell="elman"), ("'elman'", "peephole", "choose")),
        (dict(direction="sideways"), ("'sideways'", "bidirectional", "choose")),
        (dict(units=0), ("units is 0", "at least 1")),
        (dict(units=2.5), ("units is 2.5", "whole number")),
        (dict(layers=0), ("layers is 0", "at least 1")),
        (dict(dropout=1.0), ("dropout is 1.0", "expected a rate")),
        (dict(dropout=-0.1), ("dropout is -0.1", "expected a rate")),
    ],
)
def test_bad_options_are_one_line_errors(options, words):
    with pytest.raises(InputError) as error:
        Stack(**options)
    message = str(error.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


@pytest.mark.parametrize("direction", ["backward", "bidirectional"])
def test_only_a_forward_stack_can_be_stepped(direction):
    with pytest.raises(
        InputError, match=f"is {direction}, one step needs a forward stack"
    ) as error:
        make(direction=direction).step(inputs()[:, 0])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("lstm", dict(layers=2, direction="bidirectional", dropout=0.2, use_bias=False)),
        ("gru", dict(reset_after=False, activation="relu", seed=3)),
        ("peephole", dict(direction="backward")),
        ("coupled", {}),
    ],
)
def test_saved_and_loaded_through_keras(cell, options, tmp_path):
    sequence, mask = keras.Input((None, F)), keras.Input((None,), dtype="bool")
    stack = Stack(cell, U, **options)
    outputs, state = stack(sequence, mask=mask)
    model = keras.Model([sequence, mask], [outputs, *state])
    model.save(tmp_path / "stack.keras")
    again = keras.models.load_model(tmp_path / "stack.keras")
    assert again.layers[-1].get_config() == stack.get_config()
    both = again.predict_on_batch([inputs(), MASK]), model.predict_on_batch([inputs(), MASK])
    for found, expected in zip(*both, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_half_precision_runs_through_all_layers():
    stack = make("lstm", layers=2, direction="bidirectional", dtype="mixed_bfloat16")
    outputs, final = stack(inputs(), mask=ops.convert_to_tensor(MASK))
    kinds = {keras.backend.standardize_dtype(t.dtype) for t in (outputs, *final)}
    assert kinds == {"bfloat16"}
    assert np.isfinite(ops.convert_to_numpy(ops.cast(outputs, "float32"))).all()
