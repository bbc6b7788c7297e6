"""Loops over time on TensorFlow: over steps, and over chunks of steps."""

from typing import NamedTuple

import tensorflow as tf


class Chunks(NamedTuple):
    """What a loop over chunks made: a TensorArray of chunks, and the chunk that was left over.

    Either may be None. The chunks are not put together where the next loop reads them one by one:
    that would be a second copy of all steps.
    """

    whole: tf.TensorArray | None
    rest: tf.Tensor | None

    def joined(self):
        """All steps as one tensor (T, ...)."""
        if self.whole is None:
            return self.rest
        whole = self.whole.concat()
        return whole if self.rest is None else tf.concat([whole, self.rest], 0)


def by_time(x):
    """(B, T, ...) -> (T, B, ...), and back."""
    return tf.transpose(x, [1, 0, *range(2, len(x.shape))])


def dimensions(x):
    """The shape of x, an int for each size that Python knows."""
    known = x.shape.as_list()
    return [tf.shape(x)[k] if size is None else size for k, size in enumerate(known)]


def loop(step, state, inputs, spec, count, reverse=False):
    """step(state, inputs at t) -> (state, results) for t of `count`; results as TensorArrays.

    inputs: tensors or TensorArrays with t first; spec: the (type, shape) of each result of a step.
    """
    arrays = [tf.TensorArray(kind, size=count, element_shape=shape) for kind, shape in spec]

    def body(k, state, arrays):
        t = count - 1 - k if reverse else k
        at = [v.read(t) if isinstance(v, tf.TensorArray) else v[t] for v in inputs]
        state, results = step(state, at)
        return k + 1, list(state), [a.write(t, r) for a, r in zip(arrays, results, strict=True)]

    _, state, arrays = tf.while_loop(
        lambda k, *_: k < count, body, (0, list(state), arrays), maximum_iterations=count
    )
    return state, arrays


def by_chunks(function, carried, inputs, spec, length, reverse=False):
    """Loop `function` over chunks of `length` steps, then over the rest: carried, list of `Chunks`.

    inputs: tensors (T, ...), or `Chunks` of a loop before with the same length; spec: of the
    results of one chunk.
    """
    T = inputs[0].shape[0]
    if T is None or length >= T:
        carried, results = function(carried, [_one_chunk(v) for v in inputs])
        return carried, [Chunks(None, r) for r in results]
    count, left = divmod(T, length)
    parts = [_split(v, count, length) for v in inputs]
    rest = [None] * len(spec)
    if left and reverse:
        carried, rest = function(carried, [v.rest for v in parts])
    carried, whole = loop(function, carried, [v.whole for v in parts], spec, count, reverse)
    if left and not reverse:
        carried, rest = function(carried, [v.rest for v in parts])
    return carried, [Chunks(w, r) for w, r in zip(whole, rest, strict=True)]


def _one_chunk(v):
    return v.rest if isinstance(v, Chunks) else v


def _split(v, count, length):
    if isinstance(v, Chunks):
        return v
    shape = [count, length, *dimensions(v)[1:]]
    return Chunks(tf.reshape(v[: count * length], shape), v[count * length :])
