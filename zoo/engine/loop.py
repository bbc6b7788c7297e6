"""A step as a compiled loop accepts it: the same for all decoders."""

import keras
import numpy as np
import optree
from keras import ops, tree

from zoo.errors import InputError


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


def write(buffer, values, position):
    """`values` (..., ) put at `position` of the last axis of `buffer` (..., L)."""
    here = ops.equal(ops.arange(ops.shape(buffer)[-1], dtype="int32"), position)
    return ops.where(here, ops.expand_dims(values, -1), buffer)
