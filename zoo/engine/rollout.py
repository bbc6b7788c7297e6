"""Autoregressive rollout of a real-valued step: its own outputs, or samples of what they forecast.

The uniform numbers behind a sample come from NumPy, so one seed gives the same paths on every
backend, up to rounding.
"""

import keras
import numpy as np
import optree
from keras import ops, tree

from zoo import backends
from zoo.engine.checks import check_whole, without_head
from zoo.engine.draws import path_uniforms
from zoo.engine.loop import alike, batch_state, follow, output_size
from zoo.errors import InputError
from zoo.heads import Head


def rollout(step, first, state, steps, exogenous=None, *, head=None, paths=None, seed=0):
    """Feed a step with its own outputs: `steps` values from a first input and a state.

    step: a `Step` from values (B, F) to values (B, F); first: the input of the first step (B, F);
    state: any nesting of tensors with B rows; steps: how many values to return; exogenous: values
    known beforehand (B, steps, E), which the step reads behind its own output: (B, F + E).
    head: what the step's outputs mean when they are a distribution (`zoo.layers.HEADS`); then they
    are (B, head.size(F)), and its mean is what is returned and fed back.
    paths: roll every row this many times, each time feeding back samples of the head's distribution
    instead of its mean (ancestral sampling: Salinas et al. 2020, "DeepAR", section 3.2).
    seed: of the samples, a whole number. A path depends on the seed, its row and its number only:
    neither on the other rows nor on the number of steps. Or one whole number per row (B,), in the
    place of seed and row.
    Returns (B, steps, F) as a NumPy array, with `paths` (B, paths, steps, F).

    The loop is compiled once on TensorFlow and once per number of steps on JAX, for all seeds.

    Raises `InputError` for steps or paths below one, shapes or a head that do not fit, and values
    that are not finite.

    >>> from zoo.models.step import Step
    >>> from zoo.layers import Normal
    >>> import numpy as np
    >>> double = Step(lambda x, state: (2 * x, state))
    >>> rollout(double, np.ones((1, 1), "float32"), [], steps=3)[0, :, 0].tolist()
    [2.0, 4.0, 8.0]
    >>> walk = Step(lambda x, state: (ops.concatenate([x, 0 * x], axis=-1), state))
    >>> rollout(walk, np.ones((5, 1)), [], steps=3, head=Normal(), paths=100).shape
    (5, 100, 3, 1)
    """
    check_whole("steps", steps)
    first = _values("first", first, rank=2)
    B, F = first.shape
    if exogenous is None:
        exogenous = np.zeros((B, steps, 0), "float32")
    exogenous = _values("exogenous", exogenous, rank=3)
    if exogenous.shape[:2] != (B, steps):
        raise InputError(
            f"exogenous has shape {exogenous.shape}, expected ({B}, {steps}, E): "
            "one row of values per step"
        )
    state = _without_nan(batch_state(state, B))
    _check_head(head, paths)
    _check_outputs(step, first, exogenous, state, head)
    inputs = [exogenous]
    if paths is not None:
        inputs.append(path_uniforms(seed, B, paths, steps, F * head.draws))
        # Rows are repeated in front of the loop: a path is a row like any other.
        first, inputs[0] = (np.repeat(x, paths, axis=0) for x in (first, exogenous))
        state = tree.map_structure(lambda x: ops.repeat(x, paths, axis=0), state)
    run = step.compiled(("rollout", head, paths is not None), program(step, head))
    values = ops.convert_to_numpy(run(first, state, inputs))
    return values if paths is None else values.reshape(B, paths, steps, F)


def program(step, head):
    """All of `rollout` as (first (B, F), state, inputs) -> (B, steps, F), to be compiled.

    inputs: [exogenous (B, steps, E)], and to sample also uniform (B, steps, head.draws * F).
    """

    def run(first, state, inputs):
        leaves, structure = optree.tree_flatten(state)

        def advance(carry, inputs):
            value, *leaves = carry
            exogenous, *uniform = inputs
            read = ops.concatenate([value, exogenous], axis=-1) if exogenous.shape[-1] else value
            outputs, after = follow(step, read, structure.unflatten(leaves))
            if uniform:
                outputs = head.sample(outputs, *uniform)
            elif head is not None:
                outputs = head.mean(outputs)
            outputs = alike(outputs, value)
            return [outputs, *optree.tree_leaves(after)], outputs

        return backends.recurrence(advance, [first, *leaves], inputs)[0]

    return run


def _check_head(head, paths):
    if head is not None and not isinstance(head, Head):
        raise InputError(
            f"head is {head!r}, expected a distribution: for example zoo.layers.Normal()"
        )
    if paths is None:
        return
    check_whole("paths", paths)
    if head is None:
        raise without_head(paths)


def _check_outputs(step, first, exogenous, state, head):
    """Raise `InputError` unless the step reads these inputs and returns what is fed back."""
    F = first.shape[-1]
    size = _output_size(step, np.concatenate([first, exogenous[:, 0]], axis=-1), state)
    if head is None and size != F:
        raise InputError(
            f"the step returned {size} values, first has {F}: "
            "only a step that predicts its own input can be rolled out"
        )
    if head is not None and size != head.size(F):
        raise InputError(
            f"the step returned {size} numbers, first has {F} values, for which the head "
            f"{head.name!r} reads {head.size(F)}: give the model outputs={head.size(F)}"
        )


def _output_size(step, inputs, state):
    """`output_size`, with what a framework says of widths that do not fit in one line."""
    try:
        return output_size(step, inputs, state)
    except InputError:
        raise
    except (ValueError, TypeError, RuntimeError) as error:  # one for each framework
        shapes = ", ".join(str(tuple(x.shape)) for x in tree.flatten(state)) or "nothing"
        raise InputError(
            f"the step cannot read inputs of shape {inputs.shape} beside a state of {shapes}: "
            "give first, exogenous and state the widths that its model was built for"
        ) from error


def _without_nan(state):
    for x in tree.flatten(state):
        if keras.backend.is_float_dtype(keras.backend.standardize_dtype(x.dtype)):
            count = int(np.isnan(ops.convert_to_numpy(x)).sum())
            if count:
                raise InputError(
                    f"the state holds a tensor of shape {tuple(x.shape)} with {count} values that "
                    "are NaN, expected numbers: fill them, or drop these rows first"
                )
    return state


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
