"""Read all, then write: a sequence in, another out (translation, pronunciation)."""

import keras
from keras import layers

from zoo.layers import PaddingMask
from zoo.models.decoder import bridge, check_attention, decoder, decoder_body, encoder_decoder
from zoo.models.parts import embed, stack


def many_to_many_delayed(
    *,
    source_vocabulary,
    target_vocabulary,
    embedding=64,
    cell="lstm",
    units=128,
    layers_=1,
    decoder_layers=None,
    direction="bidirectional",
    attention="additive",
    dropout=0.0,
    noise=0.0,
    weight_drop=0.0,
    scale=None,
    tied=False,
    block=None,
    name="many_to_many_delayed",
):
    """An encoder and a decoder (Sutskever et al. 2014; attention: Bahdanau et al. 2015).

    source_vocabulary, target_vocabulary: V on each side; layers_: of the encoder, and of the
    decoder where `decoder_layers` does not say otherwise; direction: of the encoder; attention:
    `additive`, `dot` or None (then the decoder has only the encoder's last state); dropout: of
    the encoder's outputs, between layers and before the logits; noise: of the tokens' vectors;
    weight_drop: share of the recurrent weights that a training batch does without;
    scale: the largest value that these start with, by default Keras's 0.05; tied: the
    logits read the target embedding's own matrix (Press and Wolf 2017);
    block: what stands around each recurrent layer (`Stack`).
    The model takes [source (B, M), target_in (B, T)], 0 = padding, target_in behind a begin
    token (teacher forcing), and returns logits (B, T, V). Its parts `encoder` and `decoder` are
    layers of it by these names; `zoo.models.step.decoder_step` makes the decoding step of them.

    Raises `InputError` for an unknown cell, direction or attention.

    >>> many_to_many_delayed(source_vocabulary=30, target_vocabulary=40).output_shape
    (None, None, 40)
    """
    check_attention(attention)
    body = decoder_body(cell, units, decoder_layers or layers_, dropout, weight_drop, block)
    tokens = keras.Input((None,), dtype="int32", name="source")
    mask = PaddingMask(name="mask")(tokens)
    # Not "embedding", the decoder's: Keras on torch clears gradients by the path of a weight.
    x = embed(tokens, source_vocabulary, embedding, "source_embedding", scale)
    if noise:
        x = layers.Dropout(noise, name="source_dropout")(x)
    reading = dict(name="encoder_recurrent", weight_drop=weight_drop, block=block)
    reader = stack(cell, units, layers_, direction, dropout, "tanh", True, **reading)
    memory, state = reader(x, mask=mask)
    outputs = {"state": bridge(reader.summary_state(state), body)}
    if attention:
        outputs |= {"memory": layers.Dropout(dropout, name="memory_dropout")(memory), "mask": mask}
    encoder = keras.Model(tokens, outputs, name="encoder")
    width = memory.shape[-1]
    decode = decoder(
        target_vocabulary, embedding, body, width, True, attention, dropout, noise, tied, scale
    )
    return encoder_decoder(
        keras.Input((None,), dtype="int32", name="source"), encoder, decode, name
    )
