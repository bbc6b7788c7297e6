"""Layers that make what a recurrent stack reads: masks, one-hot vectors, row padding."""

import keras
from keras import ops

from zoo.layers.recurrent import register


@register
class PaddingMask(keras.layers.Layer):
    """True where a token is real: tokens (B, T), 0 = padding -> mask (B, T) bool.

    >>> import numpy as np
    >>> mask = PaddingMask()(np.array([[5, 7, 0]]))
    >>> [bool(m) for m in mask[0]]
    [True, True, False]
    """

    def call(self, tokens):
        return ops.not_equal(tokens, 0)

    def compute_output_spec(self, tokens):
        return keras.KerasTensor(tokens.shape, "bool")


@register
class LengthMask(keras.layers.Layer):
    """True up to each row's length: sequences (B, T, F), lengths (B,) int -> mask (B, T) bool.

    >>> import numpy as np
    >>> mask = LengthMask()(np.zeros((1, 3, 2)), np.array([2]))
    >>> [bool(m) for m in mask[0]]
    [True, True, False]
    """

    def call(self, sequences, lengths):
        steps = ops.arange(ops.shape(sequences)[1], dtype="int32")
        return ops.less(steps[None, :], ops.cast(lengths, "int32")[:, None])

    def compute_output_spec(self, sequences, lengths):
        return keras.KerasTensor(sequences.shape[:2], "bool")


@register
class OneHot(keras.layers.Layer):
    """Tokens (B, T) -> one-hot vectors (B, T, V).

    >>> import numpy as np
    >>> OneHot(3)(np.array([[2, 0]])).shape
    (1, 2, 3)
    """

    def __init__(self, vocabulary, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary = vocabulary

    def call(self, tokens):
        return ops.one_hot(ops.cast(tokens, "int32"), self.vocabulary, dtype=self.compute_dtype)

    def get_config(self):
        return super().get_config() | {"vocabulary": self.vocabulary}
