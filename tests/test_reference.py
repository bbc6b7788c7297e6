"""The NumPy equations: every gradient against central differences, and chunked = whole."""

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.reference import backward, forward, softmax_cross_entropy, vanilla
from zoo.reference.cells import CELLS

pytestmark = pytest.mark.neutral

B, T, F, U = 3, 5, 2, 3

VARIANTS = {
    "simple_rnn tanh": dict(cell="simple_rnn"),
    "simple_rnn relu": dict(cell="simple_rnn", activation="relu"),
    "lstm": dict(cell="lstm"),
    "peephole": dict(cell="peephole"),
    "coupled": dict(cell="coupled"),
    "gru reset after": dict(cell="gru", reset_after=True),
    "gru reset before": dict(cell="gru", reset_after=False),
    "min_gru": dict(cell="min_gru"),
    "min_lstm": dict(cell="min_lstm"),
    "rg_lru": dict(cell="rg_lru"),
}

MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]],
    "left": [[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 0, 0, 1]],
    "holes": [[1, 0, 1, 0, 1], [0, 1, 0, 1, 0], [1, 1, 0, 0, 1]],
    "a row fully masked": [[1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [1, 1, 1, 0, 0]],
}


def problem(cell, reset_after=True, seed=0, bias=True, blocks=1):
    """Random weights, inputs and initial state for a cell."""
    draw = np.random.default_rng(seed).normal
    gates, states = CELLS[cell].gates, CELLS[cell].states
    bias_shape = (2, 3 * U) if cell == "gru" and reset_after else (gates * U,)
    weights = {
        "kernel": draw(size=(F, gates * U)),
        "bias": draw(size=bias_shape) if bias else None,
    }
    if CELLS[cell].recurrent:
        weights["recurrent_kernel"] = draw(size=(U, gates * U))
    if cell == "peephole":
        weights["peephole"] = draw(size=(3, U))
    if cell == "rg_lru":
        weights["gate_kernel"] = draw(size=(2, blocks, U // blocks, U // blocks))
        weights["gate_bias"] = draw(size=(2, U)) if bias else None
        weights["decay"] = draw(size=(U,)) - 2
    return weights, draw(size=(B, T, F)), [draw(size=(B, U)) for _ in range(states)]


def central_difference(function, array, step=1e-5):
    """The gradient of function() with respect to `array`, which is changed in place."""
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = function()
        array[index] = kept - step
        gradient[index] = (above - function()) / (2 * step)
        array[index] = kept
    return gradient


def assert_same_gradient(found, expected, name):
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8 * scale, err_msg=name)


def check_gradients(variant, mask, reverse, **options):
    cell, reset_after = variant["cell"], variant.get("reset_after", True)
    weights, x, state = problem(cell, reset_after, **options)
    draw = np.random.default_rng(1).normal
    d_outputs, d_state = draw(size=(B, T, U)), [draw(size=(B, U)) for _ in state]

    def run():
        return forward(
            weights=weights, x=x, initial_state=state, mask=mask, reverse=reverse, **variant
        )

    def loss():
        trace = run()
        at_the_end = sum((d * s).sum() for d, s in zip(d_state, trace.state, strict=True))
        return (d_outputs * trace.outputs).sum() + at_the_end

    gradients = backward(run(), d_outputs, d_state)
    assert set(gradients) == {*weights, "x", "initial_state"}
    inputs = {name: w for name, w in weights.items() if w is not None} | {"x": x}
    for name, array in inputs.items():
        assert_same_gradient(gradients[name], central_difference(loss, array), name)
    for k, s in enumerate(state):
        expected = central_difference(loss, s)
        assert_same_gradient(gradients["initial_state"][k], expected, f"state {k}")


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_gradient_equals_central_differences(variant, mask, reverse):
    check_gradients(VARIANTS[variant], MASKS[mask], reverse)


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_without_bias(variant):
    check_gradients(VARIANTS[variant], None, False, bias=False)


def test_gradients_of_gates_in_blocks():
    check_gradients(VARIANTS["rg_lru"], None, False, blocks=U)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_chunked_equals_whole(variant, mask):
    variant, mask = VARIANTS[variant], MASKS[mask]
    weights, x, state = problem(variant["cell"], variant.get("reset_after", True))
    mask = np.ones((B, T), bool) if mask is None else np.array(mask, bool)
    whole = forward(weights=weights, x=x, initial_state=state, mask=mask, **variant)
    outputs = []
    for part in (slice(0, 2), slice(2, 3), slice(3, 5)):
        trace = forward(
            weights=weights, x=x[:, part], initial_state=state, mask=mask[:, part], **variant
        )
        outputs.append(trace.outputs)
        state = trace.state
    np.testing.assert_array_equal(np.concatenate(outputs, axis=1), whole.outputs)
    np.testing.assert_array_equal(state, whole.state)


@pytest.mark.parametrize("variant", VARIANTS)
def test_reverse_is_the_forward_pass_over_flipped_time(variant):
    variant, mask = VARIANTS[variant], np.array(MASKS["holes"], bool)
    weights, x, state = problem(variant["cell"], variant.get("reset_after", True))
    common = dict(weights=weights, initial_state=state, **variant)
    backwards = forward(x=x, mask=mask, reverse=True, **common)
    flipped = forward(x=x[:, ::-1], mask=mask[:, ::-1], **common)
    np.testing.assert_array_equal(backwards.outputs, flipped.outputs[:, ::-1])
    np.testing.assert_array_equal(backwards.state, flipped.state)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_masked_step_carries_the_state(variant):
    variant = VARIANTS[variant]
    weights, x, state = problem(variant["cell"], variant.get("reset_after", True))
    mask = np.array(MASKS["a row fully masked"], bool)
    trace = forward(weights=weights, x=x, initial_state=state, mask=mask, **variant)
    np.testing.assert_array_equal(trace.outputs[1], np.repeat(state[0][1][None], T, axis=0))
    for last, first in zip(trace.state, state, strict=True):
        np.testing.assert_array_equal(last[1], first[1])
    alone = forward(weights=weights, x=x[2:, :3], initial_state=[s[2:] for s in state], **variant)
    np.testing.assert_allclose(trace.outputs[2:, :3], alone.outputs, rtol=1e-12)
    np.testing.assert_allclose(trace.outputs[2, 3:], trace.outputs[2, [2, 2]], rtol=0)


def test_peephole_output_gate_sees_the_new_cell_state():
    zeros = dict(kernel=np.zeros((1, 4)), recurrent_kernel=np.zeros((1, 4)))
    weights = dict(zeros, bias=np.array([0, 0, 1.0, 0]), peephole=np.array([[0], [0], [2.0]]))
    trace = forward("peephole", weights, np.zeros((1, 1, 1)))
    c = 0.5 * np.tanh(1)
    np.testing.assert_allclose(trace.outputs[0, 0, 0], np.tanh(c) / (1 + np.exp(-2 * c)))


def test_minimal_cells_mix_the_state_with_what_is_never_negative():
    flat = dict(kernel=np.zeros((1, 2)), bias=np.array([0, 1.0]))  # z = 1/2, g(1) = 1.5
    trace = forward("min_gru", flat, np.zeros((1, 2, 1)), initial_state=[np.array([[4.0]])])
    np.testing.assert_allclose(trace.outputs[0, :, 0], [2.75, 2.125])
    shut = dict(kernel=np.zeros((1, 3)), bias=np.array([-800.0, -800, -2]))  # f = i = 0: 0 / 0
    trace = forward("min_lstm", shut, np.zeros((1, 1, 1)))
    np.testing.assert_allclose(trace.outputs, 0.5 / (1 + np.exp(2)))


def test_rg_lru_keeps_the_scale_of_its_input():
    weights = dict(kernel=np.eye(1), gate_kernel=np.zeros((2, 1, 1, 1)), decay=np.zeros(1))
    x = np.random.default_rng(0).normal(size=(2000, 40, 1))
    outputs = forward("rg_lru", weights, x).outputs[:, -1]
    np.testing.assert_allclose(outputs.std(), 0.5, rtol=0.05)  # of i * u, with i = 1/2


def test_softmax_cross_entropy_gradient():
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(2, 3, 4)), rng.integers(0, 4, (2, 3))
    value, gradient = softmax_cross_entropy(logits, targets)
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    picked = np.take_along_axis(p, targets[..., None], axis=-1)
    np.testing.assert_allclose(value, -np.log(picked).mean())
    expected = central_difference(lambda: softmax_cross_entropy(logits, targets)[0], logits)
    assert_same_gradient(gradient, expected, "logits")
    assert np.isfinite(softmax_cross_entropy([[1e4, -1e4]], [1])[0])


