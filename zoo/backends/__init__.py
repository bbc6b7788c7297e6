"""The only framework code of the training side: the same few functions for each backend.

Keras fixes its backend when it is imported, so one process has one backend, and this module
hands out that backend's functions. Each backend is one file with the same names:

    recurrence(step, state, inputs, reverse)   the loop over time
    compiled(function, variables, loop)        one compiled call, current weights read at each call;
                                               loop: many steps, worth a longer compilation
    stepwise(function, variables)              one step (inputs, state), as a compiled loop's body
    value_and_gradients(function, variables)   a number and its gradients
    at_steps(x, at)                            steps (B, S) of (B, T, U), row by row
    dense(gradient)                            a gradient as one tensor, its repeated rows added up
    devices()                                  what the backend can compute on
    repeat_exactly()                           operations that repeat bit for bit, from now on;
                                               COST: what that costs; NOT_REPEATED: what cannot

and in a second file, `*_recurrent.py`, the recurrent cells at the speed of the hardware:

    recurrent(kind, x, weights, state, mask, reverse, activation, recurrent_activation)
        -> outputs (B, T, U) in the input's time order, final state, the path that was taken
    unsupported(kind, activation, recurrent_activation, dtype, x, mask)
        -> None, or why `recurrent` cannot run this cell on x

kind: a name of `kernels.KERNELS`. x (B, T, F); weights: kernel (F, G*U), recurrent_kernel (U, G*U),
bias (G*U,), (2, 3U) for a GRU with reset after, or None; peephole (3, U). state: [h] or [h, c],
each (B, U). mask (B, T), True = a real step, any pattern: a masked step leaves the state alone, its
output is the carried h, its input reaches nothing. reverse: steps T-1 .. 0. In half precision the
state and the gates' arithmetic are float32.

Two more files, `*_scan.py` and `*_gated.py`, have the recurrence that is linear in its state:

    linear_scan(a, b, h0, reverse=False)
        -> every h_t = a_t * h_{t-1} + b_t, (B, T, U), in the input's time order
    gated_scan(kind, weights, x, h0, mask=None, reverse=False)
        -> outputs (B, T, U) in the input's time order and the final state of a cell whose a and b
           depend on x alone: a name of `kernels.parallel.CELLS`

a, b (B, T, U), h0 (B, U): the state before the first step. Its gradient is the same scan the other
way, by each of a, b and h0, as often as wanted. Products are taken, never divided by: right for
|a| <= 1 of any length, 0 and 1 included. Half types are added up in float32; the type is b's. The
outputs of a cell have the type of x, its final state that of h0.
"""

import contextlib
import contextvars
import importlib

import keras

from zoo.backends.kernels import parallel
from zoo.errors import InputError

BACKENDS = ("tensorflow", "jax", "torch")

_backend = importlib.import_module(f"zoo.backends.{keras.backend.backend()}")

_fast = importlib.import_module(f"zoo.backends.{keras.backend.backend()}_recurrent")

_scan = importlib.import_module(f"zoo.backends.{keras.backend.backend()}_scan")

_gated = importlib.import_module(f"zoo.backends.{keras.backend.backend()}_gated")

recurrent = _fast.recurrent
compiled = _backend.compiled
stepwise = _backend.stepwise
value_and_gradients = _backend.value_and_gradients
at_steps = _backend.at_steps
dense = _backend.dense
devices = _backend.devices
repeat_exactly = _backend.repeat_exactly
NOT_REPEATED, COST = _backend.NOT_REPEATED, _backend.COST

plain_recurrence = _backend.recurrence

_other_loop = contextvars.ContextVar("other_loop", default=None)


@contextlib.contextmanager
def looping(recurrence):
    """Every loop over time inside is `recurrence(step, state, inputs, reverse)`, on any device.

    For a graph that leaves the framework, and what it is written for cannot read the usual loops.
    """
    token = _other_loop.set(recurrence)
    try:
        yield
    finally:
        _other_loop.reset(token)


def recurrence(step, state, inputs, reverse=False):
    """The loop over time: see above."""
    return (_other_loop.get() or _backend.recurrence)(step, state, inputs, reverse)


def linear_scan(a, b, h0, reverse=False):
    """The recurrence that is linear in its state: see above."""
    loop = _other_loop.get()
    if loop is None:
        return _scan.linear_scan(a, b, h0, reverse)

    def step(state, at):
        h = at[0] * state[0] + at[1]
        return [h], h

    return loop(step, [h0], [a, b], reverse)[0]


def gated_scan(kind, weights, x, h0, mask=None, reverse=False):
    """A cell whose gates see the input alone, over all steps: see above."""
    loop = _other_loop.get()
    if loop is None:
        return _gated.gated_scan(kind, weights, x, h0, mask, reverse)
    return gated_by_loop(loop, kind, weights, x, h0, mask, reverse)


def gated_by_loop(loop, kind, weights, x, h0, mask=None, reverse=False):
    """`gated_scan` with its steps taken by `loop(step, state, inputs, reverse)`."""

    def step(state, at):
        h = at[0] * state[0] + at[1]
        return [h], h

    start = keras.ops.cast(h0, parallel.wide_of(x))
    outputs, (final,) = loop(step, [start], [*parallel.masked(kind, weights, x, mask)], reverse)
    return keras.ops.cast(outputs, x.dtype), keras.ops.cast(final, h0.dtype)


def unsupported(*of_the_cell):
    """None, or why `recurrent` cannot run a cell: see above."""
    return "a loop of another kind" if _other_loop.get() else _fast.unsupported(*of_the_cell)


PRECISIONS = {
    "float32": "float32",
    "float16": "mixed_float16",
    "bfloat16": "mixed_bfloat16",
}


def name() -> str:
    """The backend of this process: `tensorflow`, `jax` or `torch`."""
    return keras.backend.backend()


def on_gpu() -> bool:
    """Whether the backend computes on a GPU unless it is told otherwise."""
    return _device.startswith("gpu") and not _other_loop.get()


def use_device(device: str) -> None:
    """Compute on `device` from now on: `cpu`, `gpu` or `gpu:1`.

    Raises `InputError` when the backend has no such device.
    """
    global _device
    known = devices()
    wanted = device if ":" in device else f"{device}:0"
    if wanted not in known:
        raise InputError(
            f"device {device!r} is not known to {name()}; it sees {', '.join(known)}: "
            "name one of them"
        )
    # Entered and never left: the choice holds for the process.
    keras.device(wanted).__enter__()
    _device = wanted


def use_precision(precision: str) -> None:
    """Compute in `float32`, `float16` or `bfloat16` (weights stay float32).

    Raises `InputError` for another name.
    """
    if precision not in PRECISIONS:
        raise InputError(
            f"precision {precision!r} is not one of {', '.join(PRECISIONS)}: choose one of them"
        )
    keras.config.set_dtype_policy(PRECISIONS[precision])


# A GPU is used where there is one, without being asked: each framework does so by itself.
_device = next((d for d in devices() if d.startswith("gpu")), "cpu:0")
