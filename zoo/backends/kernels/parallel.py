"""The cells whose gates see the input alone: a and b of the recurrence h = a h' + b.

    coefficients(kind, weights, x) -> a, b

weights: tensors by name, without what a cell does not have; x (B, T, F) or (B, F); a, b (..., U),
in float32 where products are taken in half precision. That is `project`, then `GATES[kind]` of what
it made. The equations stand in `zoo.layers.parallel`.
"""

from keras import ops

from zoo.backends.kernels.common import wide_type, widened

DECAY_POWER = 8.0  # c in the paper of RG-LRU


def positive(v):
    """g(v) = v + 0.5 above 0, sigmoid(v) below; no comparison, which torch takes number by number.

    At 0 its gradient is that from below, on every backend.
    """
    above = ops.relu(v)
    return above + ops.sigmoid(v - above)


def min_gru(weights, projected):
    """Gates z, h."""
    z, v = ops.split(widened(projected), 2, axis=-1)
    z = ops.sigmoid(z)
    return 1 - z, z * positive(v)


def min_lstm(weights, projected):
    """Gates f, i, h; f / (f + i) and i / (f + i) without 0 / 0 where both are shut.

    They are (1 + exp(-i)) and (1 + exp(-f)) over the sum of both, each times exp(-m), so that the
    largest exponent is 0. What m is changes nothing, so no gradient has to go through it.
    """
    f, i, v = ops.split(widened(projected), 3, axis=-1)
    m = ops.stop_gradient(ops.relu(-ops.minimum(f, i)))
    one = ops.exp(-m)
    keep, take = one + ops.exp(-i - m), one + ops.exp(-f - m)
    both = keep + take
    return keep / both, take / both * positive(v)


def rg_lru(weights, projected):
    """Gates r, i of the projected input; the decay a = exp(-8 r softplus(decay))."""
    r, i = (ops.sigmoid(widened(_gate(weights, k, projected))) for k in range(2))
    log_a = -DECAY_POWER * r * ops.softplus(ops.cast(weights["decay"], r.dtype))
    # 1 - a^2 without cancellation, and with a root that has a gradient where a rounds to 1.
    scale = ops.sqrt(ops.maximum(-ops.expm1(2 * log_a), 1e-12))
    return ops.exp(log_a), scale * i * widened(projected)


GATES = {"min_gru": min_gru, "min_lstm": min_lstm, "rg_lru": rg_lru}


def coefficients(kind, weights, x):
    """a and b of a cell: see above."""
    return GATES[kind](weights, project(weights, x))


def project(weights, x):
    """x @ kernel + bias; x where the cell has no kernel."""
    return _product(x, weights["kernel"], weights.get("bias")) if "kernel" in weights else x


def masked(kind, weights, x, mask=None):
    """a and b of a cell; 1 and 0 at masked steps, where x reaches no gradient, NaN or not."""
    return held(coefficients(kind, weights, real_only(x, mask)), mask)


def real_only(x, mask=None):
    """x with zeros at masked steps."""
    return x if mask is None else ops.where(ops.expand_dims(mask, -1), x, ops.zeros_like(x))


def held(pair, mask=None):
    """(a, b) with 1 and 0 at masked steps, which hold the state."""
    if mask is None:
        return pair
    (a, b), real = pair, ops.expand_dims(mask, -1)
    return ops.where(real, a, ops.ones_like(a)), ops.where(real, b, ops.zeros_like(b))


def wide_of(x):
    """The type of the state for inputs x."""
    return wide_type(x.dtype)


def _product(x, kernel, bias=None):
    """x (..., F) @ kernel + bias, as one product of two matrices in the backward pass too."""
    x_rows = ops.reshape(x, (-1, x.shape[-1]))
    y = ops.matmul(x_rows, kernel)
    if bias is not None:  # as a product, whose gradient is one too: XLA is slow at sums of rows
        y = y + ops.matmul(ops.ones_like(x_rows[:, :1]), bias[None])
    return ops.reshape(y, (*ops.shape(x)[:-1], kernel.shape[-1]))


def _gate(weights, k, u):
    """Gate k (r, i) of an RG-LRU before its sigmoid: each block of units times its own matrix."""
    kernel, bias = weights["gate_kernel"][k], weights.get("gate_bias")
    bias = None if bias is None else bias[k]
    blocks, n = kernel.shape[:2]
    if blocks == 1:
        return _product(u, kernel[0], bias)
    parts = ops.reshape(u, (-1, blocks, n))
    a = ops.reshape(ops.einsum("nki,kij->nkj", parts, kernel), ops.shape(u))
    return a if bias is None else a + bias
