"""The two halves of an attention, for a decoder that asks the same memory at every step.

The memory of a decode stays the same, and its projections cost more than a step: an encoder ends in
`Projecting`, which makes them once, and a decoding step calls `Projected`.
"""

import keras

from zoo.layers.recurrent import register


class _Half(keras.layers.Layer):
    """A layer that calls a part of `attention`, and has its weights."""

    def __init__(self, attention, **kwargs):
        name = f"{attention.name}_{type(self).__name__.lower()}"
        super().__init__(**{"name": name, "dtype": attention.dtype_policy} | kwargs)
        self.attention = attention

    def build(self, *shapes, **named):
        """Nothing of its own: the attention was built with the model or file that it comes from."""
        self.built = True

    def get_config(self):
        attention = keras.saving.serialize_keras_object(self.attention)
        return super().get_config() | {"attention": attention}

    @classmethod
    def from_config(cls, config):
        config["attention"] = keras.saving.deserialize_keras_object(config["attention"])
        return cls(**config)


@register
class Projecting(_Half):
    """All that `Projected` needs of a memory (B, Tm, M), side by side: (B, Tm, P).

    >>> import numpy as np
    >>> from zoo.layers import AdditiveAttention
    >>> attention, memory = AdditiveAttention(4), np.ones((1, 3, 2), "float32")
    >>> context, _ = attention(np.ones((1, 1, 5), "float32"), memory)
    >>> tuple(Projecting(attention)(memory).shape)
    (1, 3, 6)
    """

    def call(self, memory):
        return self.attention.project(memory)


@register
class Projected(_Half):
    """`attention` over a memory that `Projecting` made ready: what a decoding step calls."""

    def call(self, query, memory, memory_mask=None):
        return self.attention.attend(query, memory, memory_mask)
