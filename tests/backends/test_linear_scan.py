"""The linear recurrence: every way of computing it against a loop in NumPy, and its gradients."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import backends
from zoo.errors import InputError

B, U = 3, 4
LENGTHS = [1, 2, 7, 33, 64, 130, 1100]  # on each side of every way's chunks
tensor = ops.convert_to_tensor


def problem(T, rows=B, units=U):
    random = np.random.default_rng(T)
    a = random.uniform(0, 1, (rows, T, units))
    a[:, ::5] = 0  # forgets all
    a[:, 1::5] = 1  # forgets nothing
    shapes = [(rows, T, units), (rows, units)]
    return [v.astype("float32") for v in (a, *(random.normal(size=s) for s in shapes))]


def by_loop(a, b, h, reverse=False):
    a, b, h = (np.asarray(v, "float64") for v in (a, b, h))
    found = np.zeros(b.shape)
    for t in reversed(range(b.shape[1])) if reverse else range(b.shape[1]):
        found[:, t] = h = a[:, t] * h + b[:, t]
    return found


def gradients_by_loop(a, b, h0, d, reverse):
    h, da, db = by_loop(a, b, h0, reverse), np.zeros(a.shape), np.zeros(a.shape)
    order = list(range(a.shape[1]))[:: -1 if reverse else 1]
    g = np.zeros(h0.shape)
    for before, t in reversed(list(zip([None, *order], order, strict=False))):
        g = g + d[:, t]
        db[:, t], da[:, t] = g, g * (h0 if before is None else h[:, before])
        g = a[:, t] * g
    return da, db, g


def differentiate(function, values):
    """Gradients of the number that `function` makes of the values."""
    variables = [keras.Variable(v) for v in values]
    run = lambda: function(*(tensor(v) for v in variables))  # noqa: E731
    return backends.value_and_gradients(run, variables)[1]


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("T", LENGTHS)
def test_values_and_gradients_are_those_of_the_loop(T, reverse):
    a, b, h0 = problem(T)
    found = ops.convert_to_numpy(backends.linear_scan(*map(tensor, (a, b, h0)), reverse))
    np.testing.assert_allclose(found, by_loop(a, b, h0, reverse), rtol=1e-5, atol=1e-5)
    d = np.random.default_rng(0).normal(size=b.shape).astype("float32")
    gradients = differentiate(
        lambda a, b, h: ops.sum(tensor(d) * backends.linear_scan(a, b, h, reverse)), (a, b, h0)
    )
    for g, expected in zip(gradients, gradients_by_loop(a, b, h0, d, reverse), strict=True):
        np.testing.assert_allclose(g, expected, rtol=1e-4, atol=1e-4)


def every_way():
    """name -> function(reverse, late, a, b, h0), whichever of them this machine would choose."""
    if keras.backend.backend() == "jax":
        from zoo.backends import jax_scan

        return {"loop": jax_scan.loop_over_steps, "associative": jax_scan.associative}
    if keras.backend.backend() == "torch":
        from zoo.backends import torch_scan

        def short_chunks(reverse, late, a, b, h0):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(torch_scan, "_length", lambda b: 4)
                return torch_scan.run(a, b, h0, reverse, late)

        return {"of a GPU": short_chunks}
    import tensorflow as tf

    from zoo.backends import tensorflow_scan

    def way(function, **options):
        run = tf.function(function, autograph=False, **options)
        return lambda reverse, late, a, b, h0: run(a, b, h0, reverse, late)

    unknown = (
        tf.TensorSpec((None, None, U)),
        tf.TensorSpec((None, None, U)),
        tf.TensorSpec((None, U)),
    )

    def open_shapes(reverse, late, a, b, h0):
        run = lambda a, b, h0: tensorflow_scan.by_chunks(a, b, h0, reverse, late)  # noqa: E731
        return tf.function(run, autograph=False, input_signature=unknown)(a, b, h0)

    return {
        "loop": way(tensorflow_scan.loop_in_place, jit_compile=True),
        "associative": way(tensorflow_scan.associative),
        "associative under XLA": way(tensorflow_scan.associative, jit_compile=True),
        "chunks": way(tensorflow_scan.by_chunks),
        "chunks of open shapes": open_shapes,
    }


@pytest.mark.parametrize("late", [False, True], ids=["", "late"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("T", [1, 5, 70])
@pytest.mark.parametrize("way", every_way())
def test_every_way_gives_the_same(way, T, reverse, late):
    a, b, h0 = problem(T)
    found = every_way()[way](reverse, late, *map(tensor, (a, b, h0)))
    if late:  # the factor of a step meets its output: that of the step before, in order
        ones = np.ones((B, 1, U))
        a = np.concatenate([a[:, 1:], ones] if reverse else [ones, a[:, :-1]], 1)
    expected = by_loop(a, b, h0, reverse)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("factor", [0.0, 1e-30, 0.5, 1 - 1e-6, 1.0])
def test_products_over_65536_steps_neither_overflow_nor_vanish_to_nan(factor):
    T = 65_536
    a, b, h0 = (
        np.full((1, T, 2), factor, "float32"),
        np.zeros((1, T, 2), "float32"),
        np.ones((1, 2)),
    )
    b[:, 1::2] = 1e-3
    found = ops.convert_to_numpy(backends.linear_scan(*map(tensor, (a, b, h0.astype("float32")))))
    expected = by_loop(a, b, h0)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-7)
    gradients = differentiate(
        lambda a, b, h: ops.mean(backends.linear_scan(a, b, h)), (a, b, h0.astype("float32"))
    )
    assert all(np.isfinite(g).all() for g in gradients)


def test_half_precision_is_added_up_in_float32():
    T = 600
    a, b = np.ones((1, T, 1), "float32"), np.full((1, T, 1), 1.0, "float32")
    half = [ops.cast(tensor(v), "bfloat16") for v in (a, b, np.zeros((1, 1), "float32"))]
    found = backends.linear_scan(*half)
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    # In bfloat16 alone the sum stands still at 256.
    assert float(ops.convert_to_numpy(ops.cast(found, "float32"))[0, -1, 0]) == 600


@pytest.mark.parametrize("T", [3, 40])
def test_gradients_of_the_gradient(T):
    values = problem(T)
    d = np.random.default_rng(1).normal(size=values[1].shape).astype("float32")

    def scan(a, b, h):
        return ops.sum(tensor(d) * backends.linear_scan(a, b, h) ** 2)

    if keras.backend.backend() == "jax":
        import jax

        def twice(function):
            def total(*at):
                return sum(ops.sum(g**2) for g in jax.grad(function, (0, 1, 2))(*at))

            return jax.jit(jax.grad(total, (0, 1, 2)))(*map(tensor, values))

        found, expected = twice(scan), twice(plain(d))
    elif keras.backend.backend() == "torch":
        import torch

        def twice(function):
            at = [torch.tensor(v, requires_grad=True) for v in values]
            first = torch.autograd.grad(function(*at), at, create_graph=True)
            return torch.autograd.grad(sum((g**2).sum() for g in first), at)

        found, expected = twice(scan), twice(plain(d))
    else:
        import tensorflow as tf

        def twice(function, **options):
            @tf.function(autograph=False, **options)
            def run(*at):
                with tf.GradientTape() as outer:
                    outer.watch(at)
                    with tf.GradientTape() as inner:
                        inner.watch(at)
                        number = function(*at)
                    total = tf.add_n([tf.reduce_sum(g**2) for g in inner.gradient(number, at)])
                return outer.gradient(total, at)

            return run(*map(tensor, values))

        found, expected = twice(scan), twice(plain(d))
        with pytest.raises(InputError, match=r"second-order .*jit_compile=False"):
            twice(scan, jit_compile=True)
    for g, e in zip(found, expected, strict=True):
        g, e = ops.convert_to_numpy(g), ops.convert_to_numpy(e)
        np.testing.assert_allclose(g, e, rtol=1e-3, atol=1e-3)


def plain(d):
    """The number of the test above by single operations, which the framework differentiates."""

    def function(a, b, h):
        total = 0.0
        for t in range(b.shape[1]):
            h = a[:, t] * h + b[:, t]
            total = total + ops.sum(tensor(d)[:, t] * h**2)
        return total

    return function


def test_no_step_at_all():
    a, b, h0 = problem(0)
    assert ops.convert_to_numpy(backends.linear_scan(*map(tensor, (a, b, h0)))).shape == (B, 0, U)
