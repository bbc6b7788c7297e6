"""One output for each input step: tagging, language modelling, filtering."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.crf import CRF
from zoo.models.parts import head, sequence_input, stack


def many_to_many_aligned(
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
    crf=False,
    output_activation=None,
    lengths=False,
    name="many_to_many_aligned",
):
    """A model from a sequence to as many outputs.

    Inputs and body as in `many_to_one`. Output: logits (B, T, classes) or values (B, T, outputs)
    through `output_activation`. With `crf=True` the logits are the emissions of a linear-chain
    CRF, the layer named `crf`: train with `loss=model.get_layer("crf").loss` and decode with its
    `viterbi`.

    Raises `InputError` as `many_to_one` does, and for a CRF without `classes`.

    Forward models can be stepped and streamed (`zoo.streaming`).

    >>> many_to_many_aligned(vocabulary=50, embedding="one_hot", classes=50).output_shape
    (None, None, 50)
    """
    if crf and classes is None:
        raise InputError("crf=True without classes, expected the number of tags: give classes")
    inputs, x, mask = sequence_input(vocabulary, features, frames, embedding, lengths, dropout)
    body = stack(cell, units, layers_, direction, dropout, activation, use_bias)
    x, _ = body(x, mask=mask)
    if dropout:
        x = layers.Dropout(dropout, name="head_dropout")(x)
    x = head(x, classes, outputs, output_activation)
    if crf:
        x = CRF(classes, name="crf")(x, mask=mask)
    return keras.Model(inputs, x, name=name)
