"""The losses of the tasks, each a mean over what is weighted.

Keras divides by the sum of the weights as they are given, so weights have the loss's full shape.
"""

import keras
from keras import ops


def cross_entropy(model):
    """Of logits against class or token ids."""
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )


def squared_error(model):
    """Of real values."""
    return keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")


class SmoothedCrossEntropy(keras.losses.Loss):
    """Of logits (B, T, V) against ids (B, T), where each other token is a little right as well.

    smoothing: the share of the target that all V tokens have in equal parts.
    """

    def __init__(self, smoothing):
        super().__init__(name="smoothed_cross_entropy", reduction="mean_with_sample_weight")
        self.smoothing = smoothing

    def call(self, y, logits):
        # Keras's own makes one-hot targets (B, T, V) first: a fifth of a training step.
        chosen = ops.take_along_axis(logits, ops.cast(y, "int32")[..., None], axis=-1)[..., 0]
        even = ops.mean(logits, axis=-1)
        target = (1 - self.smoothing) * chosen + self.smoothing * even
        return ops.logsumexp(logits, axis=-1) - target
