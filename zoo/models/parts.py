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


def embed(tokens, vocabulary, embedding, name, scale=None):
    """Tokens (B, T) -> vectors (B, T, F): learned, or one-hot with `embedding="one_hot"`.

    scale: the largest absolute value that a learned vector starts with, by default Keras's 0.05.
    """
    if embedding == "one_hot":
        return OneHot(vocabulary, name=name)(tokens)
    start = "uniform" if scale is None else keras.initializers.RandomUniform(-scale, scale)
    return layers.Embedding(vocabulary, embedding, embeddings_initializer=start, name=name)(tokens)


def sequence_input(
    vocabulary, features, frames, embedding, lengths, noise=0.0, hidden=0.0, vector=None
):
    """The start of a sequence model: its input or inputs, vectors (B, T, F), mask (B, T) or None.

    noise: dropout of a token's vector, or of a frame's features; vector: further options of
    `image_vector`, which makes a frame's vector.
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
        vectors = EachFrame(
            image_vector(frames, dropout=noise, **vector or {}), name="frame_vector"
        )(sequence)
    if not lengths:
        return sequence, vectors, None
    count = keras.Input((), dtype="int32", name="lengths")
    return [sequence, count], vectors, LengthMask(name="mask")(vectors, count)


def convolutions(filters, dropout=0.0, momentum=0.99, repeats=1):
    """Convolution blocks: each halves height and width and has the next number of filters.

    momentum: of the statistics that the normalisation keeps for use; with the default they need
    some 500 batches to become those of the data. repeats: convolutions before a block is halved;
    the first block, whose image is the largest, always has one.
    """
    for k, width in enumerate(filters):
        for again in range(repeats if k else 1):
            name = f"{k}" if not again else f"{k}_{again}"
            yield layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"convolution{name}")
            yield layers.BatchNormalization(momentum=momentum, name=f"normalisation{name}")
            yield layers.Activation("relu", name=f"relu{name}")
        yield layers.MaxPooling2D(name=f"pooling{k}")
        if dropout:
            yield layers.SpatialDropout2D(dropout, name=f"feature_dropout{k}")


def image_vector(shape, filters=(16, 32), dropout=0.0, pooling=None):
    """An image (H, W, C) -> one vector, as a model of its own.

    pooling: None keeps every place of the last block; "mean" or "max" over the places tells what
    there is and not where, which needs far fewer weights behind it.
    """
    if pooling not in (None, "mean", "max"):
        raise InputError(f"pooling {pooling!r} is not one of mean, max, None: choose one of them")
    image = x = keras.Input(shape, name="image")
    for layer in convolutions(filters, dropout, momentum=0.9):
        x = layer(x)
    if pooling is None:
        x = layers.Flatten(name="flatten")(x)
    else:
        over = {"mean": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}[pooling]
        x = over(name="over_places")(x)
    return keras.Model(image, x, name="image_vector")


def character_vectors(vocabulary, length, embedding, units, noise=0.0):
    """Words by their spelling: the input `characters` (B, T, C), and vectors (B, T, units).

    A convolution of width 3 over the C = `length` characters of a word, then the largest value of
    each filter (dos Santos and Zadrozny 2014). C is fixed, so padding (0) is one more character.
    """
    word = keras.Input((length,), dtype="int32", name="word")
    x = layers.Embedding(vocabulary, embedding, name="character_embedding")(word)
    x = layers.Conv1D(units, 3, padding="same", activation="relu", name="convolution")(x)
    vector = keras.Model(word, layers.GlobalMaxPooling1D(name="largest")(x), name="word_vector")
    characters = keras.Input((None, length), dtype="int32", name="characters")
    spelled = EachFrame(vector, name="spelled")(characters)
    if noise:
        spelled = layers.SpatialDropout1D(noise, name="character_dropout")(spelled)
    return characters, spelled


def stack(
    cell,
    units,
    layers,
    direction,
    dropout,
    activation,
    use_bias,
    name="recurrent",
    weight_drop=0.0,
    locked=False,
    block=None,
):
    """The recurrent body, with the options that every builder hands on."""
    options = dict(name=name, weight_drop=weight_drop, locked=locked, block=block)
    return Stack(cell, units, layers, direction, dropout, activation, use_bias, **options)


def head(x, classes, outputs, activation):
    """The last layer: `classes` logits, or `outputs` real values through `activation`."""
    if choose_one(classes=classes, outputs=outputs) == "classes":
        return layers.Dense(classes, name="logits")(x)
    return layers.Dense(outputs, activation=activation, name="values")(x)
