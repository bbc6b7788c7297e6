"""The linear recurrence on TensorFlow: three ways for the three ways in which it runs.

    XLA on CPU                a loop over steps that reads and writes (B, T, U) in place
    XLA on GPU                an associative scan in log2(T) rounds
    operation by operation    all chunks of steps at once, twice

Each step of a loop costs 10 microseconds outside of XLA, so there the steps of all chunks are taken
together: the first pass finds what each chunk makes of the state that comes in, the second runs
again from the state that does. At B = 8, U = 128 and T = 2,048 on one core that takes 5 ms, a loop
over steps 21, an associative scan 33; under XLA the loop in place takes 3 ms, a `TensorArray` with
its transpositions 5, an associative scan 48. No way divides, so that a factor of 0 is exact.
"""

import functools

import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

from zoo.backends.kernels.common import wide_type
from zoo.backends.tensorflow_loop import dimensions
from zoo.backends.tensorflow_recurrent import (
    _ON_CPU,
    EAGER_STEPS,
    _forward_only,
    _last_gradient,
    _under_xla,
)

LENGTH = 32  # steps of a chunk


def linear_scan(a, b, h0, reverse=False):
    """h_t = a_t * h_{t-1} + b_t: see `zoo.backends`."""
    wide = wide_type(b.dtype)
    tensors = [tf.cast(v, wide) for v in (a, b, h0)]
    if tf.executing_eagerly() and b.shape[1] > EAGER_STEPS:
        h = _graph(b.shape[2])(*tensors, reverse)
    else:
        h = _in_graph(*tensors, reverse)
    return tf.cast(h, b.dtype)


def _in_graph(a, b, h0, reverse):
    return (run if _forward_only.get() else scan)(a, b, h0, reverse, False)


@functools.cache
def _graph(units):
    """One graph function for each width: only B and T may then become unknown."""
    return tf.function(_in_graph, reduce_retracing=True, autograph=False)


def scan(a, b, h0, reverse, late):
    """h_t = a_t h_{t-1} + b_t; with `late`, the factor after: y_t = b_t + c_t, c_{t+1} = a_t y_t.

    Each is the gradient of the other, run the other way, so they can be differentiated for ever,
    but under XLA once.
    """

    @tf.custom_gradient
    def with_gradient(a, b, h0):
        h = run(a, b, h0, reverse, late)

        def backward(d):
            gradients = _backward(a, h, h0, d, reverse, late)
            return _last_gradient(*gradients) if _under_xla() else gradients

        return h, backward

    return with_gradient(a, b, h0)


def _backward(a, h, h0, d, reverse, late):
    zeros = tf.zeros_like(h0)
    g = scan(a, d, zeros, not reverse, not late)
    first = -1 if reverse else 0
    if late:  # the gradient of c_{t+1} is that of y_{t+1}
        return shifted(g, zeros, not reverse) * h, g, g[:, first]
    return g * shifted(h, h0, reverse), g, a[:, first] * g[:, first]


def shifted(h, start, reverse):
    """The step before each one, `start` before the first."""
    start = start[:, None]
    return tf.concat([h[:, 1:], start] if reverse else [start, h[:, :-1]], 1)


def run(a, b, h0, reverse, late):
    """What `scan` computes, without a gradient."""
    if b.shape[1] == 0:
        return b
    if b.shape[1] == 1:
        return step_by_step(a, b, h0, reverse, late)
    if _under_xla() and _ON_CPU:
        return loop_in_place(a, b, h0, reverse, late)
    if _under_xla() and b.shape[1] is not None:
        return associative(a, b, h0, reverse, late)
    return by_chunks(a, b, h0, reverse, late)


def _step(a, b, carry, late):
    """(output, what is carried on) of one step."""
    if late:
        return b + carry, a * (b + carry)
    h = a * carry + b
    return h, h


def step_by_step(a, b, h0, reverse, late):
    """Few steps, as many operations. T is known."""
    return tf.stack(_unrolled(tf.unstack(a, axis=1), tf.unstack(b, axis=1), h0, reverse, late), 1)


def _unrolled(a, b, carry, reverse, late):
    outputs, order = [], range(len(a))
    for k in reversed(order) if reverse else order:
        output, carry = _step(a[k], b[k], carry, late)
        outputs.append(output)
    return outputs[::-1] if reverse else outputs


