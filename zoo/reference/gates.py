"""What the cells have in common: activations with their derivatives, and one gate's affine map."""

import numpy as np


def sigmoid(a):
    """1 / (1 + exp(-a)), through tanh so that a large -a does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def d_sigmoid(s):
    """The derivative of the sigmoid, in terms of its value `s`."""
    return s * (1 - s)


# name -> (function, its derivative in terms of the function's value)
ACTIVATIONS = {
    "tanh": (np.tanh, lambda y: 1 - y * y),
    "relu": (lambda a: np.maximum(a, 0), lambda y: (y > 0).astype(y.dtype)),
    "linear": (lambda a: a, np.ones_like),
    "sigmoid": (sigmoid, d_sigmoid),
}


def columns(k, units):
    """The columns of gate number `k` in a matrix that holds all gates side by side."""
    return slice(k * units, (k + 1) * units)


def add_bias(a, bias, k, units):
    """`a` plus gate `k`'s part of `bias` (G*U,); `bias` None adds nothing."""
    return a if bias is None else a + bias[columns(k, units)]


def affine(w, k, x, h):
    """Gate `k` before its activation: x W_k + h U_k + b_k, of shape (B, U).

    x (B, F), h (B, U); w["kernel"] (F, G*U), w["recurrent_kernel"] (U, G*U), w["bias"] (G*U,).
    """
    units = h.shape[1]
    gate = columns(k, units)
    a = x @ w["kernel"][:, gate] + h @ w["recurrent_kernel"][:, gate]
    return add_bias(a, w.get("bias"), k, units)


def affine_backward(w, gradients, k, x, h, da):
    """Add gate `k`'s share to the gradients of the weights; return (dx, dh) for da (B, U)."""
    gate = columns(k, h.shape[1])
    gradients["kernel"][:, gate] += x.T @ da
    gradients["recurrent_kernel"][:, gate] += h.T @ da
    if w.get("bias") is not None:
        gradients["bias"][gate] += da.sum(axis=0)
    return da @ w["kernel"][:, gate].T, da @ w["recurrent_kernel"][:, gate].T


def affine_backward_all(w, gradients, x, h, das):
    """`affine_backward` of gates 0, 1, ... in order, their shares of dx and dh summed."""
    shares = [affine_backward(w, gradients, k, x, h, da) for k, da in enumerate(das)]
    return sum(dx for dx, _ in shares), sum(dh for _, dh in shares)
