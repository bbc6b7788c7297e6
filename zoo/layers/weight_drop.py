"""DropConnect on recurrent weights, and dropout of whole words: what keeps a language model sober.

The third of their kind, locked dropout, one mask for all steps (Gal and Ghahramani 2016), is
`keras.layers.SpatialDropout1D`: it drops a feature of a row at every step or at none.
"""

from contextlib import contextmanager, nullcontext

import keras
from keras import ops

from zoo.errors import InputError
from zoo.layers.recurrent import register


def check_rate(name, rate):
    """Raise `InputError` unless `rate` is a number from 0 up to, not with, 1."""
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate < 1:
        raise InputError(f"{name} is {rate!r}, expected a rate from 0 up to, not with, 1")


@register
class WeightDrop(keras.layers.Layer):
    """In training, a recurrent layer with a part of its recurrent weights dropped.

    layer: a recurrent layer whose cell, or each of whose cells, has a `recurrent_kernel`, of this
    package or stock Keras; rate: of the weights that are zero, the others grow by 1 / (1 - rate);
    seed: of the masks. One mask a call holds for all steps and rows, so it is drawn outside of the
    loop over time, which runs as fast as without. Call it as the layer itself; outside of training
    it is the layer itself. The weights are the layer's own, dropped in each batch and kept whole.

    Raises `InputError` for a rate that is none, and for a layer without recurrent weights.

    Source: Merity et al. 2018, "Regularizing and optimizing LSTM language models", section 2
    (DropConnect: Wan et al. 2013).

    >>> import numpy as np
    >>> layer = WeightDrop(keras.layers.LSTM(4), rate=0.5)
    >>> tuple(layer(np.zeros((2, 5, 3), "float32"), training=True).shape)
    (2, 4)
    """

    def __init__(self, layer, rate=0.5, seed=None, **kwargs):
        super().__init__(**({"name": f"{layer.name}_dropped"} | kwargs))
        check_rate("rate", rate)
        cells_of(layer)
        self.layer, self.rate, self.seed = layer, rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, sequences_shape, initial_state_shape=None, mask_shape=None):
        if not self.layer.built:
            self.layer.build(sequences_shape)
        self.built = True

    def call(self, sequences, initial_state=None, mask=None, training=False):
        with dropped(self.layer, self.rate if training else 0, self.seed_generator):
            return self.layer(sequences, initial_state=initial_state, mask=mask, training=training)

    def compute_output_spec(self, sequences, initial_state=None, mask=None, training=False):
        return self.layer.compute_output_spec(sequences, initial_state=initial_state, mask=mask)

    def compute_mask(self, inputs, previous_mask=None):
        return self.layer.compute_mask(inputs, previous_mask)

    def get_config(self):
        layer = keras.saving.serialize_keras_object(self.layer)
        return super().get_config() | {"layer": layer, "rate": self.rate, "seed": self.seed}

    @classmethod
    def from_config(cls, config):
        layer = keras.saving.deserialize_keras_object(config.pop("layer"))
        return cls(layer, **config)


def cells_of(layer):
    """The cells of a recurrent layer; `InputError` for one without recurrent weights."""
    cell = getattr(layer, "cell", None)
    cells = list(getattr(cell, "cells", [cell]))
    # Before it is built a cell cannot show its weights: all of Keras's and ours have a step.
    if cell is None or any(not hasattr(c, "state_size") for c in cells):
        raise InputError(
            f"layer {layer.name!r} has no recurrent cell, expected an LSTM, a GRU or the like: "
            "wrap the recurrent layer itself"
        )
    if any(getattr(c, "recurrent_kernel", c) is None for c in cells):
        raise InputError(
            f"layer {layer.name!r} has no recurrent weights to drop, expected an LSTM, a GRU or "
            "the like: use dropout"
        )
    return cells


def dropped(layer, rate, seed_generator):
    """A context in which a part of the recurrent weights of `layer` is zero."""
    return _dropped(cells_of(layer), rate, seed_generator) if rate else nullcontext()


def kept(shape, rate, seed_generator):
    """0 with probability `rate`, else 1 / (1 - rate), so that the mean is 1: float32 of `shape`."""
    # Not `keras.random.dropout`, which on torch draws from one generator for all layers.
    drawn = keras.random.uniform(shape, dtype="float32", seed=seed_generator)
    return ops.cast(drawn >= rate, "float32") / (1 - rate)


@contextmanager
def _dropped(cells, rate, seed_generator):
    whole = [cell.recurrent_kernel for cell in cells]
    for cell, kernel in zip(cells, whole, strict=True):
        kernel = ops.convert_to_tensor(kernel, cell.compute_dtype)
        mask = ops.cast(kept(kernel.shape, rate, seed_generator), cell.compute_dtype)
        # Past Keras, which would take an attribute that is set for one more weight or state: every
        # loop, native or stock, reads its kernel here, and for this call finds the dropped one.
        vars(cell)["recurrent_kernel"] = kernel * mask
    try:
        yield
    finally:
        for cell, kernel in zip(cells, whole, strict=True):
            vars(cell)["recurrent_kernel"] = kernel


@register
class EmbeddingDropout(keras.layers.Layer):
    """In training, drops whole words: the vectors of a word are zero wherever it stands.

    rate: of the words of the vocabulary that a batch does without; the vectors of the others grow
    by 1 / (1 - rate). Call with vectors (B, T, F) and their tokens (B, T) below `vocabulary`.

    Source: Gal and Ghahramani 2016, section 4.2; Merity et al. 2018, section 4.3.

    >>> import numpy as np
    >>> layer = EmbeddingDropout(9, rate=0.5, seed=1)
    >>> tokens = np.array([[4, 5, 4, 6, 4]])
    >>> same = ops.convert_to_numpy(layer(np.ones((1, 5, 1)), tokens, training=True))[0, :, 0]
    >>> bool(same[0] == same[2] == same[4])
    True
    """

    def __init__(self, vocabulary, rate=0.1, seed=None, **kwargs):
        super().__init__(**kwargs)
        check_rate("rate", rate)
        self.vocabulary, self.rate, self.seed = vocabulary, rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, vectors, tokens, training=False):
        if not training or not self.rate:
            return vectors
        words = kept((self.vocabulary, 1), self.rate, self.seed_generator)
        return vectors * ops.cast(ops.take(words, tokens, axis=0), self.compute_dtype)

    def compute_output_spec(self, vectors, tokens, training=False):
        return keras.KerasTensor(vectors.shape, self.compute_dtype)

    def get_config(self):
        keys = ("vocabulary", "rate", "seed")
        return super().get_config() | {key: getattr(self, key) for key in keys}
