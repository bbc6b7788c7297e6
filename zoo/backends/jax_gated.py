"""Cells whose gates see the input alone, on JAX: chunk by chunk on CPU, elsewhere all at once.

On CPU what a pass costs is the memory that it fills: gates, a and b of all steps are many times the
input. So a chunk's are made where they are read, near the processor, and made again in the backward
pass; only x and h of all steps are ever kept. A training step of minGRU at B = 8, T = 2,048,
F = U = 128 takes 26 ms so, and 70 with all steps at once.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from zoo.backends import jax_scan
from zoo.backends.kernels.parallel import masked, wide_of

LENGTH = 64  # steps of a chunk


def gated_scan(kind, weights, x, h0, mask=None, reverse=False):
    """Run a cell over all steps: see `zoo.backends`."""
    h0 = jnp.asarray(h0)
    start = h0.astype(wide_of(x))
    if jax.default_backend() == "cpu":
        outputs, final = by_chunks(kind, reverse, weights, x, start, mask)
    else:
        outputs, final = at_once(kind, reverse, weights, x, start, mask)
    return outputs, final.astype(h0.dtype)


def at_once(kind, reverse, weights, x, h0, mask):
    """All steps: outputs (B, T, U) and the final state."""
    h = jax_scan.linear_scan(*masked(kind, weights, x, mask), h0, reverse)
    last = h[:, :1] if reverse else h[:, -1:]
    return h.astype(x.dtype), jnp.concatenate([h0[:, None], last], 1)[:, -1]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _by_chunks(kind, reverse, weights, x, h0, mask):
    return _forward(kind, reverse, weights, x, h0, mask)[0]


def _forward(kind, reverse, weights, x, h0, mask):
    def chunk(at, length, carried):
        h, outputs = carried
        x_k, real = (_piece(v, at, length) for v in (x, mask))
        # The barrier keeps the gates out of the loop over steps, where nothing is vectorised.
        a, b = lax.optimization_barrier(masked(kind, weights, x_k, real))
        h = jax_scan.loop_over_steps(reverse, False, a, b, h)
        written = lax.dynamic_update_slice_in_dim(outputs, h.astype(outputs.dtype), at, 1)
        return h[:, 0 if reverse else -1], written

    empty = jnp.zeros((*x.shape[:2], h0.shape[-1]), x.dtype)
    final, outputs = _over_chunks(chunk, x.shape[1], reverse, (h0, empty))
    return (outputs, final), (weights, x, h0, mask, outputs)


def _backward(kind, reverse, kept, d_results):
    weights, x, h0, mask, outputs = kept
    d_outputs, d_final = d_results
    wide, T = h0.dtype, x.shape[1]

    def chunk(at, length, carried):
        d_h, d_x, sums = carried
        x_k, real, d_k, h = (_piece(v, at, length) for v in (x, mask, d_outputs, outputs))
        d_k, h = d_k.astype(wide), h.astype(wide)
        (a, _), back = jax.vjp(lambda weights, x: masked(kind, weights, x, real), weights, x_k)
        g = jax_scan.loop_over_steps(not reverse, True, lax.optimization_barrier(a), d_k, d_h)
        g = lax.optimization_barrier(g)
        start = at + length if reverse else at - 1
        outside = _piece(outputs, jnp.clip(start, 0, T - 1), 1)[:, 0].astype(wide)
        outside = jnp.where((start < 0) | (start >= T), h0, outside)
        parts, d_x_k = back((g * jax_scan.shifted(h, outside, reverse), g))
        sums = jax.tree.map(lambda s, p: s + p.astype(s.dtype), sums, parts)
        first = -1 if reverse else 0
        d_x = lax.dynamic_update_slice_in_dim(d_x, d_x_k, at, 1)
        return a[:, first] * g[:, first], d_x, sums

    sums = jax.tree.map(lambda w: jnp.zeros(w.shape, wide), weights)
    start = (d_final, jnp.zeros_like(x), sums)
    d_h, d_x, sums = _over_chunks(chunk, T, not reverse, start)
    return jax.tree.map(lambda s, w: s.astype(w.dtype), sums, weights), d_x, d_h, None


_by_chunks.defvjp(_forward, _backward)


@functools.partial(jax.jit, static_argnums=(0, 1))
def by_chunks(kind, reverse, weights, x, h0, mask):
    """As `at_once`."""
    return _by_chunks(kind, reverse, weights, x, h0, mask)


def _piece(x, at, length):
    return None if x is None else lax.dynamic_slice_in_dim(x, at, length, 1)


def _over_chunks(chunk, T, reverse, carried):
    """`chunk(at, length, carried)` for all steps; the chunk that is left over is the last one."""
    count, left = divmod(T, LENGTH)

    def whole(carried):
        def body(k, carried):
            return chunk((count - 1 - k if reverse else k) * LENGTH, LENGTH, carried)

        return lax.fori_loop(0, count, body, carried) if count else carried

    def rest(carried):
        return chunk(count * LENGTH, left, carried) if left else carried

    return whole(rest(carried)) if reverse else rest(whole(carried))
