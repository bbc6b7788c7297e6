"""Autoregressive rollout of a real-valued step."""

import numpy as np
from keras import ops, tree

from zoo import backends
from zoo.engine.loop import alike, batch_state, check_whole, follow, output_size
from zoo.errors import InputError


def rollout(step, first, state, steps, exogenous=None):
    """Feed a step with its own outputs: `steps` values from a first input and a state.

    step: a `Step` from values (B, F) to values (B, F); first: the input of the first step (B, F);
    state: any nesting of tensors with B rows; steps: how many values to return; exogenous: values
    known beforehand (B, steps, E), which the step reads behind its own output: (B, F + E).
    Returns (B, steps, F) as a NumPy array.

    The loop is compiled once on TensorFlow and once per number of steps on JAX.

    Raises `InputError` for steps below one, shapes that do not fit, or values that are not finite.

    >>> from zoo.models.step import Step
    >>> import numpy as np
    >>> double = Step(lambda x, state: (2 * x, state))
    >>> rollout(double, np.ones((1, 1), "float32"), [], steps=3)[0, :, 0].tolist()
    [2.0, 4.0, 8.0]
    """
    check_whole("steps", steps)
    first = _values("first", first, rank=2)
    if exogenous is None:
        exogenous = np.zeros((len(first), steps, 0), "float32")
    exogenous = _values("exogenous", exogenous, rank=3)
    if exogenous.shape[:2] != (len(first), steps):
        raise InputError(
            f"exogenous has shape {exogenous.shape}, expected ({len(first)}, {steps}, E): "
            "one row of values per step"
        )
    state = batch_state(state, len(first))
    features = output_size(step, np.concatenate([first, exogenous[:, 0]], axis=-1), state)
    if features != first.shape[1]:
        raise InputError(
            f"the step returned {features} values, first has {first.shape[1]}: "
            "only a step that predicts its own input can be rolled out"
        )
    run = step.compiled(("rollout",), _program(step))
    return ops.convert_to_numpy(run(first, state, exogenous))


def _program(step):
    def run(first, state, exogenous):
        def advance(carry, inputs):
            value, *leaves = carry
            inputs = ops.concatenate([value, inputs[0]], axis=-1)
            outputs, after = follow(step, inputs, tree.pack_sequence_as(state, leaves))
            outputs = alike(outputs, value)
            return [outputs, *tree.flatten(after)], outputs

        return backends.recurrence(advance, [first, *tree.flatten(state)], [exogenous])[0]

    return run


def _values(name, values, rank):
    array = np.asarray(ops.convert_to_numpy(values))
    if array.ndim != rank or array.shape[0] == 0 or array.dtype.kind not in "fiu":
        raise InputError(
            f"{name} has shape {array.shape} and type {array.dtype}, "
            f"expected numbers {'(B, F)' if rank == 2 else '(B, T, E)'}"
        )
    array = array.astype("float32")
    if not np.isfinite(array).all():
        raise InputError(
            f"{name} has {int((~np.isfinite(array)).sum())} values that are NaN or infinite, "
            "expected finite numbers: fill or drop them first"
        )
    return array
