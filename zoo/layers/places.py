"""Where in a memory: a learned vector for each of its places."""

import keras

from zoo.layers.recurrent import register


@register
class Positions(keras.layers.Layer):
    """Add a learned vector to each place: (B, M, F) -> (B, M, F), M fixed.

    Attention weighs what stands at a place without regard to where it is; with this, places that
    look alike differ, so a decoder can tell the left one of two figures from the right one.
    Source: Gehring et al. 2017, "Convolutional sequence to sequence learning", section 3.1.

    Raises `ValueError` (Keras) when built for a memory whose M is not known.

    >>> import numpy as np
    >>> tuple(Positions()(np.ones((2, 16, 8), "float32")).shape)
    (2, 16, 8)
    """

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            shape=tuple(input_shape[1:]), initializer="normal", name="embeddings"
        )

    def call(self, memory):
        return memory + self.embeddings

    def compute_output_shape(self, input_shape):
        return input_shape
