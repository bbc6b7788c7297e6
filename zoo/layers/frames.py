"""One image model over every frame of a video."""

import keras
from keras import ops

from zoo.layers.recurrent import register


@register
class EachFrame(keras.layers.Layer):
    """`model` on each frame: (B, T, H, W, C) -> (B, T, F), batch and time taken as one axis.

    model: a `keras.Model` from an image (H, W, C) to a vector (F,).

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
        self.model = model

    def call(self, frames, training=None):
        batch, time = ops.shape(frames)[:2]
        images = ops.reshape(frames, (-1, *frames.shape[2:]))
        vectors = self.model(images, training=training)
        return ops.reshape(vectors, (batch, time, self.model.output_shape[-1]))

    def compute_output_spec(self, frames, training=None):
        shape = (*frames.shape[:2], self.model.output_shape[-1])
        return keras.KerasTensor(shape, self.compute_dtype)

    def get_config(self):
        return super().get_config() | {"model": keras.saving.serialize_keras_object(self.model)}

    @classmethod
    def from_config(cls, config):
        model = keras.saving.deserialize_keras_object(config.pop("model"))
        return cls(model, **config)
