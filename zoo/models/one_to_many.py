"""One input, a sequence out: an image in, its caption out."""

import keras
from keras import layers

from zoo.layers import Positions
from zoo.models.decoder import bridge, check_attention, decoder, decoder_body, encoder_decoder
from zoo.models.parts import choose_one, convolutions


def one_to_many(
    *,
    image=None,
    features=None,
    vocabulary,
    embedding=64,
    cell="gru",
    units=128,
    layers_=1,
    attention="additive",
    filters=(32, 64, 128),
    repeats=1,
    positions=False,
    dropout=0.0,
    image_dropout=None,
    block=None,
    name="one_to_many",
):
    """A model from one image or vector to a token sequence (Vinyals et al. 2015; attention over
    the places of the image as in Xu et al. 2015).

    image: (H, W, C) of the input, or features: F of a vector (then without attention);
    vocabulary: V of the output; attention: `additive`, `dot` or None.
    image_dropout: of whole filters behind each convolution, by default as much as `dropout`;
    filters: a block each that halves the image; repeats: convolutions in each block but the first;
    positions: a learned vector is added to each place, so that attention knows left from right;
    block: what stands around each recurrent layer (`Stack`).
    The model takes [image (B, H, W, C), target_in (B, T)] (teacher forcing: the target behind a
    begin token) and returns logits (B, T, V). Its parts `encoder` and `decoder` are layers of it
    by these names; `zoo.models.step.decoder_step` makes the decoding step of them.

    Raises `InputError` for an unknown cell or attention, or not exactly one input kind.

    >>> one_to_many(image=(32, 32, 3), vocabulary=20).output_shape
    (None, None, 20)
    """
    check_attention(attention)
    body = decoder_body(cell, units, layers_, dropout, block=block)
    if choose_one(image=image, features=features) == "image":
        source = keras.Input(image, name="image")
        hidden = dropout if image_dropout is None else image_dropout
        encoder, width = _image_encoder(
            image, body, attention, positions, convolutions(filters, hidden, repeats=repeats)
        )
    else:
        source = keras.Input((features,), name="vector")
        vector = keras.Input((features,), name="vector")
        encoder = keras.Model(vector, {"state": bridge(vector, body)}, name="encoder")
        attention, width = None, None
    decode = decoder(vocabulary, embedding, body, width, False, attention, dropout)
    return encoder_decoder(source, encoder, decode, name)


def _image_encoder(shape, body, attention, positions, blocks):
    image = x = keras.Input(shape, name="image")
    for layer in blocks:
        x = layer(x)
    width = x.shape[-1]
    memory = layers.Reshape((-1, width), name="places")(x)  # B M F
    if positions:
        memory = Positions(name="positions")(memory)
        memory = layers.Dense(width, activation="relu", name="placed")(memory)
    summary = layers.GlobalAveragePooling1D(name="summary")(memory)
    outputs = {"state": bridge(summary, body)}
    if attention:
        outputs["memory"] = memory
    return keras.Model(image, outputs, name="encoder"), width
