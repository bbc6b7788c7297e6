"""The cells whose gates see the input alone: a and b of the recurrence h = a h' + b.

    coefficients(kind, weights, x) -> a, b

weights: tensors by name, without what a cell does not have; x (B, T, F) or (B, F); a, b (..., U),
in float32 where products are taken in half precision. The equations stand in `zoo.layers.parallel`.
A cell is three functions without a product, so that a backend can also go back through it by hand:

    opened(weights, made)            -> gates: what `products` made, through the activations
    pair(gates)                      -> a, b
    back(weights, gates, g, before)  -> the gradient of each that was made, and of weights, by name

g (..., U) is the gradient of h and of b, before the state before each step: so that of a is
g * before. What `products` makes, and of which weights, stands in `gate_products.py`.
"""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from zoo.backends.kernels.common import wide_type, widened
from zoo.backends.kernels.gate_products import prepared, products, rows_sum

SHUT = -30.0  # below, a sigmoid is the exponential function to the last digit


class Cell(NamedTuple):
    """One cell: see above."""

    opened: Callable
    pair: Callable
    back: Callable


def coefficients(kind, weights, x):
    """a and b of a cell: see above."""
    cell, weights = CELLS[kind], prepared(weights)
    return cell.pair(cell.opened(weights, products(weights, x)))


def masked(kind, weights, x, mask=None):
    """a and b of a cell; 1 and 0 at masked steps, where x reaches no gradient, NaN or not."""
    return held(coefficients(kind, weights, real_only(x, mask)), mask)


def chunk_length(batch, rows):
    """Steps of a chunk of about so many rows of x; batch: its size, None where that is open."""
    return max(rows // batch, 8) if isinstance(batch, int) and batch else 64


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


class Candidate(NamedTuple):
    """g(v) = v + 0.5 above 0, sigmoid(v) below, that is max(v, 0) + sigmoid(min(v, 0))."""

    above: object
    below: object


def candidate(v):
    """v as g sees it."""
    above = ops.relu(v)
    return Candidate(above, ops.sigmoid(v - above))


def positive(gate):
    """g(v)."""
    return gate.above + gate.below


def d_positive(gate):
    """Its derivative; at 0 that from below, on every backend."""
    return gate.below * (1 - gate.below) + 0.75 * ops.sign(gate.above)


def open_min_gru(weights, made):
    """Gates z, h."""
    z, v = ops.split(widened(made[0]), 2, axis=-1)
    return ops.sigmoid(z), candidate(v)


def pair_min_gru(gates):
    z, v = gates
    return 1 - z, z * positive(v)


def back_min_gru(weights, gates, g, before):
    z, v = gates
    g = g * z
    da_z = g * (1 - z) * (positive(v) - before)
    return [ops.concatenate([da_z, g * d_positive(v)], -1)], {}


def open_min_lstm(weights, made):
    """Gates f, i, h; where both f and i are shut, both are opened by the same factor.

    That changes neither f / (f + i) nor i / (f + i), and no 0 / 0 comes of it.
    """
    f, i, v = ops.split(widened(made[0]), 3, axis=-1)
    shift = ops.stop_gradient(ops.relu(SHUT - ops.maximum(f, i)))
    return ops.sigmoid(f + shift), ops.sigmoid(i + shift), candidate(v)


def pair_min_lstm(gates):
    f, i, v = gates
    share = 1 / (f + i)
    return f * share, i * share * positive(v)


def back_min_lstm(weights, gates, g, before):
    f, i, v = gates
    share = 1 / (f + i)
    g = g * i * share
    d_log = g * f * share * (positive(v) - before)
    return [ops.concatenate([d_log * (f - 1), d_log * (1 - i), g * d_positive(v)], -1)], {}


def open_rg_lru(weights, made):
    """u; gates r, i; the decay a = exp(slope r), and sqrt(1 - a^2)."""
    u, r, i = (widened(v) for v in made)
    r, i = ops.sigmoid(r), ops.sigmoid(i)
    less = ops.expm1(weights["slope"] * r)  # a - 1
    # 1 - a^2 without cancellation, and with a root that has a gradient where a rounds to 1.
    scale = ops.sqrt(ops.maximum(-less * (2 + less), 1e-12))
    return u, r, i, 1 + less, scale


def pair_rg_lru(gates):
    u, _, i, a, scale = gates
    return a, scale * i * u


def back_rg_lru(weights, gates, g, before):
    u, r, i, a, scale = gates
    d_u = g * scale * i
    d_slope = g * a * (before - a / scale * i * u) * r
    d = [d_u, d_slope * weights["slope"] * (1 - r), d_u * u * (1 - i)]
    return d, {"slope": rows_sum(d_slope)}


CELLS = {
    "min_gru": Cell(open_min_gru, pair_min_gru, back_min_gru),
    "min_lstm": Cell(open_min_lstm, pair_min_lstm, back_min_lstm),
    "rg_lru": Cell(open_rg_lru, pair_rg_lru, back_rg_lru),
}
