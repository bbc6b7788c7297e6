"""One step of a model, from the very layers that were trained: what every decoder drives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import keras
from keras import ops

from zoo import backends
from zoo.errors import InputError
from zoo.layers import Stack
from zoo.layers.loop import carrying
from zoo.layers.recurrent import register


@dataclass(eq=False)
class Step:
    """`function(inputs, state) -> (outputs, new_state)` and the weights that it reads.

    State is any nesting of tensors with the batch on axis 0. `variables` are read afresh at each
    call, so a step made before training decodes with the weights after it.
    """

    function: Callable
    variables: Sequence = ()
    cache: dict = field(default_factory=dict, repr=False)

    def compiled(self, key, function):
        """`function` compiled once for each `key` of static arguments."""
        if key not in self.cache:
            self.cache[key] = backends.compiled(function, self.variables)
        return self.cache[key]


@register
class Carry(keras.layers.Layer):
    """A model called with its recurrent state as further inputs and outputs."""

    def __init__(self, model, **kwargs):
        super().__init__(**kwargs)
        self.model = model

    def call(self, inputs, state, training=None):
        stacks = recurrent_stacks(self.model)
        with carrying(_divide(state, stacks)) as states:
            outputs = self.model(inputs, training=training)
        return outputs, [tensor for stack in stacks for tensor in states[stack]]

    def compute_output_spec(self, inputs, state, training=None):
        # Said, not traced: torch would run the loop over time to find these shapes.
        kinds = [s.compute_dtype for s in recurrent_stacks(self.model) for _ in s.state_shapes]
        state = [keras.KerasTensor(s.shape, k) for s, k in zip(state, kinds, strict=True)]
        return self.model(inputs), state

    def get_config(self):
        return super().get_config() | {"model": keras.saving.serialize_keras_object(self.model)}

    @classmethod
    def from_config(cls, config):
        model = keras.saving.deserialize_keras_object(config.pop("model"))
        return cls(model, **config)


def _divide(state, stacks):
    """The flat list `state` as {stack: its tensors}."""
    state = list(state)
    return {stack: [state.pop(0) for _ in stack.state_shapes] for stack in stacks}


def recurrent_stacks(model):
    """Every `Stack` inside `model`, in the order of its layers."""
    found = []
    for layer in getattr(model, "layers", ()):
        if isinstance(layer, Stack):
            found.append(layer)
        elif isinstance(layer, keras.Model):
            found += recurrent_stacks(layer)
    return found


def carried_model(model):
    """`model` with explicit state: [*inputs, *state] -> [output, *new state], weights shared.

    Called on one step it streams, on a longer piece it works in chunks; the state is a list of
    (B, U), zeros to begin with. Raises `InputError` naming the layer when `model` is not causal.

    >>> from zoo.models.many_to_many_aligned import many_to_many_aligned
    >>> model = many_to_many_aligned(features=3, outputs=2, cell="gru", units=4)
    >>> [tuple(t.shape) for t in carried_model(model).outputs]
    [(None, None, 2), (None, 4)]
    """
    check_causal(model)
    inputs = [keras.Input(batch_shape=t.shape, dtype=t.dtype, name=t.name) for t in model.inputs]
    shapes = [s for stack in recurrent_stacks(model) for s in stack.state_shapes]
    if not shapes:
        raise InputError(
            f"model {model.name!r} has no recurrent stack, expected one with a state to carry: "
            "call the model itself"
        )
    state = [keras.Input(shape[1:], name=f"state{k}") for k, shape in enumerate(shapes)]
    arguments = inputs[0] if len(inputs) == 1 else inputs
    output, final = Carry(model, name="carry")(arguments, state)
    return keras.Model([*inputs, *state], [output, *final], name=f"{model.name}_carried")


def check_causal(model):
    """Raise `InputError` naming the first layer of `model` that looks at later steps."""
    layers = getattr(model, "layers", ())
    if {"encoder", "decoder"} <= {layer.name for layer in layers}:
        raise InputError(
            f"layer 'encoder' of {model.name!r} reads the whole input before the decoder writes, "
            "so the model cannot be run step by step: decode with its `decoder_step`"
        )
    for layer in layers:
        backward = isinstance(layer, Stack) and layer.direction != "forward"
        if backward or type(layer).__name__ in NOT_CAUSAL:
            raise InputError(
                f"layer {layer.name!r} of {model.name!r} looks at later steps, so the model cannot "
                "be run step by step: use a forward recurrent body without pooling over time"
            )
        if isinstance(layer, keras.Model):
            check_causal(layer)


NOT_CAUSAL = {
    "AdditiveAttention",
    "Attention",
    "Bidirectional",
    "CRF",
    "GlobalAveragePooling1D",
    "GlobalMaxPooling1D",
    "MaskedPooling",
    "MultiHeadAttention",
    "ScaledDotAttention",
}


def kept(model, make):
    """`make(model)`, made once for each model, so that what it compiles is compiled once.

    Written past Keras's attribute tracking: a step that refers to its model would be a cycle there.
    """
    made = model.__dict__.setdefault("_zoo_kept", {})
    if make not in made:
        made[make] = make(model)
    return made[make]


def initial_state(model, batch_size):
    """Zeros for every stack of `model`: a list of (B, U)."""
    return [s for stack in recurrent_stacks(model) for s in stack.initial_state(batch_size)]


def zero_state(model, batch_size):
    """`initial_state` as NumPy arrays, for `predict_on_batch` and `train_on_batch`."""
    return [ops.convert_to_numpy(s) for s in initial_state(model, batch_size)]


def carried_step(model):
    """The step of a model with one output each time step: inputs (B,) tokens or (B, F).

    Raises `InputError` for a model that is not causal, or that gives one output in all.
    """
    if len(model.output_shape) != 3:
        raise InputError(
            f"model {model.name!r} gives {model.output_shape}, expected an output at every step: "
            "use `window_step`, or a many-to-many model"
        )
    stepwise = carried_model(model)

    def function(inputs, state):
        output, *state = stepwise([ops.expand_dims(inputs, 1), *state])
        return output[:, 0], state

    return Step(function, stepwise.variables)


def window_step(model):
    """The step of a model that forecasts from a window: inputs (B, F), state (B, W, F)."""

    def function(inputs, window):
        window = ops.concatenate([window[:, 1:], ops.expand_dims(inputs, 1)], axis=1)
        return model(window, training=False), window

    return Step(function, model.variables)


def decoder_step(model):
    """The step of an encoder-decoder: tokens (B,) -> logits (B, V); state from `encode`."""
    decoder = model.get_layer("decoder")

    def function(tokens, state):
        outputs = decoder({"tokens": ops.expand_dims(tokens, 1), **state}, training=False)
        return outputs["logits"][:, 0], state | {"state": outputs["state"]}

    return Step(function, decoder.variables)


def encode_step(model):
    """The encoder as a compiled call: source -> the state that `decoder_step` starts from."""
    encoder = model.get_layer("encoder")
    return backends.compiled(lambda source: encoder(source, training=False), encoder.variables)
