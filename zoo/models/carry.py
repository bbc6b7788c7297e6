"""A model with its recurrent state as further inputs and outputs."""

import keras
from keras import ops

from zoo.errors import InputError
from zoo.layers import Stack
from zoo.layers.carried import CarriedConv1D, CarriedRNN
from zoo.layers.frames import EachFrame
from zoo.layers.loop import Carries, carrying
from zoo.layers.recurrent import register

EACH_STEP = (EachFrame, keras.layers.TimeDistributed)
CARRIERS = (Stack, Carries, CarriedConv1D, CarriedRNN)
NOT_CAUSAL = {
    "AdditiveAttention",
    "Attention",
    "Bidirectional",
    "CRF",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "GroupQueryAttention",
    "MaskedPooling",
    "MultiHeadAttention",
    "ScaledDotAttention",
}


@register
class Carry(keras.layers.Layer):
    """A model called with its recurrent state as further inputs and outputs."""

    def __init__(self, model, **kwargs):
        super().__init__(autocast=False, **kwargs)  # each layer's state has its own type
        self.model = model

    def call(self, inputs, state, training=None):
        layers = carriers(self.model)
        state = [ops.cast(s, k) for s, k in zip(state, state_types(self.model), strict=True)]
        with carrying(_divide(state, layers)) as states:
            outputs = self.model(inputs, training=training)
        return outputs, [tensor for layer in layers for tensor in states[layer]]

    def compute_output_spec(self, inputs, state, training=None):
        # Said, not traced: torch would run the loop over time to find these shapes.
        kinds = state_types(self.model)
        state = [keras.KerasTensor(s.shape, k) for s, k in zip(state, kinds, strict=True)]
        return self.model(inputs), state

    def get_config(self):
        return super().get_config() | {"model": keras.saving.serialize_keras_object(self.model)}

    @classmethod
    def from_config(cls, config):
        model = keras.saving.deserialize_keras_object(config.pop("model"))
        return cls(model, **config)


def _divide(state, layers):
    """The flat list `state` as {layer: its tensors}."""
    state = list(state)
    return {layer: [state.pop(0) for _ in layer.state_shapes] for layer in layers}


def carriers(model):
    """Every layer inside `model` that has a state to carry, in the order of its layers."""
    return list(dict.fromkeys(_carriers(model)))  # one that is used twice is told when it runs


def state_types(model):
    """The type of each tensor of the state."""
    return [layer.state_dtype for layer in carriers(model) for _ in layer.state_shapes]


def _carriers(holder):
    for layer in _over_time(holder):
        if isinstance(layer, CARRIERS):
            yield layer
        else:
            yield from _carriers(layer)


def _over_time(layer):
    """The layers directly inside `layer` that it calls over time."""
    # Whatever is inside of these sees one step, so that its own axis of time is another.
    return [] if isinstance(layer, EACH_STEP) else held(layer)


def held(layer):
    """The layers directly inside `layer`."""
    if isinstance(layer, keras.Model):
        return layer.layers
    if isinstance(layer, keras.layers.Layer):
        return layer._flatten_layers(include_self=False, recursive=False)
    return []  # an operation of a graph, which holds nothing


def carried_model(model):
    """`model` with explicit state: [*inputs, *state] -> [*outputs, *new state], weights shared.

    Called on one step it streams, on a longer piece it works in chunks; the state is a list of
    (B, U), zeros to begin with. Stock recurrent layers: see `zoo.streaming`. Raises `InputError`
    naming the layer when `model` is not causal.

    >>> from zoo.models.many_to_many_aligned import many_to_many_aligned
    >>> model = many_to_many_aligned(features=3, outputs=2, cell="gru", units=4)
    >>> [tuple(t.shape) for t in carried_model(model).outputs]
    [(None, None, 2), (None, 4)]
    """
    check_causal(model)
    inputs = like(model.inputs)
    shapes = [s for layer in carriers(model) for s in layer.state_shapes]
    if not shapes:
        raise InputError(
            f"model {model.name!r} has no recurrent layer, expected one with a state to carry: "
            "call the model itself"
        )
    state = [keras.Input(shape[1:], name=f"state{k}") for k, shape in enumerate(shapes)]
    arguments = as_inputs(model, inputs)
    outputs, final = Carry(model, name="carry")(arguments, state)
    outputs = keras.tree.flatten(outputs)
    return keras.Model([*inputs, *state], [*outputs, *final], name=f"{model.name}_carried")


def like(tensors):
    """An input of the same shape, type and name for each of `tensors`, in their structure."""
    return keras.tree.map_structure(
        lambda t: keras.Input(batch_shape=t.shape, dtype=t.dtype, name=t.name), tensors
    )


def as_inputs(model, tensors):
    """The list `tensors` in the structure in which `model` takes its inputs."""
    if isinstance(model, keras.Sequential):
        return tensors[0]
    return keras.tree.pack_sequence_as(model.input, tensors)


def initial_state(model, batch_size):
    """Zeros for every recurrent layer of `model`: a list of (B, U)."""
    return [s for layer in carriers(model) for s in layer.initial_state(batch_size)]


def check_causal(model):
    """Raise `InputError` naming the first layer of `model` that looks at later steps."""
    layers = _over_time(model)
    if {"encoder", "decoder"} <= {layer.name for layer in layers}:
        raise InputError(
            f"layer 'encoder' of {model.name!r} reads the whole input before the decoder writes, "
            "so the model cannot be run step by step: decode with its `decoder_step`"
        )
    for layer in layers:
        backward = getattr(layer, "go_backwards", False)
        backward = backward or (isinstance(layer, Stack) and layer.direction != "forward")
        if backward or type(layer).__name__ in NOT_CAUSAL:
            raise InputError(
                f"layer {layer.name!r} of {model.name!r} looks at later steps, so the model cannot "
                "be run step by step: use a forward recurrent body without pooling over time"
            )
        if not isinstance(layer, CARRIERS):
            check_causal(layer)
