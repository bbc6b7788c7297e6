"""JAX: `lax.scan` for the loop, `jit` for compilation, weights passed in as values."""

import os

import jax
import keras

from zoo.errors import InputError


def recurrence(step, state, inputs, reverse=False):
    """Run `step(state, inputs_t) -> (state, output_t)` over axis 1 of every input.

    inputs: a list of arrays (B, T, ...); state: a list of arrays (B, U).
    Returns the outputs (B, T, U) in the inputs' time order and the final state.
    """
    by_time = [jax.numpy.swapaxes(x, 0, 1) for x in inputs]
    state, outputs = jax.lax.scan(step, list(state), by_time, reverse=reverse)
    return jax.numpy.swapaxes(outputs, 0, 1), state


def compiled(function, variables=(), loop=False):
    """`function` under `jit`; `variables` are read afresh at every call, never baked in."""
    variables = list(variables)

    @jax.jit
    def pure(values, *arguments):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(*arguments)

    return lambda *arguments: pure([v.value for v in variables], *arguments)


def stepwise(function, variables=()):
    """`function(inputs, state)` as it is: the loop around it is compiled with it."""
    return function


def value_and_gradients(function, variables):
    """The value of `function()` and its gradient by each variable, as NumPy arrays."""
    variables = list(variables)

    def pure(values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function()

    value, gradients = jax.jit(jax.value_and_grad(pure))([v.value for v in variables])
    to_numpy = keras.ops.convert_to_numpy
    return to_numpy(value), [to_numpy(g) for g in gradients]


def at_steps(x, at):
    """The steps `at` (B, S) of x (B, T, U): (B, S, U)."""
    return jax.numpy.take_along_axis(x, at[..., None], axis=1)


def devices() -> list[str]:
    """The devices by Keras's names, for example `["cpu:0", "gpu:0"]`."""
    gpus = [d for d in jax.devices() if d.platform in ("gpu", "cuda", "rocm")]
    return ["cpu:0"] + [f"gpu:{i}" for i, _ in enumerate(gpus)]


# What `repeat_exactly` costs, as `zoo compare --reproducible` found (docs/compare.md).
COST = "none beyond noise on a CPU"
# What may differ between two runs, whatever is set.
NOT_REPEATED = ()
REPEATING = "--xla_gpu_deterministic_ops=true"


def repeat_exactly():
    """Choose operations that repeat bit for bit; what was set.

    XLA on a CPU repeats by itself. For a GPU it reads a flag when JAX starts, so that a process
    which began without it cannot take it up any more.
    """
    if len(devices()) == 1:
        return []
    if REPEATING not in os.environ.get("XLA_FLAGS", ""):
        raise InputError(
            f"JAX has started on a GPU without {REPEATING}, expected it in XLA_FLAGS: set it, or "
            "call zoo.reproducible before anything else of the zoo"
        )
    return [f"XLA_FLAGS={REPEATING}"]


def dense(gradient):
    """A gradient as one array: JAX has no others."""
    return gradient
