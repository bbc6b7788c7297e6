"""The recurrent layers on TensorFlow: two nested loops over time, with the gradient written out.

The outer loop goes over chunks (see `chunks.py`), the inner one over their steps. The same graph
runs under XLA, where it is fastest, and without. Shapes may be known in part only: what Python
knows is an int, the rest a tensor.
"""

import contextlib
import contextvars
import functools

import tensorflow as tf
from tensorflow.python.ops import control_flow_util

from zoo.backends.chunks import chunk_length
from zoo.backends.kernels import KERNELS, Seen, activations, inside, unpacked, unsupported
from zoo.backends.kernels.common import wide_type, widened
from zoo.backends.tensorflow_loop import by_chunks, by_time, dimensions, loop
from zoo.errors import InputError

__all__ = ["recurrent", "unsupported"]

# Called eagerly, up to here step by step: tracing a graph would take longer than many such calls.
EAGER_STEPS = 16
_ON_CPU = not tf.config.list_physical_devices("GPU")
_forward_only = contextvars.ContextVar("forward_only", default=False)


@contextlib.contextmanager
def forward_only():
    """What is traced inside cannot be differentiated: for files, which cannot hold a gradient."""
    token = _forward_only.set(True)
    try:
        yield
    finally:
        _forward_only.reset(token)


def recurrent(
    kind, x, weights, state, mask=None, reverse=False, activation="tanh",
    recurrent_activation="sigmoid",
):  # fmt: skip
    """Run a cell over time. See `zoo.backends` for the arguments and what is returned."""
    weights = {k: tf.convert_to_tensor(w) for k, w in unpacked(kind, weights).items()}
    state = [tf.convert_to_tensor(s) for s in state]
    names = (kind, activation, recurrent_activation)
    if tf.executing_eagerly() and x.shape[1] > EAGER_STEPS:
        graph = _graph(kind, x.shape[-1], state[0].shape[-1])
        outputs, state = graph(names, reverse, x, weights, state, mask)
    else:
        outputs, state = _in_graph(names, reverse, x, weights, state, mask)
    return outputs, state, "loop with its own gradient"


def _in_graph(names, reverse, x, weights, state, mask):
    steps = by_time(x)
    if mask is not None:
        mask = by_time(tf.cast(mask, tf.bool))[..., None]  # (T, B, 1)
        steps = tf.where(mask, steps, tf.zeros_like(steps))  # must not reach a gradient, NaN or not
    if reverse:
        steps, mask = steps[::-1], None if mask is None else mask[::-1]
    wide = wide_type(x.dtype)
    few = EAGER_STEPS if tf.executing_eagerly() else 1
    run = _step_by_step if 1 <= (steps.shape[0] or 0) <= few else _run
    outputs, state = run(names, weights, steps, [tf.cast(s, wide) for s in state], mask)
    outputs = outputs[::-1] if reverse else outputs
    return by_time(outputs), [tf.cast(s, x.dtype) for s in state]


@functools.cache
def _graph(kind, features, units):
    """One graph function for each size of the weights: only B and T may then become unknown."""
    return tf.function(_in_graph, reduce_retracing=True, autograph=False)


def _step_by_step(names, weights, steps, state, mask):
    """A few steps without a loop or a gradient of its own: streaming, and short eager calls."""
    kernel, act = KERNELS[names[0]], activations(*names[1:])
    inner, projected = inside(weights, state[0].dtype), _project(weights, steps)
    outputs = []
    for t in range(steps.shape[0]):
        real = None if mask is None else mask[t]
        state, _ = kernel.step(inner, act, tf.cast(projected[t], state[0].dtype), state, real)
        outputs.append(tf.cast(state[0], steps.dtype))
    return tf.stack(outputs), state


def _run(names, weights, steps, state, mask):
    """steps (T, B, F), mask (T, B, 1) or None -> outputs (T, B, U) and the final state."""
    if _forward_only.get():
        state, (_, outputs) = _forward(names, weights, steps, state, mask, keep=False)
        return outputs.joined(), state
    keys, count = list(weights), len(weights)

    @tf.custom_gradient
    def run(steps, *values):
        weights, state = dict(zip(keys, values[:count], strict=True)), values[count:]
        final, seen = _forward(names, weights, steps, list(state), mask)

        def backward(d_outputs, *d_final):
            kept = weights, steps, state, mask, seen
            gradients = _backward(names, kept, d_outputs, d_final)
            return _last_gradient(*gradients) if _under_xla() else gradients

        return (seen[1].joined(), *final), backward

    outputs, *final = run(steps, *weights.values(), *state)
    return outputs, final


