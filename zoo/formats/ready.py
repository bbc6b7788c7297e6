"""A model made ready to be traced for any number of steps: weights shared, other layers around."""

import keras
from keras import ops

from zoo.engine.accelerate import accelerate
from zoo.engine.rewiring import Rewiring
from zoo.errors import InputError
from zoo.layers import EachFrame


def ready(model):
    """`model` without stock layers that a trace would fix to one number of steps.

    Keras's `TimeDistributed` goes over the steps one by one in Python, on TensorFlow over too few
    of them: instead, all are taken at once.
    """
    return Rewiring(_is_framed, lambda layer: Framed(layer.layer, name=layer.name))(model)


def _is_framed(layer):
    return type(layer) is keras.layers.TimeDistributed


class Framed(EachFrame):
    """`EachFrame`, called as `TimeDistributed` is: with a mask, which the layer inside may read."""

    def call(self, frames, training=None, mask=None):
        if mask is None or not self.model._call_has_mask_arg:
            return super().call(frames, training=training)
        batch, time = ops.shape(frames)[:2]
        pieces = [ops.reshape(x, (-1, *x.shape[2:])) for x in (frames, mask)]
        vectors = self.model(pieces[0], mask=pieces[1])
        return ops.reshape(vectors, (batch, time, *vectors.shape[1:]))

    def compute_output_spec(self, frames, training=None, mask=None):
        return super().compute_output_spec(frames, training=training)


def on_fast_layers(model):
    """The model on the zoo's layers, whose loop over time can be chosen; itself where it has none
    to replace."""
    try:
        return accelerate(model)
    except InputError:
        return model


def check_stateless(model):
    """Raise `InputError` that names the first layer that remembers its state between calls."""
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            raise InputError(
                f"layer {layer.name!r} is stateful, and a file remembers nothing: export its step, "
                "whose state goes in and out, or build it with stateful=False"
            )
