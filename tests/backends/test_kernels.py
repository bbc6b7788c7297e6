"""The fast recurrences against the NumPy equations: random shapes, masks and chunks."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import backends
from zoo.backends import chunks
from zoo.backends.kernels import KERNELS
from zoo.reference import backward, forward

MASKS = ("none", "right", "left", "holes", "nothing real", "all real")
CASES = 36


def draw(random, *shape):
    return random.normal(0, 0.6, shape).astype("float32")


def draw_mask(random, kind, B, T):
    lengths = random.integers(0, T + 1, (B, 1))
    steps = np.arange(T)[None]
    return {
        "none": None,
        "right": steps < lengths,
        "left": steps >= lengths,
        "holes": random.random((B, T)) < 0.5,
        "nothing real": np.zeros((B, T), bool),
        "all real": np.ones((B, T), bool),
    }[kind]


def draw_weights(random, kind, F, U):
    G = KERNELS[kind].gates
    bias = (2, G * U) if kind == "gru" else (G * U,)
    weights = {"kernel": draw(random, F, G * U), "recurrent_kernel": draw(random, U, G * U)}
    weights["bias"] = draw(random, *bias) if random.random() < 0.7 else None
    return weights | ({"peephole": draw(random, 3, U)} if kind == "peephole" else {})


def draw_state(random, kind, B, U):
    count = 2 if kind in ("lstm", "peephole", "coupled") else 1
    return [draw(random, B, U) for _ in range(count)]


def reference(kind, weights, x, state, mask, reverse, activation="tanh"):
    cell, after = ("gru", kind == "gru") if kind.startswith("gru") else (kind, True)
    return forward(cell, weights, x, state, mask, reverse, activation, after)


def gradients(kind, weights, x, state, mask, reverse, d_outputs, d_state, activation="tanh"):
    """(outputs, final state, gradient by name) of the fast recurrence, as NumPy arrays."""
    names = [name for name, w in weights.items() if w is not None]
    values = [keras.Variable(v, dtype=v.dtype) for v in (x, *(weights[n] for n in names), *state)]
    real = None if mask is None else ops.convert_to_tensor(mask)
    d_outputs, *d_state = map(ops.convert_to_tensor, (d_outputs, *d_state))

    def run():
        x, *rest = [ops.convert_to_tensor(v) for v in values]
        given = dict.fromkeys(weights) | dict(zip(names, rest, strict=False))
        state = rest[len(names) :]
        return backends.recurrent(kind, x, given, state, real, reverse, activation)[:2]

    def loss():
        outputs, final = run()
        at_the_end = sum(ops.sum(s * d) for s, d in zip(final, d_state, strict=True))
        return ops.sum(outputs * d_outputs) + at_the_end

    outputs, final = backends.compiled(run, values)()
    _, parts = backends.value_and_gradients(loss, values)
    by_name = dict(zip(names, parts[1:], strict=False))
    by_name |= {"x": parts[0], "initial_state": parts[1 + len(names) :]}
    return ops.convert_to_numpy(outputs), [ops.convert_to_numpy(s) for s in final], by_name


@pytest.mark.parametrize("case", range(CASES))
def test_random_shapes_and_masks_equal_the_equations(case, monkeypatch):
    random = np.random.default_rng([3, case])
    # Chunks of a few steps, so that there are several of them and something left over.
    monkeypatch.setattr(chunks, "CHUNK_BYTES", int(random.choice([64, 1024, 2**21])))
    kind, mask_kind = sorted(KERNELS)[case % 6], MASKS[case // 6 % 6]
    B, T, F, U = (int(random.integers(1, 7)), int(random.integers(1, 24)), 3, 4)
    if case % 5 == 0:
        B, F = 8, 32  # wide enough for a product of its own at each step
    reverse = bool(random.random() < 0.5)
    activation = "relu" if kind == "simple_rnn" and case % 2 else "tanh"
    weights, state = draw_weights(random, kind, F, U), draw_state(random, kind, B, U)
    x, mask = draw(random, B, T, F), draw_mask(random, mask_kind, B, T)
    trace = reference(kind, weights, x, state, mask, reverse, activation)
    d_outputs, d_state = draw(random, B, T, U), [draw(random, B, U) for _ in state]
    expected = backward(trace, d_outputs, d_state)
    given = x if mask is None else np.where(mask[..., None], x, np.float32(np.nan))
    outputs, final, found = gradients(
        kind, weights, given, state, mask, reverse, d_outputs, d_state, activation
    )
    np.testing.assert_allclose(outputs, trace.outputs, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(final, trace.state, rtol=1e-5, atol=1e-5)
    for name, gradient in found.items():
        np.testing.assert_allclose(
            gradient, expected[name], rtol=1e-4, atol=1e-4, err_msg=f"{kind} {mask_kind} {name}"
        )


@pytest.mark.parametrize("kind", KERNELS)
def test_an_empty_sequence_leaves_the_state_as_it_was(kind):
    random = np.random.default_rng(0)
    weights, state = draw_weights(random, kind, 3, 4), draw_state(random, kind, 2, 4)
    mask = np.zeros((2, 5), bool)
    x = draw(random, 2, 5, 3)
    outputs, final, _ = backends.recurrent(
        kind,
        ops.convert_to_tensor(x),
        {n: None if w is None else ops.convert_to_tensor(w) for n, w in weights.items()},
        [ops.convert_to_tensor(s) for s in state],
        ops.convert_to_tensor(mask),
    )
    np.testing.assert_array_equal(ops.convert_to_numpy(outputs), np.repeat(state[0][:, None], 5, 1))
    np.testing.assert_array_equal([ops.convert_to_numpy(s) for s in final], state)


def test_what_cannot_run_fast_is_told():
    dtype = ops.zeros((1,)).dtype
    assert backends.unsupported("lstm", "tanh", "sigmoid", dtype) is None
    assert "selu" in backends.unsupported("lstm", "selu", "sigmoid", dtype)
    assert "no_such" in backends.unsupported("no_such", "tanh", "sigmoid", dtype)


@pytest.mark.neutral
@pytest.mark.parametrize(
    ("steps", "batch", "width"), [(1, 1, 4), (97, 64, 1024), (200, 64, 1024), (7, 4096, 4096)]
)
def test_a_chunk_has_a_step_or_more_and_fits_the_cache(steps, batch, width):
    length = chunks.chunk_length(steps, batch, width)
    assert 1 <= length <= steps
    assert length == 1 or length * batch * width * 4 <= 1.5 * chunks.CHUNK_BYTES


@pytest.mark.neutral
def test_a_chunk_divides_the_steps_where_it_can():
    assert 200 % chunks.chunk_length(200, 64, 1024) == 0
    assert chunks.chunk_length(None, None, 1024) >= 1
