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
class TokenDropout(keras.layers.Layer):
    """In training, hides each real token with probability `rate` behind the unknown token, 1.

    The model must not lean on single words (Iyyer et al. 2015, "word dropout"). Tokens (B, T) in
    and out; padding stays padding; nothing happens outside training.

    >>> import numpy as np
    >>> tuple(TokenDropout(0.5)(np.array([[5, 7, 0]], "int32")).shape)
    (1, 3)
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, tokens, training=False):
        if not training or not self.rate:
            return tokens
        drawn = keras.random.uniform(ops.shape(tokens), seed=self.seed_generator)
        hidden = ops.logical_and(drawn < self.rate, ops.not_equal(tokens, 0))
        return ops.where(hidden, ops.ones_like(tokens), tokens)

    def compute_output_spec(self, tokens, training=False):
        return keras.KerasTensor(tokens.shape, tokens.dtype)

    def get_config(self):
        return super().get_config() | {"rate": self.rate, "seed": self.seed}


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
    >>> tuple(OneHot(3)(np.array([[2, 0]])).shape)
    (1, 2, 3)
    """

    def __init__(self, vocabulary, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary = vocabulary

    def call(self, tokens):
        return ops.one_hot(ops.cast(tokens, "int32"), self.vocabulary, dtype=self.compute_dtype)

    def get_config(self):
        return super().get_config() | {"vocabulary": self.vocabulary}


@register
class MaskedPooling(keras.layers.Layer):
    """Mean or maximum over the real steps: (B, T, U), mask (B, T) -> (B, U).

    A row without a real step gives zeros.

    >>> import numpy as np
    >>> x = np.array([[[1.0], [5.0]]], "float32")
    >>> float(MaskedPooling("mean")(x, np.array([[True, False]]))[0, 0])
    1.0
    """

    def __init__(self, kind="mean", **kwargs):
        super().__init__(**kwargs)
        self.kind = kind
        self.supports_masking = True  # takes a mask, hands none on

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def call(self, x, mask=None):
        if mask is None:
            return ops.mean(x, axis=1) if self.kind == "mean" else ops.max(x, axis=1)
        real = ops.cast(mask, x.dtype)[..., None]
        if self.kind == "mean":
            return ops.sum(x * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1)
        lowest = ops.max(ops.where(real > 0, x, -1e4), axis=1)
        return ops.where(ops.max(real, axis=1) > 0, lowest, ops.zeros_like(lowest))

    def get_config(self):
        return super().get_config() | {"kind": self.kind}
