"""Any causal Keras model, made ready to be run piece by piece: the first half of `streaming`."""

from contextlib import contextmanager

import keras
import numpy as np
from keras import ops

from zoo.engine.accelerate import check_model, fast_layer, obstacle
from zoo.engine.rewiring import Rewiring
from zoo.errors import InputError, one_line
from zoo.layers.carried import CarriedConv1D, CarriedRNN
from zoo.layers.frames import EachFrame
from zoo.layers.loop import Carries
from zoo.layers.stack import Stack
from zoo.models.carry import CARRIERS, EACH_STEP, as_inputs, check_causal, initial_state

# Layers that treat each step by itself, as long as nobody names the axis of time to them.
BY_STEP = (
    *EACH_STEP,
    keras.layers.InputLayer,
    keras.layers.Embedding,
    keras.layers.Dense,
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.GaussianNoise,
    keras.layers.Activation,
    keras.layers.Masking,
    keras.layers.Identity,
    keras.layers.Rescaling,
)


class Freeing(Rewiring):
    """A copy with the axis of time free, and with layers whose state can be carried."""

    def __init__(self):
        super().__init__(_wanted, _replacement)

    def _make(self, layer):
        # A graph with a fixed number of steps would refuse a single one.
        if _is_graph(layer) and any(_free(t.shape) != tuple(t.shape) for t in layer.inputs):
            return self._copy(layer)
        return super()._make(layer)

    def _input(self, tensor):
        source = tensor._keras_history.operation
        if id(source) not in self.made:
            config = source.get_config() | {"batch_shape": _free(tensor.shape)}
            self.made[id(source)] = keras.layers.InputLayer(**config)
        return self.made[id(source)].output


def freed(model):
    """`model` for pieces of any length: weights shared, its recurrent layers such as can carry.

    Raises `InputError` that names the layer for which that is not possible.
    """
    _check(model)
    check_causal(model)
    for layer in _all(model):
        _check_layer(layer)
    with told_of(model):
        return Freeing()(model)


@contextmanager
def told_of(model):
    """What a layer says, in whatever type, of another number of steps: one line."""
    try:
        yield
    except Exception as error:  # Keras wraps a cause, even ours, in lines about the arguments
        cause = one_line(error)
        if isinstance(error, InputError):
            raise InputError(cause) from error
        raise InputError(
            f"model {model.name!r} cannot be run for another number of steps than its own: {cause}"
        ) from error


def _check_layer(layer):
    problem = None
    if type(layer).__name__.startswith("ConvLSTM"):
        problem = f"is a {type(layer).__name__}, expected recurrent layers with states (B, U)"
    elif _is_causal_convolution(layer) and layer.strides != (1,):
        problem = f"has strides {layer.strides}, expected strides of 1"
    elif _is_causal_convolution(layer) and layer.data_format != "channels_last":
        problem = f"has data_format {layer.data_format!r}, expected channels_last"
    if problem:
        raise InputError(f"layer {layer.name!r} {problem}: it cannot be run step by step")


def _all(holder):
    """Every layer of a model and of the models in it."""
    for layer in holder.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _all(layer)


def _check(model):
    check_model(model)
    if not _is_graph(model):
        raise InputError(
            f"model {model.name!r} is a {type(model).__name__} without a graph of its own: "
            "expected a functional or Sequential model that begins with keras.Input"
        )


def _is_graph(layer):
    sequential = isinstance(layer, keras.Sequential) and layer.built and layer._functional
    return bool(sequential) or isinstance(layer, keras.Function)


def _free(shape):
    """A shape with batch and time open."""
    return (None, None, *shape[2:]) if len(shape) > 1 else tuple(shape)


def _is_causal_convolution(layer):
    return type(layer) is keras.layers.Conv1D and layer.padding == "causal"


def _wanted(layer):
    if isinstance(layer, CARRIERS):
        return False
    kinds = (keras.layers.RNN, keras.layers.TimeDistributed)
    return isinstance(layer, kinds) or _is_causal_convolution(layer)


def _replacement(layer):
    if _is_causal_convolution(layer):
        return CarriedConv1D(layer)
    if isinstance(layer, keras.layers.TimeDistributed):  # on TensorFlow wrong for other lengths
        return EachFrame(layer.layer, name=layer.name)
    if obstacle(layer):
        return CarriedRNN(layer)
    return fast_layer(layer, stateful=False, unroll=False)


def check_by_running(model, free, run, batch_size):
    """Run a step; where a layer may look along time, also the whole and pieces, to compare them.

    model: the source; free: its `freed` copy; run: (inputs, state) -> (outputs, state), all lists.
    Raises `InputError` that names the layers to look at.
    """
    suspects = list(dict.fromkeys(_suspects(free)))
    pieces = ((0, 1), (1, 2), (2, 5), (5, 6)) if suspects else ((0, 1),)
    rng = np.random.default_rng(0)
    inputs = [_numbers(rng, t, batch_size, pieces[-1][-1]) for t in free.inputs]
    found, state = [], initial_state(free, batch_size)
    with told_of(model):
        for start, end in pieces:
            outputs, state = run([x[:, start:end] for x in inputs], state)
            found.append([ops.convert_to_numpy(x) for x in outputs])
        whole = keras.tree.flatten(free(as_inputs(free, inputs))) if suspects else []
    for k, expected in enumerate(map(ops.convert_to_numpy, whole)):
        parts = [outputs[k] for outputs in found]
        joined = np.concatenate(parts, axis=1) if expected.ndim > 2 else parts[-1]
        if joined.shape != expected.shape or not np.allclose(joined, expected, 1e-3, 1e-4):
            raise InputError(
                f"model {model.name!r} gives other outputs step by step than on the whole: "
                f"expected layers that see no later step; look at {', '.join(suspects)}"
            )


def _suspects(holder):
    """The names of the layers that may look along the axis of time."""
    for layer in holder.layers if isinstance(holder, keras.Model) else ():
        if isinstance(layer, keras.Model):
            yield from _suspects(layer)
        elif not isinstance(layer, (*BY_STEP, Stack, Carries, CarriedConv1D)):
            yield repr(layer.name)
    if isinstance(holder, keras.Function):
        known = {id(layer) for layer in holder.layers}
        yield from (repr(o.name) for o in holder.operations if id(o) not in known)


def _numbers(rng, tensor, B, T):
    shape = (B, *(T if n is None else n for n in tensor.shape[1:]))
    kind = keras.backend.standardize_dtype(tensor.dtype)
    if kind == "bool":
        return np.ones(shape, bool)
    if "int" in kind:  # the first tokens of any vocabulary; 0 may be padding
        return rng.integers(0, 2, shape).astype(kind)
    return rng.normal(size=shape).astype(kind)
