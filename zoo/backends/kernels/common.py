"""What the kernels share: activations with their derivatives, products, and the types they use."""

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import ops

# name -> (function, its derivative in terms of the function's value y)
ACTIVATIONS = {
    "tanh": (ops.tanh, lambda y: 1 - y * y),
    "sigmoid": (ops.sigmoid, lambda y: y * (1 - y)),
    "relu": (ops.relu, lambda y: ops.cast(y > 0, y.dtype)),
    "linear": (lambda a: a, ops.ones_like),
    "hard_sigmoid": (
        ops.hard_sigmoid,
        lambda y: ops.cast(ops.logical_and(y > 0, y < 1), y.dtype) / 6,
    ),
    "softsign": (ops.softsign, lambda y: ops.square(1 - ops.abs(y))),
    "elu": (ops.elu, lambda y: ops.where(y > 0, ops.ones_like(y), y + 1)),
}


# Weights that a step multiplies or adds element by element.
VECTORS = ("recurrent_bias", "peephole")


class Activations(NamedTuple):
    """An activation for the candidate and the output, one for the gates; `d_` the derivatives."""

    main: Callable
    d_main: Callable
    gate: Callable
    d_gate: Callable


class Seen(NamedTuple):
    """One step's h before and after it, (B, U), and what its forward half saved."""

    before: object
    after: object
    saved: tuple


def activations(activation, recurrent_activation, own=None):
    """The `Activations` of two names of `ACTIVATIONS`; `own`: functions to take in their place."""
    (main, d_main), (gate, d_gate) = (ACTIVATIONS[k] for k in (activation, recurrent_activation))
    own = own or {}
    return Activations(
        own.get(activation, main), d_main, own.get(recurrent_activation, gate), d_gate
    )


def unpacked(kind, weights):
    """Weights by name without what is not there; a GRU's two biases (2, 3U) one by one."""
    weights = {name: w for name, w in weights.items() if w is not None}
    if kind == "gru" and "bias" in weights:
        bias = weights["bias"]
        weights |= {"bias": bias[0], "recurrent_bias": bias[1]}
    return weights


def inside(weights, wide):
    """What the loop reads: vectors in the state's type, the recurrent kernel also transposed."""
    vectors = {k: ops.cast(weights[k], wide) for k in VECTORS if k in weights}
    return weights | vectors | {"transposed": ops.transpose(weights["recurrent_kernel"])}


def chosen(real, new, old):
    """`new` where the step is real, (B, 1) bool, else `old`; None = every step is real."""
    return new if real is None else ops.where(real, new, old)


def product(h, kernel):
    """h @ kernel in the kernel's type, returned in h's."""
    return ops.cast(ops.matmul(ops.cast(h, kernel.dtype), kernel), h.dtype)


def outer(h, d):
    """The gradient of h @ kernel by the kernel, all steps and rows in one product."""
    h, d = (ops.reshape(v, (-1, v.shape[-1])) for v in (h, d))
    return ops.matmul(ops.transpose(ops.cast(h, d.dtype)), d)


def over_steps(d):
    """Sum over steps and rows: the gradient of a vector that was added or multiplied."""
    return ops.sum(widened(d), axis=(0, 1))


def widened(d):
    """float32 in place of a half type."""
    return ops.cast(d, wide_type(d.dtype))


def wide_type(dtype):
    """The type of states and sums where products are in `dtype`."""
    dtype = keras.backend.standardize_dtype(dtype)
    return "float32" if dtype in ("float16", "bfloat16") else dtype
