"""JAX: everything under `jit`, results waited for."""

import jax
import keras
from jax import lax
from jax import numpy as jnp

from zoo import backends
from zoo.backends.bench import process

MODES = ("",)
NATIVE = ()  # JAX has no recurrent layers of its own


def forward(call, variables, mode):
    """Inference under `jit`: f(x, mask) -> (outputs,)."""
    run = backends.compiled(call, variables)
    return lambda x, mask: (jax.block_until_ready(run(x, mask)),)


def training(call, variables, mode):
    """One gradient under `jit`: f(x, mask, weights) -> (loss, gradient of x, gradients)."""
    variables = list(variables)

    def loss(values, x, mask, weights):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            outputs = call(x, mask)
        return jnp.sum(outputs.astype(weights.dtype) * weights)

    @jax.jit
    def pure(values, *arguments):
        value, (by_values, by_x) = jax.value_and_grad(loss, argnums=(0, 1))(values, *arguments)
        return value, by_x, *by_values

    return lambda *arguments: jax.block_until_ready(pure([v.value for v in variables], *arguments))


def products(sets, size, train, mode):
    """The matrix products alone; see `zoo.reports.bench_cases.operands`. size: (B, T).

    The maximum over the gates makes each step need every column of the product before it: of a
    product that is only sliced, XLA computes the slice.
    """

    @jax.jit
    def run(sets):
        return [_products(size, train, **operands) for operands in sets]

    return lambda: jax.block_until_ready(run(sets))


def _products(size, train, x, kernel, recurrent, state, gates, states):
    (B, T), U = size, recurrent.shape[0]

    def onwards(h, projected):
        gates = projected + jnp.matmul(h, recurrent)
        return gates.reshape(B, -1, U).max(1), None

    last, _ = lax.scan(onwards, state, jnp.matmul(x, kernel).reshape(T, B, -1))
    if not train:
        return (last,)

    def backwards(h, gradient):
        gates = (gradient.reshape(B, -1, U) + h[:, None]).reshape(B, -1)
        return jnp.matmul(gates, recurrent.T), None

    first, _ = lax.scan(backwards, last, gates.reshape(T, B, -1), reverse=True)
    by_kernels = [jnp.matmul(seen.T, gates) for seen in (x, states)]
    return first, jnp.matmul(gates, kernel.T), *by_kernels


def native(layer, weights, shape, lengths):
    """JAX has none."""
    raise NotImplementedError(layer)


def peak_bytes():
    """The most memory in use so far: of the GPU where one computes, else of the process."""
    if backends.on_gpu():
        return jax.devices()[0].memory_stats()["peak_bytes_in_use"]
    return process.peak_bytes()


def release():
    """Forget what was compiled."""
    jax.clear_caches()
