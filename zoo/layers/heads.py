"""The loss of a forecast's head for Keras; the heads themselves stand in `zoo.heads`."""

import keras

from zoo.heads import HEADS, Head, Normal, Quantiles, StudentT, head_from

__all__ = ["HEADS", "Head", "HeadLoss", "Normal", "Quantiles", "StudentT", "head_from"]


@keras.saving.register_keras_serializable("zoo")
class HeadLoss(keras.losses.Loss):
    """The loss of a head for `model.compile`: values (..., F) against outputs (..., size(F)).

    A mean over the values F, and over what is weighted; weights have the shape (...). It is saved
    with the model.

    >>> import numpy as np
    >>> loss = HeadLoss(Normal())
    >>> round(float(loss(np.zeros((4, 1)), np.array([[0.0, 0.5413]] * 4))), 3)  # log(2 pi) / 2
    0.919
    """

    def __init__(self, head, name="head_loss", reduction="mean_with_sample_weight", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.head = head

    def call(self, y_true, y_pred):
        return self.head.loss(y_true, y_pred)

    def get_config(self):
        return super().get_config() | {"head": self.head.config()}

    @classmethod
    def from_config(cls, config):
        return cls(**config | {"head": head_from(config["head"])})
