"""Cells whose gates see the input alone, on TensorFlow: chunk by chunk under XLA on CPU.

There what a pass costs is the memory that it fills: gates, a and b of all steps are many times the
input. So a chunk's are made where they are read, near the processor, and made again in the backward
pass; only x and h of all steps are ever kept. Operation by operation a chunk would cost more than
it saves, and all steps are taken at once.
"""

import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

from zoo.backends import tensorflow_scan
from zoo.backends.kernels.gate_products import back_products, prepared, products
from zoo.backends.kernels.parallel import CELLS, chunk_length, held, masked, real_only, wide_of
from zoo.backends.tensorflow_loop import dimensions
from zoo.backends.tensorflow_recurrent import _ON_CPU, _last_gradient, _under_xla

CHUNK = 512  # rows of x that a chunk has, those of all its steps


def gated_scan(kind, weights, x, h0, mask=None, reverse=False):
    """Run a cell over all steps: see `zoo.backends`."""
    x, h0 = tf.convert_to_tensor(x), tf.convert_to_tensor(h0)
    start = tf.cast(h0, wide_of(x))
    mask = None if mask is None else tf.cast(mask, tf.bool)
    weights = {name: tf.convert_to_tensor(w) for name, w in weights.items()}
    # Known to be: a loop needs the length of what is left over.
    many = (x.shape[1] or 0) > chunk_length(x.shape[0], CHUNK)
    run = by_chunks if many and _ON_CPU and _under_xla() else at_once
    outputs, final = run(kind, reverse, weights, x, start, mask)
    return outputs, tf.cast(final, h0.dtype)


def at_once(kind, reverse, weights, x, h0, mask):
    """All steps: outputs (B, T, U) and the final state."""
    h = tensorflow_scan.linear_scan(*masked(kind, weights, x, mask), h0, reverse)
    last = h[:, :1] if reverse else h[:, -1:]
    return tf.cast(h, x.dtype), tf.concat([h0[:, None], last], 1)[:, -1]


def by_chunks(kind, reverse, weights, x, h0, mask):
    """As `at_once`, with its own gradient."""
    weights = prepared(weights)
    names = list(weights)

    @tf.custom_gradient
    def run(x, h0, *values):
        given = dict(zip(names, values, strict=True))
        outputs, final = _forward(kind, reverse, given, x, h0, mask)

        def backward(d_outputs, d_final):
            kept = given, x, h0, mask, outputs
            return _last_gradient(*_backward(kind, reverse, kept, d_outputs, d_final))

        return (outputs, final), backward

    return run(x, h0, *weights.values())


def _forward(kind, reverse, weights, x, h0, mask):
    # Two tapes would differentiate the loop, and fail before `_last_gradient` says so in one line.
    weights, x, h0 = tf.nest.map_structure(tf.stop_gradient, (weights, x, h0))
    cell = CELLS[kind]

    def chunk(at, length, h, outputs):
        x_k, real = (_piece(v, at, length) for v in (x, mask))
        gates = cell.opened(weights, products(weights, real_only(x_k, real)))
        h = tensorflow_scan.loop_in_place(*held(cell.pair(gates), real), h, reverse, False)
        return h[:, 0 if reverse else -1], _written(outputs, h, at)

    B, T, _ = dimensions(x)
    empty = tf.zeros([B, T, h0.shape[-1]], x.dtype)
    final, outputs = _over_chunks(chunk, x, reverse, [h0, empty])
    return outputs, final


def _backward(kind, reverse, kept, d_outputs, d_final):
    weights, x, h0, mask, outputs = kept
    names, wide, T, cell = list(weights), h0.dtype, x.shape[1], CELLS[kind]

    def chunk(at, length, d_h, d_x, *sums):
        x_k, real, d_k, h = (_piece(v, at, length) for v in (x, mask, d_outputs, outputs))
        x_k, d_k, h = real_only(x_k, real), tf.cast(d_k, wide), tf.cast(h, wide)
        made = products(weights, x_k)
        gates = cell.opened(weights, made)
        a, _ = held(cell.pair(gates), real)
        g = tensorflow_scan.loop_in_place(a, d_k, d_h, not reverse, True)
        start = at + length if reverse else at - 1
        outside = tf.cast(_piece(outputs, tf.clip_by_value(start, 0, T - 1), 1)[:, 0], wide)
        outside = tf.where((start < 0) | (start >= T), h0, outside)
        before = tensorflow_scan.shifted(h, outside, reverse)
        d_made, of_gates = cell.back(weights, gates, real_only(g, real), before)
        d_made = [tf.cast(d, x.dtype) for d in d_made]
        d_x_k, parts = back_products(weights, x_k, made, d_made)
        parts |= of_gates
        sums = [s + tf.cast(parts[n], s.dtype) for n, s in zip(names, sums, strict=True)]
        first = -1 if reverse else 0
        return a[:, first] * g[:, first], _written(d_x, real_only(d_x_k, real), at), *sums

    sums = [tf.zeros(w.shape, wide) for w in weights.values()]
    d_h, d_x, *sums = _over_chunks(chunk, x, not reverse, [d_final, tf.zeros_like(x), *sums])
    sums = [tf.cast(s, w.dtype) for s, w in zip(sums, weights.values(), strict=True)]
    return d_x, d_h, *sums


def _piece(x, at, length):
    if x is None:
        return None
    B, _, *rest = dimensions(x)
    none = [0] * len(rest)
    return tf.ensure_shape(
        xla.dynamic_slice(x, [0, at, *none], [B, length, *rest]), [x.shape[0], length, *rest]
    )


def _written(x, piece, at):
    piece = tf.cast(piece, x.dtype)
    return tf.ensure_shape(xla.dynamic_update_slice(x, piece, [0, at, 0]), x.shape)


def _over_chunks(chunk, x, reverse, carried):
    """`chunk(at, length, *carried)` for all steps; the chunk that is left over is the last one."""
    length = chunk_length(x.shape[0], CHUNK)
    count, left = divmod(x.shape[1], length)

    def body(k, *carried):
        at = (count - 1 - k if reverse else k) * length
        found = zip(chunk(at, length, *carried), carried, strict=True)
        return k + 1, *(tf.ensure_shape(new, old.shape) for new, old in found)

    if left and reverse:
        carried = chunk(count * length, left, *carried)
    carried = tf.while_loop(lambda k, *_: k < count, body, (tf.constant(0), *carried))[1:]
    if left and not reverse:
        carried = chunk(count * length, left, *carried)
    return carried
