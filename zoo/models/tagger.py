"""From a tagging model's logits to tags, in one compiled graph."""

import keras
from keras import ops

from zoo.layers import PaddingMask
from zoo.layers.crf import CRF
from zoo.layers.recurrent import register


@register
class BestTags(keras.layers.Layer):
    """The best tags of each row: logits (B, T, V), mask (B, T) True = a real step -> int32 (B, T).

    crf: the `CRF` layer whose best path it is (Viterbi 1967), or None for the best tag of each
    step alone. A masked step gives 0.

    >>> import numpy as np
    >>> logits = np.array([[[0.0, 2.0], [3.0, 1.0]]], "float32")
    >>> [int(tag) for tag in BestTags()(logits, np.array([[True, True]]))[0]]
    [1, 0]
    """

    def __init__(self, crf=None, **kwargs):
        super().__init__(trainable=False, **kwargs)
        self.crf = crf

    def call(self, logits, mask):
        if self.crf is not None:
            return ops.cast(self.crf.viterbi(logits, mask)[0], "int32")
        return ops.where(mask, ops.cast(ops.argmax(logits, axis=-1), "int32"), 0)

    def compute_output_spec(self, logits, mask):
        return keras.KerasTensor(logits.shape[:-1], "int32")


def crf_of(model):
    """The CRF layer of a model, None where it ends in plain logits."""
    return next((layer for layer in model.layers if isinstance(layer, CRF)), None)


def best_tags(model):
    """A model from the inputs of a tagging model to its best tags (B, T), 0 where padding is.

    model: its first input are tokens (B, T), 0 = padding; its output are logits (B, T, V), the
    emissions of its CRF where it has one. Keep it with `zoo.models.step.kept`: called layer by
    layer, a Viterbi search costs a hundred times as much on JAX.

    >>> from zoo.models.many_to_many_aligned import many_to_many_aligned
    >>> model = many_to_many_aligned(vocabulary=9, classes=3, units=4, crf=True)
    >>> best_tags(model).output_shape
    (None, None)
    """
    mask = PaddingMask(name="real")(model.inputs[0])
    tags = BestTags(crf_of(model), name="best_tags")(model.output, mask)
    inputs = model.inputs if len(model.inputs) > 1 else model.inputs[0]
    return keras.Model(inputs, tags, name=f"{model.name}_tags")
