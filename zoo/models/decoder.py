"""The decoder that one-to-many and many-to-many delayed share, and the model around it.

Training reads the whole target at once (teacher forcing); decoding calls the same model with one
token and the state of the step before. Attention looks from the recurrent output (Luong et al.
2015, "global" attention), so that one pass over the target suffices in training.
"""

import keras
from keras import layers

from zoo.errors import InputError
from zoo.layers import TiedEmbedding
from zoo.layers.attention import ATTENTION
from zoo.models.parts import embed, stack

BODY = dict(direction="forward", activation="tanh", use_bias=True)


def check_attention(attention):
    """Raise `InputError` unless `attention` is a known name or None."""
    if attention is not None and attention not in ATTENTION:
        raise InputError(
            f"attention {attention!r} is not one of {', '.join(ATTENTION)} or None: "
            "choose one of them"
        )


def bridge(summary, body):
    """The decoder's first state from the encoder's summary (B, S): one dense layer for each."""
    return [
        layers.Dense(width, activation="tanh", name=f"initial_state{k}")(summary)
        for k, (_, width) in enumerate(body.state_shapes)
    ]


def attend(attention, query, memory, mask, units):
    """The context (B, T, .) and the weights (B, T, M) of `query` (B, T, U) over `memory`."""
    return ATTENTION[attention](units, name="attention")(query, memory, memory_mask=mask)


def decoder(
    vocabulary,
    embedding,
    body,
    memory,
    masked,
    attention,
    dropout,
    noise=0.0,
    tied=False,
    scale=None,
):
    """A model: tokens (B, T), [memory (B, M, F), [mask (B, M)]], state -> logits, weights, state.

    memory: F of the memory, or None without attention; noise: dropout of the tokens' vectors;
    tied: the logits read the embedding's own matrix (Press and Wolf 2017); scale: of the vectors
    at the start (`embed`), where not tied. Outputs are a dictionary: `logits` (B, T, V), `weights`
    (B, T, M) with attention, and `state`, a list of (B, U).
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    state = [keras.Input(s[1:], name=f"state{k}_in") for k, s in enumerate(body.state_shapes)]
    inputs = {"tokens": tokens, "state": state}
    if tied:
        embedded = TiedEmbedding(vocabulary, embedding, name="embedding")
        x = embedded(tokens)
    else:
        x = embed(tokens, vocabulary, embedding, "embedding", scale)
    if noise:
        x = layers.Dropout(noise, name="embedding_dropout")(x)
    x, new_state = body(x, initial_state=state)
    outputs = {"state": new_state}
    width = embedding if tied else body.units
    if attention:
        inputs["memory"] = keras.Input((None, memory), name="memory")
        if masked:
            inputs["mask"] = keras.Input((None,), dtype="bool", name="mask")
        context, outputs["weights"] = attend(
            attention, x, inputs["memory"], inputs.get("mask"), body.units
        )
        x = layers.Concatenate(name="query_and_context")([x, context])
    if attention or width != body.units:
        x = layers.Dense(width, activation="tanh", name="attended")(x)
    x = layers.Dropout(dropout, name="head_dropout")(x)
    if tied:
        outputs["logits"] = embedded(x, reverse=True)
    else:
        outputs["logits"] = layers.Dense(vocabulary, name="logits")(x)
    return keras.Model(inputs, outputs, name="decoder")


def decoder_body(cell, units, layers_, dropout, weight_drop=0.0, block=None):
    """The recurrent body of a decoder: it can only read forwards."""
    options = dict(dropout=dropout, weight_drop=weight_drop, block=block, name="decoder_recurrent")
    return stack(cell, units, layers_, **options, **BODY)


def encoder_decoder(source, encoder, decode, name):
    """The trainable whole: [source, target_in (B, T)] -> logits (B, T, V)."""
    target = keras.Input((None,), dtype="int32", name="target_in")
    encoded = encoder(source)
    encoded = encoded if isinstance(encoded, dict) else {"state": encoded}
    outputs = decode({"tokens": target, **encoded})
    return keras.Model([source, target], outputs["logits"], name=name)
