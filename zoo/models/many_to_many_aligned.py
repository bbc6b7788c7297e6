"""One output for each input step: tagging, language modelling, filtering."""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers.crf import CRF
from zoo.layers.pairs import PairEmbedding
from zoo.models.parts import character_vectors, head, sequence_input, stack


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
    block=None,
    crf=False,
    allowed=(),
    character_vocabulary=None,
    word_length=18,
    character_embedding=32,
    character_units=64,
    hidden=0.0,
    pairs=None,
    output_activation=None,
    lengths=False,
    name="many_to_many_aligned",
):
    """A model from a sequence to as many outputs.

    Inputs and body as in `many_to_one`. Output: logits (B, T, classes) or values (B, T, outputs)
    through `output_activation`. With `crf=True` the logits are the emissions of a linear-chain
    CRF, the layer named `crf`: train with `loss=model.get_layer("crf").loss` and decode with its
    `viterbi`; `allowed` are its arguments for what the tags allow (`bio_transitions(labels)`).

    With `character_vocabulary` each token is a word that is also spelled: a second input
    `characters` (B, T, word_length), 0 = padding, is read by a convolution of `character_units`
    filters over vectors of `character_embedding` values, and its maxima stand beside the word's
    own vector (Ma and Hovy 2016). hidden: share of the words that training hides.
    With `pairs`, (buckets, units), each token's vector also has those of the pairs that it makes
    with its neighbours (`zoo.layers.PairEmbedding`), which needs a bidirectional model.

    Raises `InputError` as `many_to_one` does, for a CRF without `classes`, and for characters
    or pairs without tokens.

    Forward models can be stepped and streamed (`zoo.streaming`).

    >>> many_to_many_aligned(vocabulary=50, embedding="one_hot", classes=50).output_shape
    (None, None, 50)
    """
    if crf and classes is None:
        raise InputError("crf=True without classes, expected the number of tags: give classes")
    if character_vocabulary and vocabulary is None:
        raise InputError("character_vocabulary without vocabulary: give the words' vocabulary too")
    inputs, x, mask = sequence_input(
        vocabulary, features, frames, embedding, lengths, dropout, hidden
    )
    if pairs:
        _check_pairs(vocabulary, direction)
        pair = PairEmbedding(*pairs, name="pairs")(inputs)
        if dropout:
            pair = layers.SpatialDropout1D(dropout, name="pair_dropout")(pair)
        x = layers.Concatenate(name="token_and_pairs")([x, pair])
    if character_vocabulary:
        sizes = (character_vocabulary, word_length, character_embedding, character_units)
        characters, spelled = character_vectors(*sizes, dropout)
        inputs, x = [inputs, characters], layers.Concatenate(name="words")([x, spelled])
    body = stack(cell, units, layers_, direction, dropout, activation, use_bias, block=block)
    x, _ = body(x, mask=mask)
    if dropout:
        x = layers.Dropout(dropout, name="head_dropout")(x)
    x = head(x, classes, outputs, output_activation)
    if crf:
        x = CRF(classes, *allowed, name="crf")(x, mask=mask)
    return keras.Model(inputs, x, name=name)


def _check_pairs(vocabulary, direction):
    if vocabulary is None or direction != "bidirectional":
        raise InputError(
            f"pairs in a {direction} model with vocabulary {vocabulary!r}, expected a model of "
            "tokens in both directions, as a pair looks ahead: change that, or leave pairs out"
        )
