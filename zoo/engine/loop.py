"""What all decoders share: checks before the work, and a step that a compiled loop accepts."""

from numbers import Integral, Real

import keras
import numpy as np
import optree
from keras import ops, tree

from zoo.errors import InputError


def check_whole(name, value, least=1):
    """Raise `InputError` unless `value` is a whole number of at least `least`."""
    if not isinstance(value, Integral) or value < least:
        raise InputError(f"{name} is {value!r}, expected a whole number of at least {least}")


def check_number(name, value, expected, fits):
    """Raise `InputError` unless `value` is a number for which `fits(value)` holds."""
    if not isinstance(value, Real) or not fits(value):  # NaN fits nothing
        raise InputError(f"{name} is {value!r}, expected {expected}")


def check_token(name, token, vocabulary):
    """Raise `InputError` unless `token` is the number of one of the `vocabulary` tokens."""
    if not isinstance(token, Integral) or not 0 <= token < vocabulary:
        raise InputError(f"{name} is {token!r}, expected a token from 0 to {vocabulary - 1}")


def check_sound(sound):
    """Raise `InputError` unless the logits that were met were `sound`."""
    if not sound:
        raise InputError(
            "the step gave logits that are NaN or infinite, expected finite ones: "
            "check that its weights were trained and loaded"
        )


def start_tokens(start):
    """The first token of each row: (B,) int32. Raises `InputError` for anything else."""
    array = np.asarray(ops.convert_to_numpy(start))
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu" or array.min() < 0:
        raise InputError(
            f"start has shape {array.shape} and type {array.dtype}, "
            "expected one token number per row: pass integers (B,), none negative"
        )
    return array.astype("int32")


def allowed_tokens(allowed, vocabulary):
    """Which tokens may be written: (V,) bool. Raises `InputError` for anything else."""
    array = np.asarray(allowed)
    if array.shape != (vocabulary,) or array.dtype != bool or not array.any():
        raise InputError(
            f"allowed has shape {array.shape} and type {array.dtype}, "
            f"expected ({vocabulary},) bool with at least one True: one entry per token"
        )
    return array


def batch_state(state, batch):
    """The state as tensors. Raises `InputError` when a tensor has not `batch` rows."""

    def tensor(x):
        if isinstance(x, np.ndarray) and x.dtype == np.float64:
            x = x.astype(keras.config.floatx())
        x = ops.convert_to_tensor(x)
        if len(x.shape) == 0 or x.shape[0] != batch:
            raise InputError(
                f"the state holds a tensor of shape {tuple(x.shape)}, expected {batch} rows: "
                "make the state for the same batch as the first inputs"
            )
        return x

    return tree.map_structure(tensor, state)


class _Shapes(keras.Operation):
    """A step called with shapes and types alone: nothing is computed."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def call(self, inputs, state):
        return self.step.function(inputs, state)


def output_size(step, inputs, state):
    """The size of a step's outputs, V or F, found once for each width of inputs and state.

    It also tells a step that no loop could run, in one line and before anything is compiled.
    """
    widths = (tuple(x.shape[1:]) for x in (inputs, *tree.flatten(state)))
    key = ("output_size", *widths)
    if key not in step.cache:
        specs = tree.map_structure(_spec, (ops.convert_to_tensor(inputs), state))
        outputs, new_state = _Shapes(step).compute_output_spec(*specs)
        got, expected = len(tree.flatten(new_state)), len(tree.flatten(state))
        if got != expected:
            raise InputError(
                f"the step returned {got} state tensors, it was given {expected}: "
                "start from a state of the step's own structure"
            )
        if len(outputs.shape) != 2:
            raise InputError(
                f"the step returned outputs of shape {tuple(outputs.shape)}, expected one row "
                "per batch row: (B, V) logits or (B, F) values"
            )
        step.cache[key] = int(outputs.shape[-1])
    return step.cache[key]


def _spec(x):
    return keras.KerasTensor(tuple(x.shape), keras.backend.standardize_dtype(x.dtype))


def follow(step, inputs, state):
    """One step whose new state has the old one's structure, types and shapes.

    A compiled loop demands all three; a step may well return a tuple for a list, or float32 for a
    float16 start.
    """
    outputs, new_state = step.run(inputs, state)
    # Not by `keras.tree`, which on torch takes longer than a small step.
    before, structure = optree.tree_flatten(state)
    pairs = zip(optree.tree_leaves(new_state), before, strict=True)
    return outputs, structure.unflatten([alike(new, old) for new, old in pairs])


def alike(new, old):
    """`new` with the type of `old`, and with its shape where that is known less well."""
    if new.dtype != old.dtype:
        new = ops.cast(new, old.dtype)
    if tuple(new.shape) != tuple(old.shape):
        new = ops.reshape(new, ops.shape(old))
    return new


def room(steps):
    """The next power of two: buffers of this length make nearby step counts share one program."""
    return max(16, 1 << (int(steps) - 1).bit_length())


def write(buffer, values, position):
    """`values` (..., ) put at `position` of the last axis of `buffer` (..., L)."""
    here = ops.equal(ops.arange(ops.shape(buffer)[-1], dtype="int32"), position)
    return ops.where(here, ops.expand_dims(values, -1), buffer)
