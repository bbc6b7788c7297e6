"""Where an encoder-decoder looked while it wrote: attention weights, after the decode."""

import numpy as np
from keras import ops

from zoo import backends
from zoo.data.vocabulary import BEGIN
from zoo.errors import InputError
from zoo.models.step import encode_step, kept, projected


def alignment(model, source, tokens, begin=BEGIN):
    """The attention weights of a decode, (B, T, M) float32: row t is where token t was written.

    model: an encoder-decoder with attention; source: what its encoder reads, tokens (B, M) or
    images (B, H, W, C); tokens: what a decoder found, (B, T) without the begin token, padded on
    the right; begin: the token that the decode started from. M counts the source's steps, or the
    places of an image, row by row (`grid` says how many each way).

    A decoder cannot look ahead, so one teacher-forced pass over the tokens that were found has the
    very weights of the steps that found them, whatever searched. The weights of each row sum to 1
    and are 0 on padding of the source. What stands behind a sequence's end means nothing.

    Raises `InputError` for a model without attention and for tokens of another shape.

    Source: Bahdanau et al. 2015 (figure 3) and Xu et al. 2015, who show such weights.

    >>> from zoo.models.many_to_many_delayed import many_to_many_delayed
    >>> model = many_to_many_delayed(source_vocabulary=9, target_vocabulary=7, units=4)
    >>> source, tokens = np.array([[5, 6, 3, 0]]), np.array([[4, 6]])
    >>> weights = alignment(model, source, tokens)
    >>> weights.shape, weights[0].sum(axis=-1).round(3).tolist(), weights[0, :, 3].tolist()
    ((1, 2, 4), [1.0, 1.0], [0.0, 0.0])
    """
    check_attends(model)
    tokens = np.asarray(ops.convert_to_numpy(tokens))
    fits = tokens.ndim == 2 and tokens.shape[1] and len(tokens) == len(source)
    if not fits or tokens.dtype.kind not in "iu":
        raise InputError(
            f"tokens have shape {tokens.shape} and type {tokens.dtype}, expected integers "
            f"({len(source)}, T), T of 1 or more: give a row of tokens for each source"
        )
    read = np.concatenate([np.full((len(tokens), 1), begin), tokens[:, :-1]], axis=1)
    encoded = kept(model, encode_step)(source)
    weights = kept(model, _forced)(read.astype("int32"), encoded)
    return np.asarray(ops.convert_to_numpy(weights), "float32")


def _forced(model):
    """The decoder's weights of a whole target as a compiled call."""
    decoder = projected(model.get_layer("decoder"))

    def weights(tokens, encoded):
        return decoder({"tokens": tokens, **encoded}, training=False)["weights"]

    return backends.compiled(weights, decoder.variables)


def check_attends(model):
    """Raise `InputError` unless `model` is an encoder-decoder with attention."""
    parts = {layer.name: layer for layer in model.layers}
    if "decoder" not in parts or "weights" not in parts["decoder"].output:
        raise InputError(
            f"model {model.name!r} has no attention, expected an encoder-decoder that has: "
            "ask for none, or train one with `attention`"
        )


def grid(model):
    """(height, width) of the places that M counts where the source is an image, else None.

    >>> from zoo.models.one_to_many import one_to_many
    >>> grid(one_to_many(image=(16, 8, 3), vocabulary=9, filters=(4, 4)))
    (4, 2)
    """
    layers = {layer.name: layer for layer in model.get_layer("encoder").layers}
    return tuple(layers["places"].input.shape[1:3]) if "places" in layers else None