def loop_in_place(a, b, h0, reverse, late):
    """A loop over steps, by operations that only XLA has and that TensorFlow cannot differentiate.

    Two tapes would have it try to, and fail before `scan` says so in one line.
    """
    a, b, h0 = (tf.stop_gradient(v) for v in (a, b, h0))
    B, T, U = dimensions(b)

    def body(k, carry, outputs):
        at = [0, T - 1 - k if reverse else k, 0]
        step = [tf.ensure_shape(xla.dynamic_slice(v, at, [B, 1, U]), carry.shape) for v in (a, b)]
        output, carry = _step(*step, carry, late)
        written = xla.dynamic_update_slice(outputs, output, at)
        return k + 1, carry, tf.ensure_shape(written, outputs.shape)

    start = (tf.constant(0), h0[:, None], tf.zeros_like(b))
    return tf.while_loop(lambda k, *_: k < T, body, start)[2]


def associative(a, b, h0, reverse, late):
    """Pairs of steps are one step of half as many, and those the same (Blelloch 1990). T known."""
    if late:
        a = shifted(a, tf.ones_like(h0), reverse)
    if reverse:
        return tf.reverse(associative(a[:, ::-1], b[:, ::-1], h0, False, False), [1])
    first = a[:, :1] * h0[:, None] + b[:, :1]
    return _pairs(a, tf.concat([first, b[:, 1:]], 1))


def _pairs(a, b):
    T = b.shape[1]
    if T == 1:
        return b
    even = T - T % 2
    odd_a = a[:, 1:even:2]
    odd = _pairs(odd_a * a[:, 0:even:2], odd_a * b[:, 0:even:2] + b[:, 1:even:2])
    before = odd if T % 2 else odd[:, :-1]
    even_steps = tf.concat([b[:, :1], a[:, 2::2] * before + b[:, 2::2]], 1)
    both = tf.stack([even_steps[:, : even // 2], odd], 2)
    both = tf.reshape(both, [tf.shape(b)[0], even, b.shape[2]])
    return tf.concat([both, even_steps[:, even // 2 :]], 1)


def by_chunks(a, b, h0, reverse, late, levels=2):
    """Twice over the chunks; between, the chunks are a recurrence of the same kind."""
    T = b.shape[1]
    if T is not None and T <= LENGTH:
        return step_by_step(a, b, h0, reverse, late)
    if T is None and not levels:
        return _loop(a, b, h0, reverse)
    B, T, U = dimensions(b)
    count = max(-(-T // LENGTH), 1) if isinstance(T, int) else tf.maximum(-(-T // LENGTH), 1)
    # A step of factor 1 and input 0 changes nothing, from either side.
    a, b = (_in_chunks(v, count, fill) for v, fill in ((a, 1), (b, 0)))
    factor, end = _effect(a, b, reverse, late)
    after = by_chunks(factor, end, h0, reverse, False, levels - 1)
    outputs = _unrolled(a, b, shifted(after, h0, reverse), reverse, late)
    found = tf.reshape(tf.stack(outputs, 2), [B, count * LENGTH, U])
    return found if isinstance(T, int) and T % LENGTH == 0 else found[:, :T]


def _in_chunks(x, count, fill):
    """(B, T, U) as LENGTH tensors (B, count, U)."""
    B, T, U = dimensions(x)
    if not isinstance(T, int) or count * LENGTH != T:
        x = tf.pad(x, [[0, 0], [0, count * LENGTH - T], [0, 0]], constant_values=fill)
    return tf.unstack(tf.reshape(x, [B, count, LENGTH, U]), axis=2)


def _effect(a, b, reverse, late):
    """Of chunks: the factor of the state that comes in, and what it adds to."""
    order = range(len(a))[::-1] if reverse else range(len(a))
    factor, end = None, None
    for k in order:
        factor = a[k] if factor is None else factor * a[k]
        if end is None:  # from a state of 0
            end = _step(a[k], b[k], 0, late)[1] if late else b[k]
            continue
        end = _step(a[k], b[k], end, late)[1]
    return factor, end


def _loop(a, b, h0, reverse):
    """A loop over what is left of the steps."""
    T = tf.shape(b)[1]
    outputs = tf.TensorArray(b.dtype, size=T, element_shape=h0.shape)

    def body(k, h, outputs):
        t = T - 1 - k if reverse else k
        h = a[:, t] * h + b[:, t]
        return k + 1, h, outputs.write(t, h)

    start = (tf.constant(0), h0, outputs)
    found = tf.while_loop(lambda k, *_: k < T, body, start)[2].stack()
    return tf.transpose(found, [1, 0, 2])
