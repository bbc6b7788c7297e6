"""What the five builders share: inputs with their masks, image features, heads.

Shapes: B batch, T time, F features, U units, V vocabulary, M memory positions.
"""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers import EachFrame, LengthMask, OneHot, PaddingMask, Stack, TokenDropout


def choose_one(**choices):
    """The one keyword whose value is not None; `InputError` when there are none or two."""
    given = [name for name, value in choices.items() if value is not None]
    if len(given) != 1:
        raise InputError(
            f"{' and '.join(given) or 'nothing'} given, expected exactly one of "
            f"{', '.join(choices)}: set one of them"
        )
    return given[0]


def embed(tokens, vocabulary, embedding, name):
    """Tokens (B, T) -> vectors (B, T, F): learned, or one-hot with `embedding="one_hot"`."""
    if embedding == "one_hot":
        return OneHot(vocabulary, name=name)(tokens)
    return layers.Embedding(vocabulary, embedding, name=name)(tokens)


def sequence_input(vocabulary, features, frames, embedding, lengths, noise=0.0, hidden=0.0):
    """The start of a sequence model: its input or inputs, vectors (B, T, F), mask (B, T) or None.

    Tokens carry their mask (0 = padding); real values get one from a second input `lengths` (B,).
    """
    kind = choose_one(vocabulary=vocabulary, features=features, frames=frames)
    if kind == "vocabulary":
        tokens = keras.Input((None,), dtype="int32", name="tokens")
        seen = TokenDropout(hidden, name="token_dropout")(tokens) if hidden else tokens
        vectors = embed(seen, vocabulary, embedding, "embedding")
        if noise:
            vectors = layers.SpatialDropout1D(noise, name="embedding_dropout")(vectors)
        return tokens, vectors, PaddingMask(name="mask")(tokens)
    if kind == "features":
        sequence = vectors = keras.Input((None, features), name="sequence")
    else:
        sequence = keras.Input((None, *frames), name="frames")
        vectors = EachFrame(image_vector(frames), name="frame_vector")(sequence)
    if not lengths:
        return sequence, vectors, None
    count = keras.Input((), dtype="int32", name="lengths")
    return [sequence, count], vectors, LengthMask(name="mask")(vectors, count)


def convolutions(filters, dropout=0.0):
    """Convolution blocks: each halves height and width and has the next number of filters."""
    for k, width in enumerate(filters):
        yield layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"convolution{k}")
        yield layers.BatchNormalization(name=f"normalisation{k}")
        yield layers.Activation("relu", name=f"relu{k}")
        yield layers.MaxPooling2D(name=f"pooling{k}")
        if dropout:
            yield layers.SpatialDropout2D(dropout, name=f"feature_dropout{k}")


def image_vector(shape, filters=(16, 32), dropout=0.0):
    """An image (H, W, C) -> one vector, as a model of its own."""
    image = x = keras.Input(shape, name="image")
    for layer in convolutions(filters, dropout):
        x = layer(x)
    return keras.Model(image, layers.Flatten(name="flatten")(x), name="image_vector")


def stack(cell, units, layers, direction, dropout, activation, use_bias, name="recurrent"):
    """The recurrent body, with the options that every builder hands on."""
    return Stack(cell, units, layers, direction, dropout, activation, use_bias, name=name)


def head(x, classes, outputs, activation):
    """The last layer: `classes` logits, or `outputs` real values through `activation`."""
    if choose_one(classes=classes, outputs=outputs) == "classes":
        return layers.Dense(classes, name="logits")(x)
    return layers.Dense(outputs, activation=activation, name="values")(x)
