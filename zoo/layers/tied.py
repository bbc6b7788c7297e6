"""An embedding whose matrix also turns vectors back into logits of the tokens."""

import keras
from keras import ops

from zoo.layers.recurrent import register


@register
class TiedEmbedding(keras.layers.Layer):
    """Tokens (B, T) -> vectors (B, T, F); with `reverse`, vectors (B, T, F) -> logits (B, T, V).

    vocabulary: V; units: F. One matrix (V, F) does both; the logits have a bias (V,) of their own.

    Source: Press and Wolf 2017, "Using the output embedding to improve language models".

    >>> import numpy as np
    >>> layer = TiedEmbedding(7, 3)
    >>> vectors = layer(np.array([[1, 2]]))
    >>> tuple(vectors.shape), tuple(layer(vectors, reverse=True).shape)
    ((1, 2, 3), (1, 2, 7))
    """

    def __init__(self, vocabulary, units, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary, self.units = vocabulary, units
        self.supports_masking = True  # takes the mask that a recurrent layer left, hands none on

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def build(self, input_shape):
        shape = (self.vocabulary, self.units)
        self.embeddings = self.add_weight(shape, initializer="uniform", name="embeddings")
        self.bias = self.add_weight((self.vocabulary,), initializer="zeros", name="bias")

    def call(self, inputs, reverse=False):
        if not reverse:
            return ops.take(self.embeddings, ops.cast(inputs, "int32"), axis=0)
        return ops.matmul(inputs, ops.transpose(self.embeddings)) + self.bias

    def compute_output_spec(self, inputs, reverse=False):
        last = self.vocabulary if reverse else self.units
        shape = inputs.shape[:-1] if reverse else inputs.shape
        return keras.KerasTensor((*shape, last), self.compute_dtype)

    def get_config(self):
        return super().get_config() | {"vocabulary": self.vocabulary, "units": self.units}
