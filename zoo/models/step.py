"""One step of a model, from the very layers that were trained: what every decoder drives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import keras
from keras import ops

from zoo import backends
from zoo.errors import InputError
from zoo.layers.attention import ATTENTION
from zoo.layers.projected import Projected, Projecting
from zoo.models.carry import carried_model, initial_state, like


@dataclass(eq=False)
class Step:
    """`function(inputs, state) -> (outputs, new_state)` and the weights that it reads.

    State is any nesting of tensors with the batch on axis 0. `variables` are read afresh at each
    call, so a step made before training decodes with the weights after it. `run` is `function` as
    a loop should call it.
    """

    function: Callable
    variables: Sequence = ()
    cache: dict = field(default_factory=dict, repr=False)

    def __post_init__(self):
        self.run = backends.stepwise(self.function, self.variables)

    def compiled(self, key, function):
        """`function` compiled once for each `key` of static arguments."""
        if key not in self.cache:
            self.cache[key] = backends.compiled(function, self.variables, loop=True)
        return self.cache[key]


def kept(model, make):
    """`make(model)`, made once for each model, so that what it compiles is compiled once.

    Written past Keras's attribute tracking: a step that refers to its model would be a cycle there.
    """
    made = model.__dict__.setdefault("_zoo_kept", {})
    if make not in made:
        made[make] = make(model)
    return made[make]


def zero_state(model, batch_size):
    """`initial_state` as NumPy arrays, for `predict_on_batch` and `train_on_batch`."""
    return [ops.convert_to_numpy(s) for s in initial_state(model, batch_size)]


def carried_step(model):
    """The step of a causal model, its state carried: inputs (B,) tokens or (B, F).

    Raises `InputError` for a model that is not causal, or with more than one input or output.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise InputError(
            f"model {model.name!r} has {len(model.inputs)} inputs and {len(model.outputs)} "
            "outputs, expected one of each: write its step with `carried_model`"
        )
    return step_of(carried_model(model))


def step_of(stepwise):
    """The step of what `carried_model` made of a model with one input and one output."""
    every = len(stepwise.outputs[0].shape) == 3  # an output at every step, or one in all

    def function(inputs, state):
        output, *state = stepwise([ops.expand_dims(inputs, 1), *state])
        return (output[:, 0] if every else output), state

    return Step(function, stepwise.variables)


def window_step(model):
    """The step of a model that forecasts from a window: inputs (B, F), state (B, W, F)."""

    def function(inputs, window):
        window = ops.concatenate([window[:, 1:], ops.expand_dims(inputs, 1)], axis=1)
        return model(window, training=False), window

    return Step(function, model.variables)


def decoder_step(model):
    """The step of an encoder-decoder: tokens (B,) -> logits (B, V); state from `encode_step`."""
    decoder = projected(model.get_layer("decoder"))

    def function(tokens, state):
        outputs = decoder({"tokens": ops.expand_dims(tokens, 1), **state}, training=False)
        return outputs["logits"][:, 0], state | {"state": outputs["state"]}

    return Step(function, decoder.variables)


def encode_step(model):
    """The encoder as a compiled call: source -> the state that `decoder_step` starts from.

    Its memory is projected for the decoder's attention, once for all steps.
    """
    encoder = projecting(model)

    def encode(source):
        return encoder(source, training=False)

    return backends.compiled(encode, encoder.variables)


def projecting(model):
    """The encoder of an encoder-decoder, whose memory is ready for the `projected` decoder."""
    encoder, attention = model.get_layer("encoder"), _attention_of(model.get_layer("decoder"))
    if attention is None:
        return encoder
    ready = Projecting(attention)(encoder.output["memory"])
    return keras.Model(encoder.input, encoder.output | {"memory": ready}, name="encoder")


def _attention_of(decoder):
    """The attention of a decoder, or None."""
    found = [layer for layer in decoder.layers if isinstance(layer, tuple(ATTENTION.values()))]
    return found[0] if found else None


def projected(decoder):
    """The decoder with the same layers, whose memory `projecting` has projected already."""
    attention = _attention_of(decoder)
    if attention is None:
        return decoder
    inputs = like(decoder.input)
    memory = Projecting(attention)(inputs["memory"])
    inputs["memory"] = keras.Input(batch_shape=memory.shape, dtype=memory.dtype, name="memory")
    ready = Projected(attention)

    def call(layer, *arguments, **options):
        return (ready if layer is attention else layer)(*arguments, **options)

    return keras.models.clone_model(
        decoder, inputs, clone_function=lambda layer: layer, call_function=call
    )
