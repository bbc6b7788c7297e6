"""JAX: the custom gradient against finite differences, twice, and what it refuses."""

import keras
import numpy as np
import pytest

if keras.backend.backend() != "jax":
    pytest.skip("needs the JAX backend", allow_module_level=True)

import jax
from jax.test_util import check_grads

from zoo import backends
from zoo.backends import chunks
from zoo.backends.kernels import KERNELS

B, T, F, U = 2, 5, 3, 2
MASK = np.array([[1, 0, 1, 1, 0], [0, 1, 1, 0, 1]], bool)


def problem(kind, mask):
    """(a function of (x, weights, state) to a pair of numbers, a point) in float64."""
    random = np.random.default_rng(0)
    G = KERNELS[kind].gates
    bias = (2, G * U) if kind == "gru" else (G * U,)
    shapes = {"kernel": (F, G * U), "recurrent_kernel": (U, G * U), "bias": bias}
    shapes |= {"peephole": (3, U)} if kind == "peephole" else {}
    weights = {name: random.normal(0, 0.5, shape) for name, shape in shapes.items()}
    states = 2 if kind in ("lstm", "peephole", "coupled") else 1
    state = [random.normal(0, 0.5, (B, U)) for _ in range(states)]
    to_outputs, x = random.normal(size=(B, T, U)), random.normal(size=(B, T, F))

    def function(x, weights, state):
        outputs, final, _ = backends.recurrent(kind, x, weights, state, mask)
        return (outputs * to_outputs).sum(), (final[-1] ** 2).sum()

    return function, (x, weights, state)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lstm without a mask", "peephole", "gru", "gru_reset_before"])
def test_first_and_second_order_gradients_are_finite_differences(kind, monkeypatch):
    kind, _, plain = kind.partition(" ")
    mask = None if plain else MASK
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 96)  # several chunks and a rest
    with jax.enable_x64(True):
        function, point = problem(kind, mask)
        check_grads(jax.jit(function), point, order=2, modes=["rev"], atol=1e-6, rtol=1e-6)


def test_forward_mode_is_refused_with_a_reason():
    function, (x, weights, state) = problem("lstm", None)
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(lambda x: function(x, weights, state)[0], (x,), (x,))


def test_rows_can_be_mapped():
    function, (x, weights, state) = problem("gru", None)
    alone = jax.grad(lambda x, s: function(x[None], weights, [s[None]])[0])
    mapped = jax.vmap(alone)(x, state[0])
    one_by_one = [alone(x[k], state[0][k]) for k in range(B)]
    np.testing.assert_allclose(mapped, one_by_one, rtol=1e-5, atol=1e-6)
