"""Cells whose gates see the input alone, on JAX: chunk by chunk on CPU, elsewhere all at once.

On CPU what a pass costs is the memory that it fills: gates, a and b of all steps are many times the
input. So a chunk's are made where they are read, near the processor, and made again in the backward
pass; only x and h of all steps are ever kept. Keeping the projected inputs as well would save one
product in three, and cost more than that where the memory is new to the process: at B = 8,
T = 2,048, F = U = 128 a training step of minGRU takes 26 ms so and 37 with them, 70 all at once.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from zoo.backends import jax_scan
from zoo.backends.kernels.gate_products import back_products, prepared, products
from zoo.backends.kernels.parallel import CELLS, chunk_length, held, masked, real_only, wide_of

CHUNK = 512  # rows of x that a chunk has, those of all its steps


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


@functools.partial(jax.jit, static_argnums=(0, 1))
def by_chunks(kind, reverse, weights, x, h0, mask):
    """As `at_once`."""
    return _by_chunks(kind, reverse, prepared(weights), x, h0, mask)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _by_chunks(kind, reverse, weights, x, h0, mask):
    return _forward(kind, reverse, weights, x, h0, mask)[0]


def _forward(kind, reverse, weights, x, h0, mask):
    cell = CELLS[kind]

    def chunk(at, length, carried):
        h, outputs = carried
        x_k, real = (_piece(v, at, length) for v in (x, mask))
        gates = cell.opened(weights, products(weights, real_only(x_k, real)))
        # The barrier keeps the gates out of the loop over steps, where nothing is vectorised.
        a, b = lax.optimization_barrier(held(cell.pair(gates), real))
        h = jax_scan.loop_over_steps(reverse, False, a, b, h)
        return h[:, 0 if reverse else -1], _written(outputs, h, at)

    empty = jnp.zeros((*x.shape[:2], h0.shape[-1]), x.dtype)
    final, outputs = _over_chunks(chunk, x, reverse, (h0, empty))
    return (outputs, final), (weights, x, h0, mask, outputs)


def _backward(kind, reverse, kept, d_results):
    cell, (weights, x, h0, mask, outputs) = CELLS[kind], kept
    d_outputs, d_final = d_results
    wide, T = h0.dtype, x.shape[1]

    def chunk(at, length, carried):
        d_h, d_x, sums = carried
        x_k, real, d_k, h = (_piece(v, at, length) for v in (x, mask, d_outputs, outputs))
        x_k, d_k, h = real_only(x_k, real), d_k.astype(wide), h.astype(wide)
        made = products(weights, x_k)
        gates = cell.opened(weights, made)
        a = lax.optimization_barrier(held(cell.pair(gates), real)[0])
        g = lax.optimization_barrier(jax_scan.loop_over_steps(not reverse, True, a, d_k, d_h))
        start = at + length if reverse else at - 1
        outside = _piece(outputs, jnp.clip(start, 0, T - 1), 1)[:, 0].astype(wide)
        outside = jnp.where((start < 0) | (start >= T), h0, outside)
        before = jax_scan.shifted(h, outside, reverse)
        d_made, of_gates = cell.back(weights, gates, real_only(g, real), before)
        d_made = lax.optimization_barrier([d.astype(x.dtype) for d in d_made])
        d_x_k, parts = back_products(weights, x_k, made, d_made)
        parts |= of_gates
        sums = {name: s + parts[name].astype(s.dtype) for name, s in sums.items()}
        first = -1 if reverse else 0
        return a[:, first] * g[:, first], _written(d_x, real_only(d_x_k, real), at), sums

    sums = jax.tree.map(lambda w: jnp.zeros(w.shape, wide), weights)
    d_h, d_x, sums = _over_chunks(chunk, x, not reverse, (d_final, jnp.zeros_like(x), sums))
    return jax.tree.map(lambda s, w: s.astype(w.dtype), sums, weights), d_x, d_h, None


_by_chunks.defvjp(_forward, _backward)


def _piece(x, at, length):
    return None if x is None else lax.dynamic_slice_in_dim(x, at, length, 1)


def _written(x, piece, at):
    return lax.dynamic_update_slice_in_dim(x, piece.astype(x.dtype), at, 1)


def _over_chunks(chunk, x, reverse, carried):
    """`chunk(at, length, carried)` for all steps; the chunk that is left over is the last one."""
    length = chunk_length(x.shape[0], CHUNK)
    count, left = divmod(x.shape[1], length)

    def whole(carried):
        def body(k, carried):
            return chunk((count - 1 - k if reverse else k) * length, length, carried)

        return lax.fori_loop(0, count, body, carried) if count else carried

    def rest(carried):
        return chunk(count * length, left, carried) if left else carried

    return whole(rest(carried)) if reverse else rest(whole(carried))
