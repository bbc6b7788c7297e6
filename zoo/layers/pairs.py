"""Vectors of neighbouring tokens: two characters together often say where a word ends."""

import keras
from keras import ops

from zoo.errors import InputError
from zoo.layers.recurrent import register

SPREAD = 31337  # a prime: pairs that are alike come to lie far apart
DIGIT = 128


@register
class PairEmbedding(keras.layers.Layer):
    """Each token with the one before it and with the one after it: (B, T) -> (B, T, 2 units).

    A pair has a vector of `units` learned values, chosen among `buckets` by its remainder; two
    pairs may share one. At either end of a row, and beside padding (0), the neighbour is 0, so
    the vectors of a row do not depend on how far it is padded on its right.

    Raises `InputError` for fewer than one bucket or unit.

    Source: Ma, Ganchev and Weiss 2018 (bigram embeddings), Weinberger et al. 2009 (hashing).

    >>> import numpy as np
    >>> tuple(PairEmbedding(100, 4)(np.array([[5, 7, 9, 0]], "int32")).shape)
    (1, 4, 8)
    """

    def __init__(self, buckets, units, **kwargs):
        super().__init__(**kwargs)
        for name, value in (("buckets", buckets), ("units", units)):
            if not isinstance(value, int) or value < 1:
                raise InputError(f"{name} is {value!r}, expected a whole number of at least 1")
        self.buckets, self.units = buckets, units

    def build(self, tokens_shape):
        self.vectors = self.add_weight(
            shape=(self.buckets, self.units), initializer="uniform", name="vectors"
        )

    def call(self, tokens):
        edged = ops.pad(ops.cast(tokens, "int32"), [[0, 0], [1, 1]])  # B T+2
        pairs = ops.mod(self._spread(edged[:, :-1]) + edged[:, 1:], self.buckets)  # B T+1
        vectors = ops.take(self.vectors, pairs, axis=0)  # B T+1 U
        return ops.concatenate([vectors[:, :-1], vectors[:, 1:]], axis=-1)

    def _spread(self, tokens):
        """tokens * SPREAD, but for multiples of `buckets`: in two digits, so that no number is
        large. OpenVINO computes whole numbers in float32, which holds 24 bits of them."""
        high, low = ops.floor_divide(tokens, DIGIT), ops.mod(tokens, DIGIT)
        return high * (DIGIT * SPREAD % self.buckets) + low * (SPREAD % self.buckets)

    def compute_output_spec(self, tokens):
        return keras.KerasTensor((*tokens.shape, 2 * self.units), self.compute_dtype)

    def get_config(self):
        return super().get_config() | {"buckets": self.buckets, "units": self.units}
