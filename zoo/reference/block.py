"""The residual block around a cell, step by step in NumPy: see `zoo.layers.block`."""

import numpy as np

from zoo.reference.gates import sigmoid
from zoo.reference.recurrent import forward

EPSILON = 1e-6  # of the normalisation


def rms_norm(x, scale):
    """x over its root mean square (Zhang and Sennrich 2019, equation 4)."""
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + EPSILON) * scale


def gelu(x):
    """Hendrycks and Gimpel 2016, the approximation by tanh."""
    return x * sigmoid(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))


def block(kind, w, cell, x, state, mask=None, gated=False):
    """Outputs (B, T, U) and the final state of a block around the cell `kind`.

    w: the block's weights as "norm/scale", "leave/kernel", ..., those it does not have left out;
    cell: the cell's, as `forward` takes them. x (B, T, F), mask (B, T) with True = a real step;
    state: the last output, the inputs of the convolution if there is one, the cell's.
    """
    mask = np.ones(x.shape[:2], bool) if mask is None else mask
    outputs, state = [], list(state)
    for t in range(x.shape[1]):
        after = _step(kind, w, cell, x[:, t], state, gated)
        real = mask[:, t, None]
        state = [np.where(real, new, old) for new, old in zip(after, state, strict=True)]
        outputs.append(state[0])
    return np.stack(outputs, axis=1), state


def _dense(w, name, x):
    return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]


def _step(kind, w, cell, x, state, gated):
    x = _dense(w, "enter", x) if "enter/kernel" in w else x
    normed, (_, *state) = rms_norm(x, w["norm/scale"]), state
    read, window = (_dense(w, "inner", normed) if gated else normed), []
    if "taps" in w:
        steps = len(w["taps"])
        if steps > 1:
            past = state.pop(0).reshape(len(x), steps - 1, -1)
            seen = np.concatenate([past, read[:, None]], axis=1)
            window = [seen[:, 1:].reshape(len(x), -1)]
        else:
            seen = read[:, None]
        read = (seen * w["taps"]).sum(axis=1) + w["taps_bias"]
    trace = forward(kind, cell, read[:, None], state)
    output = trace.outputs[:, 0]
    if gated:
        output = output * gelu(_dense(w, "side", normed))
    y = x + _dense(w, "leave", output)
    if "mlp_leave/kernel" in w:
        normed = rms_norm(y, w["mlp_norm/scale"])
        hidden = _dense(w, "mlp_inner", normed)
        hidden = gelu(_dense(w, "mlp_side", normed)) * hidden if gated else gelu(hidden)
        y = y + _dense(w, "mlp_leave", hidden)
    y = rms_norm(y, w["last_norm/scale"]) if "last_norm/scale" in w else y
    return [y, *window, *trace.state]
