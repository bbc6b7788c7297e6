"""A sequence in, one answer out, read off after the last real step."""

import keras
from keras import layers, ops

from zoo.layers.recurrent import register
from zoo.models.parts import head, sequence_input, stack


@register
class MaskedPooling(keras.layers.Layer):
    """Mean or maximum over the real steps: (B, T, U), mask (B, T) -> (B, U).

    A row without a real step gives zeros.

    >>> import numpy as np
    >>> x = np.array([[[1.0], [5.0]]], "float32")
    >>> float(MaskedPooling("mean")(x, np.array([[True, False]]))[0, 0])
    1.0
    """

    def __init__(self, kind="mean", **kwargs):
        super().__init__(**kwargs)
        self.kind = kind
        self.supports_masking = True  # takes a mask, hands none on

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def call(self, x, mask=None):
        if mask is None:
            return ops.mean(x, axis=1) if self.kind == "mean" else ops.max(x, axis=1)
        real = ops.cast(mask, x.dtype)[..., None]
        if self.kind == "mean":
            return ops.sum(x * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1)
        lowest = ops.max(ops.where(real > 0, x, -1e4), axis=1)
        return ops.where(ops.max(real, axis=1) > 0, lowest, ops.zeros_like(lowest))

    def get_config(self):
        return super().get_config() | {"kind": self.kind}


def many_to_one(
    *,
    vocabulary=None,
    features=None,
    frames=None,
    classes=None,
    outputs=None,
    embedding=64,
    cell="lstm",
    units=64,
    layers_=1,
    direction="forward",
    dropout=0.0,
    activation="tanh",
    use_bias=True,
    readout="last",
    output_activation=None,
    lengths=False,
    name="many_to_one",
):
    """A model from a sequence to one label or one vector.

    Input: `vocabulary` (tokens (B, T), 0 = padding, through `embedding` numbers each or
    `"one_hot"`), `features` (real values (B, T, F)) or `frames` ((H, W, C): video (B, T, H, W, C)).
    With `lengths=True` the last two take a second input, the real steps of each row (B,).
    Body: `layers_` layers of `cell`, `units` wide, in `direction`, with `dropout` between layers
    and before the head. readout: `last` (the state after the last real step, both ends when
    bidirectional), `mean` or `max` over the real steps.
    Output: logits (B, classes), or values (B, outputs) through `output_activation`.

    Raises `InputError` for an unknown cell, direction, or not exactly one input and output kind.

    >>> many_to_one(vocabulary=100, classes=2).output_shape
    (None, 2)
    """
    inputs, x, mask = sequence_input(vocabulary, features, frames, embedding, lengths, dropout)
    body = stack(cell, units, layers_, direction, dropout, activation, use_bias)
    sequence, state = body(x, mask=mask)
    if readout == "last":
        x = body.summary_state(state)
    else:
        x = MaskedPooling(readout, name="pooling")(sequence, mask=mask)
    if dropout:
        x = layers.Dropout(dropout, name="head_dropout")(x)
    return keras.Model(inputs, head(x, classes, outputs, output_activation), name=name)
