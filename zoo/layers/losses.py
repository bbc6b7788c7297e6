"""The losses of the tasks, each a mean over what is weighted.

Keras divides by the sum of the weights as they are given, so weights have the loss's full shape.
"""

import keras
from keras import ops

from zoo.layers.recurrent import register


def cross_entropy():
    """Of logits against class or token ids."""
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )


def squared_error():
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


@register
class TagLoss(keras.losses.Loss):
    """The negative log-likelihood of each row's tags, per tag: of the path where there is a CRF.

    Tags (B, T), negative where there is none; logits (B, T, V); a row weighs as many as its tags.
    """

    def __init__(self, crf=None, name="tag_loss", reduction="mean_with_sample_weight", **kwargs):
        super().__init__(name=name, reduction=reduction, **kwargs)
        self.crf = crf

    def call(self, y_true, y_pred):
        tags = ops.cast(y_true, "int32")
        real = ops.cast(tags >= 0, y_pred.dtype)
        if self.crf is not None:
            likelihood = self.crf.log_likelihood(y_pred, tags)
        else:
            scores = ops.log_softmax(y_pred, axis=-1)
            chosen = ops.take_along_axis(scores, ops.maximum(tags, 0)[:, :, None], axis=-1)
            likelihood = ops.sum(chosen[:, :, 0] * real, axis=1)
        return -likelihood / ops.maximum(ops.sum(real, axis=1), 1)
