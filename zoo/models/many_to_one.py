"""A sequence in, one answer out, read off after the last real step."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers import MaskedPooling
from zoo.models.parts import head, sequence_input, stack

READOUTS = ("last", "mean", "max")


def many_to_one(
    *,
    vocabulary=None,
    features=None,
    frames=None,
    classes=None,
    outputs=None,
    embedding=64,
    filters=(16, 32),
    pooling=None,
    cell="lstm",
    units=64,
    layers_=1,
    direction="forward",
    dropout=0.0,
    token_dropout=0.0,
    activation="tanh",
    use_bias=True,
    block=None,
    readout="last",
    skip=False,
    output_activation=None,
    lengths=False,
    name="many_to_one",
):
    """A model from a sequence to one label or one vector.

    Input: `vocabulary` (tokens (B, T), 0 = padding, through `embedding` numbers each or
    `"one_hot"`), `features` (real values (B, T, F)) or `frames` ((H, W, C): video (B, T, H, W, C),
    each frame through one convolution block for each number in `filters` and, with `pooling`
    "mean" or "max", that over all places).
    With `lengths=True` the last two take a second input, the real steps of each row (B,).
    Body: `layers_` layers of `cell`, `units` wide, in `direction`, with `dropout` between layers
    and before the head, each layer in a `block` where one is named (`zoo.layers.Stack`).
    readout: `last` (the state after the last real step, both ends when bidirectional), `mean` or
    `max` over the real steps; with `skip=True` these two see each step's input beside its context
    (Lai et al. 2015).
    Output: logits (B, classes), or values (B, outputs) through `output_activation`.

    Raises `InputError` for an unknown cell, direction or readout, or not exactly one input and
    output kind.

    >>> many_to_one(vocabulary=100, classes=2).output_shape
    (None, 2)
    """
    if readout not in READOUTS:
        raise InputError(
            f"readout {readout!r} is not one of {', '.join(READOUTS)}: choose one of them"
        )
    inputs, x, mask = sequence_input(
        vocabulary,
        features,
        frames,
        embedding,
        lengths,
        dropout,
        token_dropout,
        {"filters": filters, "pooling": pooling},
    )
    body = stack(cell, units, layers_, direction, dropout, activation, use_bias, block=block)
    sequence, state = body(x, mask=mask)
    if readout == "last":
        x = body.summary_state(state)
    else:
        if skip:
            sequence = layers.Concatenate(name="context_and_input")([sequence, x])
        x = MaskedPooling(readout, name="pooling")(sequence, mask=mask)
    if dropout:
        x = layers.Dropout(dropout, name="head_dropout")(x)
    return keras.Model(inputs, head(x, classes, outputs, output_activation), name=name)