def test_vanilla_model_gradients_and_that_they_lower_the_loss():
    rng = np.random.default_rng(0)
    U, W, V = (rng.normal(size=s) for s in [(F, 4), (4, 4), (4, 3)])
    x, targets = rng.normal(size=(B, T, F)), rng.integers(0, 3, (B, T))
    h0 = rng.normal(size=(B, 4))
    before, gradients = vanilla(U, W, V, x, targets, h0)
    for name, matrix in {"U": U, "W": W, "V": V}.items():
        expected = central_difference(lambda: vanilla(U, W, V, x, targets, h0)[0], matrix)
        assert_same_gradient(gradients[name], expected, name)
    U, W, V = (m - 0.1 * gradients[k] for k, m in {"U": U, "W": W, "V": V}.items())
    assert vanilla(U, W, V, x, targets, h0)[0] < before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(cell="gated"), "'gated' is unknown"),
        (dict(activation="swish"), "'swish' is unknown"),
        (dict(x=np.zeros((B, F))), r"expected \(B, T, F\)"),
        (dict(mask=np.ones((B, T + 1))), "mask has shape"),
        (dict(initial_state=[np.zeros((B, U))]), "expected 2 of"),
        (dict(weights={}), "no matrix 'kernel'"),
        (dict(cell="peephole"), "'peephole' is missing"),
        (dict(cell="gru"), r"'kernel' has shape \(2, 12\)"),
    ],
)
def test_bad_input_is_named(change, message):
    weights, x, _ = problem("lstm")
    with pytest.raises(InputError, match=message):
        forward(**{**dict(cell="lstm", weights=weights, x=x), **change})


def test_targets_out_of_range_are_named():
    with pytest.raises(InputError, match=r"0 \.\. 1"):
        softmax_cross_entropy([[0.0, 0.0]], [2])
