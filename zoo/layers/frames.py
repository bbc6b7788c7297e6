"""One layer or model over every step: every frame of a video."""

import keras
from keras import ops

from zoo.layers.recurrent import register


@register
class EachFrame(keras.layers.Layer):
    """`model` on each frame: (B, T, H, W, C) -> (B, T, F), batch and time taken as one axis.

    model: a `keras.Model` from an image (H, W, C) to a vector (F,), or any layer for one step.

    `keras.layers.TimeDistributed` does the same, but on TensorFlow (Keras 3.15) it fails, or takes
    the wrong frames, once it is traced for a second number of frames.

    >>> import numpy as np
    >>> image = keras.Input((4, 4, 1))
    >>> model = keras.Model(image, keras.layers.Flatten()(image))
    >>> tuple(EachFrame(model)(np.zeros((2, 3, 4, 4, 1), "float32")).shape)
    (2, 3, 16)
    """

    def __init__(self, model, **kwargs):
        super().__init__(**kwargs)
        self.model, self.supports_masking = model, True

    def call(self, frames, training=None):
        batch, time = ops.shape(frames)[:2]
        options = {"training": training} if self.model._call_has_training_arg else {}
        vectors = self.model(ops.reshape(frames, (-1, *frames.shape[2:])), **options)
        return ops.reshape(vectors, (batch, time, *vectors.shape[1:]))

    def compute_output_spec(self, frames, training=None):
        shape = self.model.compute_output_shape((None, *frames.shape[2:]))
        return keras.KerasTensor((*frames.shape[:2], *shape[1:]), self.compute_dtype)

    def get_config(self):
        return super().get_config() | {"model": keras.saving.serialize_keras_object(self.model)}

    @classmethod
    def from_config(cls, config):
        model = keras.saving.deserialize_keras_object(config.pop("model"))
        return cls(model, **config)