def _forward(names, weights, steps, state, mask, keep=True):
    """The final state, and what the backward half needs: `Chunks` of h before a step, the outputs,
    and, with `keep`, what the kernel saves."""
    kernel, act = KERNELS[names[0]], activations(*names[1:])
    wide = state[0].dtype
    inner = inside(weights, wide)
    one_by_one = _one_by_one(steps)

    def step(state, at):
        projected, *real = at
        projected = _project(weights, projected) if one_by_one else projected
        real = real[0] if real else None
        new, saved = kernel.step(inner, act, tf.cast(projected, wide), state, real)
        saved = _stored(saved, steps.dtype) if keep else []
        return new, [tf.cast(new[0], steps.dtype), *saved]

    def chunk(state, at):
        x, *real = at
        first = tf.cast(state[0], steps.dtype)
        x = x if one_by_one else _project(weights, x)
        state, results = loop(step, state, [x, *real], spec, dimensions(x)[0])
        return state, [first, *(r.stack() for r in results)]

    shape, length = [steps.shape[1], state[0].shape[-1]], _length(weights, steps)
    saves = kernel.saves if keep else 0
    kinds = [steps.dtype, wide, *[steps.dtype] * saves][: 1 + saves]
    spec = [(kind, shape) for kind in kinds]
    chunk_spec = [spec[0], *((kind, [length, *shape]) for kind in kinds)]
    inputs = [steps] if mask is None else [steps, mask]
    return by_chunks(chunk, state, inputs, chunk_spec, length)


def _one_by_one(steps):
    """Whether the input is projected step by step.

    Under XLA that is faster where one step's product fills the processor; op by op it never is.
    """
    _, B, F = steps.shape
    return _ON_CPU and _under_xla() and (B is None or B >= 8) and F >= 32


def _under_xla():
    """Whether what is being traced will be compiled (`jit_compile=True`)."""
    return control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


@tf.custom_gradient
def _last_gradient(*gradients):
    """The gradients as they are, which refuse to be differentiated: XLA cannot compile that."""

    def refuse(*_):
        raise InputError(
            "a second-order gradient of a recurrent layer under jit_compile=True: expected "
            "first-order ones there; compile with jit_compile=False"
        )

    return gradients, refuse


def _backward(names, kept, d_outputs, d_final):
    weights, steps, state, mask, chunks = kept
    kernel, act = KERNELS[names[0]], activations(*names[1:])
    wide = state[0].dtype
    inner = inside(weights, wide)
    masks = [] if mask is None else [mask]

    def step(d_state, at):
        real, at = at[: len(masks)], [tf.cast(v, wide) for v in at[len(masks) :]]
        d_output, before, after, *saved = at
        d_state = [d_state[0] + d_output, *d_state[1:]]
        through = d_state
        if real:  # a masked step copied its state: the gradient goes round the cell
            through = [tf.where(real[0], d, tf.zeros_like(d)) for d in d_state]
        d_projected, d_before = kernel.back(inner, act, Seen(before, after, saved), through)
        if real:
            d_before = [tf.where(real[0], b, d) for b, d in zip(d_before, d_state, strict=True)]
        return d_before, [tf.cast(d_projected, steps.dtype)]

    def chunk(carried, at):
        d_state, sums = carried[: len(state)], carried[len(state) :]
        real, (x, d_outputs, first, after, *saved) = at[: len(masks)], at[len(masks) :]
        before = tf.concat([first[None], after[:-1]], 0)
        at = [*real, d_outputs, before, after, *saved]
        d_state, (d,) = loop(
            step, d_state, at, [(steps.dtype, shape)], dimensions(x)[0], reverse=True
        )
        d = d.stack()
        parts = _weight_gradients(kernel, act, inner, x, Seen(before, after, saved), d)
        sums = [s + tf.cast(parts[k], wide) for k, s in zip(weights, sums, strict=True)]
        return [*d_state, *sums], [_flat_product(d, tf.transpose(weights["kernel"]))]

    shape, length = [steps.shape[1], weights["kernel"].shape[1]], _length(weights, steps)
    inputs = [*masks, steps, d_outputs, *chunks]
    sums = [tf.zeros(w.shape, wide) for w in weights.values()]
    spec = [(steps.dtype, [length, *steps.shape[1:]])]
    carried, (d_steps,) = by_chunks(chunk, [*d_final, *sums], inputs, spec, length, reverse=True)
    d_state, sums = carried[: len(state)], carried[len(state) :]
    sums = [tf.cast(s, w.dtype) for s, w in zip(sums, weights.values(), strict=True)]
    return d_steps.joined(), *sums, *d_state


def _weight_gradients(kernel, act, inner, x, seen, d_projected):
    flat = _rows(d_projected)
    parts = {"kernel": tf.matmul(_rows(x), flat, transpose_a=True)}
    if "bias" in inner:
        parts["bias"] = tf.reduce_sum(widened(flat), 0)
    return parts | kernel.weights(inner, act, seen, d_projected)


def _project(weights, x):
    y = _flat_product(x, weights["kernel"])
    return y + weights["bias"] if "bias" in weights else y


def _rows(x):
    return tf.reshape(x, [-1, x.shape[-1]])


def _flat_product(x, kernel):
    """x (..., F) @ kernel as one product of two matrices."""
    y = tf.matmul(_rows(x), kernel)
    return tf.reshape(y, [*dimensions(x)[:-1], kernel.shape[-1]])


def _stored(saved, dtype):
    """Gates in the compute type. The memory, which is not bounded, stays as it is."""
    return [*saved[:1], *(tf.cast(s, dtype) for s in saved[1:])]


def _length(weights, steps):
    return chunk_length(steps.shape[0], steps.shape[1], weights["kernel"].shape[1])
