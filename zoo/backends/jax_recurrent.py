"""The recurrent layers on JAX: two nested scans over time, with the gradient written out.

The outer scan goes over chunks (see `chunks.py`), the inner one over their steps. Reverse mode
only, once or more often: JAX itself refuses forward mode through `custom_vjp` with a clear error.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from zoo.backends.chunks import chunk_length
from zoo.backends.kernels import KERNELS, Seen, activations, inside, unpacked, unsupported
from zoo.backends.kernels.common import wide_type, widened

__all__ = ["recurrent", "unsupported"]

# Keras's tanh gives float32 for float64.
OWN = {"tanh": jnp.tanh}


def recurrent(
    kind, x, weights, state, mask=None, reverse=False, activation="tanh",
    recurrent_activation="sigmoid",
):  # fmt: skip
    """Run a cell over time. See `zoo.backends` for the arguments and what is returned."""
    steps = jnp.swapaxes(x, 0, 1)
    if mask is not None:
        mask = jnp.swapaxes(mask, 0, 1)[..., None]  # (T, B, 1)
    if reverse:
        steps, mask = steps[::-1], None if mask is None else mask[::-1]
    wide = wide_type(x.dtype)
    state = [s.astype(wide) for s in state]
    names = (kind, activation, recurrent_activation)
    outputs, state = _run(names, unpacked(kind, weights), steps, state, mask)
    outputs = outputs[::-1] if reverse else outputs
    state = [s.astype(x.dtype) for s in state]
    return jnp.swapaxes(outputs, 0, 1), state, "scan with its own gradient"


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(names, weights, steps, state, mask):
    """steps (T, B, F), mask (T, B, 1) or None -> outputs (T, B, U) and the final state."""
    return _forward(names, weights, steps, state, mask, save=False)[:2]


def _run_forward(names, weights, steps, state, mask):
    if mask is not None:  # what stands at a masked step must not reach a gradient, NaN or not
        steps = jnp.where(mask, steps, 0)
    outputs, final, saved = _forward(names, weights, steps, state, mask, save=True)
    return (outputs, final), (weights, steps, state, mask, outputs, saved)


def _forward(names, weights, steps, state, mask, save):
    kernel, act = KERNELS[names[0]], activations(*names[1:], OWN)
    wide = state[0].dtype
    inner = inside(weights, wide)

    def step(state, projected, real):
        new, saved = kernel.step(inner, act, projected.astype(wide), state, real)
        return new, (new[0].astype(steps.dtype), _stored(saved, steps.dtype) if save else ())

    def chunk(state, at):
        x, real = at
        return _scan_ahead(step, state, _project(weights, x), real)

    if _one_by_one(steps):
        state, (outputs, saved) = lax.scan(
            lambda state, at: step(state, _project(weights, at[0]), at[1]), state, (steps, mask)
        )
    else:
        length = _length(weights, steps)
        state, (outputs, saved) = _by_chunks(chunk, state, (steps, mask), length)
    return outputs, state, saved


def _one_by_one(steps):
    """Whether a step's own product fills the processor; if not, a chunk's is taken at once."""
    _, B, F = steps.shape
    return B >= 8 and F >= 32 and jax.default_backend() == "cpu"


def _scan_ahead(step, state, projected, real):
    """Scan with the next step's input fetched one step ahead.

    A slice that is read where it is used is fused into the gates' arithmetic, which XLA's CPU
    compiler then no longer vectorises: a forward pass takes up to twice the time.
    """
    inputs, last = (projected, real), projected.shape[0] - 1

    def fetch(t):
        return jax.tree.map(lambda v: lax.dynamic_index_in_dim(v, t, keepdims=False), inputs)

    def ahead(carried, t):
        state, ready = carried
        fetched = fetch(jnp.minimum(t + 1, last))
        state, results = step(state, *ready)
        return (state, fetched), results

    (state, _), results = lax.scan(ahead, (state, fetch(0)), jnp.arange(last + 1))
    return state, results


def _run_backward(names, kept, d_results):
    weights, steps, state, mask, outputs, saved = kept
    kernel, act = KERNELS[names[0]], activations(*names[1:], OWN)
    wide = state[0].dtype
    inner = inside(weights, wide)
    before = jnp.concatenate([state[0].astype(outputs.dtype)[None], outputs[:-1]])

    def step(d_state, at):
        d_output, real, seen = at
        seen = jax.tree.map(lambda v: v.astype(wide), seen)
        d_state = [d_state[0] + d_output.astype(wide), *d_state[1:]]
        through = d_state
        if real is not None:  # a masked step copied its state: the gradient goes round the cell
            through = [jnp.where(real, d, 0) for d in d_state]
        d_projected, d_before = kernel.back(inner, act, seen, through)
        if real is not None:
            d_before = [jnp.where(real, b, d) for b, d in zip(d_before, d_state, strict=True)]
        return d_before, d_projected.astype(steps.dtype)

    def chunk(carried, at):
        d_state, sums = carried
        x, d_outputs, real, seen = at
        d_state, d_projected = lax.scan(step, d_state, (d_outputs, real, seen), reverse=True)
        parts = _weight_gradients(kernel, act, weights, inner, x, seen, d_projected)
        sums = jax.tree.map(lambda s, p: s + p.astype(s.dtype), sums, parts)
        return (d_state, sums), d_projected @ weights["kernel"].T

    d_outputs, d_final = d_results
    sums = {k: jnp.zeros(w.shape, wide) for k, w in weights.items()}
    (d_state, sums), d_steps = _by_chunks(
        chunk,
        (list(d_final), sums),
        (steps, d_outputs, mask, Seen(before, outputs, saved)),
        _length(weights, steps),
        reverse=True,
    )
    return {k: sums[k].astype(w.dtype) for k, w in weights.items()}, d_steps, d_state, None


_run.defvjp(_run_forward, _run_backward)


def _weight_gradients(kernel, act, weights, inner, x, seen, d_projected):
    flat = d_projected.reshape(-1, d_projected.shape[-1])
    parts = {"kernel": x.reshape(-1, x.shape[-1]).T @ flat}
    if "bias" in weights:
        parts["bias"] = widened(flat).sum(0)
    return parts | kernel.weights(inner, act, seen, d_projected)


def _project(weights, x):
    y = x @ weights["kernel"]
    return y + weights["bias"] if "bias" in weights else y


def _stored(saved, dtype):
    """Gates in the compute type. The memory, which is not bounded, stays as it is."""
    return (
        saved
        if dtype == jnp.float64
        else tuple(saved[:1]) + tuple(s.astype(dtype) for s in saved[1:])
    )


def _length(weights, steps):
    return chunk_length(steps.shape[0], steps.shape[1], weights["kernel"].shape[1])


def _by_chunks(function, carried, inputs, length, reverse=False):
    """scan `function` over chunks of `length` steps of `inputs` (T, ...), and what is left over."""
    T = jax.tree.leaves(inputs)[0].shape[0]
    count, left = divmod(T, length)
    whole = jax.tree.map(lambda v: v[: T - left].reshape(count, length, *v.shape[1:]), inputs)
    rest = jax.tree.map(lambda v: v[T - left :], inputs)

    def chunks(carried):
        if count == 1:
            return function(carried, jax.tree.map(lambda v: v[0], whole))
        carried, results = lax.scan(function, carried, whole, reverse=reverse)
        return carried, jax.tree.map(lambda v: v.reshape(-1, *v.shape[2:]), results)

    if not left:
        return chunks(carried)
    if reverse:
        carried, after = function(carried, rest)
        carried, first = chunks(carried)
    else:
        carried, first = chunks(carried)
        carried, after = function(carried, rest)
    return carried, jax.tree.map(lambda a, b: jnp.concatenate([a, b]), first, after)
