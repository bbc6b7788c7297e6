"""Cells whose gates see the input alone, one step forward and backward (see `cells.py`).

Each is a linear recurrence h = a * h' + b, with a and b made from the step's input; so all steps
can be computed by a parallel scan, where these functions go one by one.
"""

import numpy as np

from zoo.reference.gates import add_bias, columns, d_sigmoid, sigmoid

DECAY_POWER = 8  # c in the paper of RG-LRU


def positive(v):
    """g(v) = v + 0.5 above 0, sigmoid(v) below: positive everywhere, so that it has a log."""
    return np.where(v > 0, v + 0.5, sigmoid(v))


def d_positive(v):
    """The derivative of `positive` at v."""
    return np.where(v > 0, 1.0, d_sigmoid(sigmoid(v)))


def softplus(a):
    """log(1 + exp(a)) without overflow."""
    return np.logaddexp(0, a)


def _project(w, k, x, units):
    return add_bias(x @ w["kernel"][:, columns(k, units)], w.get("bias"), k, units)


def _project_backward(w, gradients, x, das):
    """Add the shares of gates 0, 1, ... to the gradients of the weights; return dx."""
    dx = 0
    for k, da in enumerate(das):
        gate = columns(k, da.shape[1])
        gradients["kernel"][:, gate] += x.T @ da
        if w.get("bias") is not None:
            gradients["bias"][gate] += da.sum(axis=0)
        dx = dx + da @ w["kernel"][:, gate].T
    return dx


def min_gru_step(w, act, x, states):
    """Feng et al. 2024, algorithm 6: h = (1 - z) * h' + z * g(v); gates z, h. No activation."""
    (h0,) = states
    units = h0.shape[1]
    z, v = sigmoid(_project(w, 0, x, units)), _project(w, 1, x, units)
    return [(1 - z) * h0 + z * positive(v)], (x, h0, z, v)


def min_gru_step_backward(w, act, gradients, cache, d_states):
    x, h0, z, v = cache
    (dh,) = d_states
    da_z = dh * (positive(v) - h0) * d_sigmoid(z)
    da_h = dh * z * d_positive(v)
    return _project_backward(w, gradients, x, [da_z, da_h]), [dh * (1 - z)]


def min_lstm_step(w, act, x, states):
    """Feng et al. 2024, algorithm 8: f and i are divided by their sum; gates f, i, h."""
    (h0,) = states
    units = h0.shape[1]
    a_f, a_i, v = (_project(w, k, x, units) for k in range(3))
    # i / (f + i) by the logs of both, which are never the log of 0.
    f, i = sigmoid(a_f), sigmoid(a_i)
    share = sigmoid(softplus(-a_f) - softplus(-a_i))
    return [(1 - share) * h0 + share * positive(v)], (x, h0, f, i, share, v)


def min_lstm_step_backward(w, act, gradients, cache, d_states):
    x, h0, f, i, share, v = cache
    (dh,) = d_states
    d_log = dh * (positive(v) - h0) * d_sigmoid(share)  # by log i - log f
    da_h = dh * share * d_positive(v)
    das = [-d_log * (1 - f), d_log * (1 - i), da_h]
    return _project_backward(w, gradients, x, das), [dh * (1 - share)]


def rg_lru_step(w, act, x, states):
    """De et al. 2024 ("Griffin"), equations 1-6, of u = x W + b.

    r, i = sigmoid(gates of u), a = exp(-8 r softplus(decay)), h = a * h' + sqrt(1 - a^2) * i * u.
    w["gate_kernel"] (2, blocks, U / blocks, U / blocks): r and i, each block on its own units.
    """
    (h0,) = states
    u = _project(w, 0, x, h0.shape[1])
    r, i = (sigmoid(_blocks(w, k, u)) for k in range(2))
    log_a = -DECAY_POWER * r * softplus(w["decay"])
    a, scale = np.exp(log_a), np.sqrt(-np.expm1(2 * log_a))
    return [a * h0 + scale * i * u], (x, h0, u, r, i, a, scale)


def rg_lru_step_backward(w, act, gradients, cache, d_states):
    x, h0, u, r, i, a, scale = cache
    (dh,) = d_states
    d_log_a = dh * (h0 - a / scale * i * u) * a
    gradients["decay"] += (-DECAY_POWER * d_log_a * r * sigmoid(w["decay"])).sum(axis=0)
    da_r = -DECAY_POWER * d_log_a * softplus(w["decay"]) * d_sigmoid(r)
    da_i = dh * scale * u * d_sigmoid(i)
    du = dh * scale * i
    for k, da in enumerate((da_r, da_i)):
        du = du + _blocks_backward(w, gradients, k, u, da)
    return _project_backward(w, gradients, x, [du]), [dh * a]


def _split(x, blocks):
    return x.reshape(len(x), blocks, -1)


def _blocks(w, k, u):
    """Gate `k` before its sigmoid: each block of units times its own matrix."""
    kernel = w["gate_kernel"][k]
    a = np.einsum("bki,kij->bkj", _split(u, len(kernel)), kernel).reshape(u.shape)
    return a if w.get("gate_bias") is None else a + w["gate_bias"][k]


def _blocks_backward(w, gradients, k, u, da):
    """Add gate `k`'s share to the gradients of its weights; return that of u."""
    kernel = w["gate_kernel"][k]
    split = _split(da, len(kernel))
    gradients["gate_kernel"][k] += np.einsum("bki,bkj->kij", _split(u, len(kernel)), split)
    if w.get("gate_bias") is not None:
        gradients["gate_bias"][k] += da.sum(axis=0)
    return np.einsum("bkj,kij->bki", split, kernel).reshape(u.shape)
