"""TensorFlow: the custom gradient against finite differences, twice; XLA; unknown shapes."""

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("needs the TensorFlow backend", allow_module_level=True)

import tensorflow as tf

from zoo import backends
from zoo.backends import chunks
from zoo.backends.kernels import KERNELS

B, T, F, U = 2, 5, 3, 2
MASK = np.array([[1, 0, 1, 1, 0], [0, 1, 1, 0, 1]], bool)


def problem(kind, mask):
    """(a function of a list of tensors to a number, a point, a direction) in float64."""
    random = np.random.default_rng(0)
    G = KERNELS[kind].gates
    bias = (2, G * U) if kind == "gru" else (G * U,)
    shapes = {"kernel": (F, G * U), "recurrent_kernel": (U, G * U), "bias": bias}
    shapes |= {"peephole": (3, U)} if kind == "peephole" else {}
    states = 2 if kind in ("lstm", "peephole", "coupled") else 1
    sizes = [(B, T, F), *shapes.values(), *[(B, U)] * states]
    point, direction = ([tf.constant(random.normal(0, 0.5, s)) for s in sizes] for _ in range(2))
    to_outputs = random.normal(size=(B, T, U))

    def function(values):
        weights = dict(zip(shapes, values[1:], strict=False))
        state = values[1 + len(shapes) :]
        outputs, final, _ = backends.recurrent(kind, values[0], weights, state, mask)
        return tf.reduce_sum(outputs * to_outputs) + tf.reduce_sum(final[-1] ** 2)

    return function, point, direction


def gradient(function):
    def run(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            number = function(values)
        return tape.gradient(number, values)

    return run


def along(function, direction):
    """The gradient of `function` times `direction`, as a function."""
    return lambda values: tf.add_n(
        [tf.reduce_sum(g * d) for g, d in zip(gradient(function)(values), direction, strict=True)]
    )


def differences(function, point, direction, step=1e-5):
    ahead, behind = (
        [p + sign * step * d for p, d in zip(point, direction, strict=True)] for sign in (1, -1)
    )
    return tf.nest.map_structure(
        lambda a, b: (a - b) / (2 * step), function(ahead), function(behind)
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lstm without a mask", "peephole", "gru", "gru_reset_before"])
def test_first_and_second_order_gradients_are_finite_differences(kind, monkeypatch):
    kind, _, plain = kind.partition(" ")
    mask = None if plain else MASK
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 96)  # several chunks and a rest
    function, point, direction = problem(kind, mask)
    slope = along(function, direction)
    np.testing.assert_allclose(
        differences(function, point, direction), slope(point), rtol=1e-7, atol=1e-7
    )
    first = tf.function(gradient(function))
    second = tf.function(gradient(slope))(point)
    for found, expected in zip(second, differences(first, point, direction), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_under_xla_the_first_gradient_is_the_same_and_the_second_refused(kind):
    function, point, direction = problem(kind, MASK)
    plain, compiled = (tf.function(gradient(function), jit_compile=xla) for xla in (False, True))
    for found, expected in zip(compiled(point), plain(point), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    twice = tf.function(gradient(along(function, direction)), jit_compile=True)
    with pytest.raises(Exception, match="second-order gradient of a recurrent layer"):
        twice(point)


@pytest.mark.parametrize("xla", [False, True], ids=["plain", "xla"])
@pytest.mark.parametrize("mask", [None, MASK], ids=["plain", "masked"])
def test_a_graph_of_unknown_batch_and_time_computes_the_same(mask, xla):
    _, (x, *rest), _ = problem("peephole", None)
    real = None if mask is None else tf.constant(mask)

    def run(x, mask):
        weights = dict(zip(("kernel", "recurrent_kernel", "bias", "peephole"), rest, strict=False))
        state = [tf.zeros((tf.shape(x)[0], U), x.dtype)] * 2
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = backends.recurrent("peephole", x, weights, state, mask)[0]
        return outputs, tape.gradient(outputs, x)

    unknown = [tf.TensorSpec((None, None, F), x.dtype)]
    unknown.append(None if mask is None else tf.TensorSpec((None, None), tf.bool))
    graph = tf.function(run, jit_compile=xla).get_concrete_function(*unknown)
    given = (x,) if mask is None else (x, real)
    for found, expected in zip(graph(*given), tf.function(run)(x, real), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
