"""A language model: logits of the next token at every step, one matrix for tokens in and out."""

import keras
from keras import layers

from zoo.layers import EmbeddingDropout, PaddingMask, TiedEmbedding
from zoo.models.parts import stack


def language_model(
    *,
    vocabulary,
    embedding=256,
    cell="lstm",
    units=512,
    layers_=1,
    dropout=0.0,
    weight_drop=0.0,
    word_dropout=0.0,
    block=None,
    name="language_model",
):
    """Tokens (B, T), 0 = padding, to the logits of the tokens behind them (B, T, V).

    vocabulary: V. Each token is a vector of `embedding` numbers, `layers_` layers of `cell`,
    `units` wide, read it, and a projection back to that size meets the same vectors for the
    logits (Press and Wolf 2017). In training, dropout: of the vectors, between layers and before
    the logits, one mask for all steps (Gal and Ghahramani 2016); weight_drop: of the recurrent
    weights (Merity et al. 2018); word_dropout: of whole words. block: what
    stands around each recurrent layer (`Stack`).

    Causal: it can be stepped and streamed (`zoo.streaming`). Raises `InputError` as `Stack` does.

    >>> language_model(vocabulary=50, embedding=4, units=6).output_shape
    (None, None, 50)
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    table = TiedEmbedding(vocabulary, embedding, name="embedding")
    x = table(tokens)
    if word_dropout:
        x = EmbeddingDropout(vocabulary, word_dropout, name="word_dropout")(x, tokens)
    if dropout:
        x = layers.SpatialDropout1D(dropout, name="embedding_dropout")(x)
    options = dict(weight_drop=weight_drop, locked=True, block=block)
    body = stack(cell, units, layers_, "forward", dropout, "tanh", True, **options)
    x, _ = body(x, mask=PaddingMask(name="mask")(tokens))
    if dropout:
        x = layers.SpatialDropout1D(dropout, name="head_dropout")(x)
    if units != embedding:
        x = layers.Dense(embedding, name="projection")(x)
    return keras.Model(tokens, table(x, reverse=True), name=name)
