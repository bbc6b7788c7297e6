"""A linear-chain conditional random field: the score of a whole tag sequence, not of each tag."""

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError
from zoo.layers import chain
from zoo.layers.tag_schemes import bio_transitions, bmes_transitions

__all__ = ["CRF", "CRFLoss", "bio_transitions", "bmes_transitions"]

# The potential of what is forbidden. Finite, so that a forbidden gold path has a gradient and not
# NaN; small enough for exp() to be exactly 0 beside any potential that a network gives.
FORBIDDEN = -1e4


@keras.saving.register_keras_serializable("zoo")
class CRF(keras.layers.Layer):
    """Transitions between tags on top of a network's emissions.

    The score of tags y for emissions e is start[y_1] + sum_t e_t[y_t] + sum_t
    transitions[y_(t-1), y_t] + end[y_T] over the real steps, and p(y) = exp(score) / Z. A masked
    step passes the state through, wherever it stands: padding may lie on the right, on the left
    or between.

    Called on emissions (B, T, V) the layer returns them unchanged, so a model that ends in it
    outputs emissions; `loss` trains it and `viterbi` decodes.

    Args:
        tags: number of tags V, at least 2.
        transitions_allowed: bool (V, V) [from, to], or None for all. What is not allowed gets a
            large negative potential, in the likelihood and in Viterbi.
        start_allowed: bool (V,), the tags that may come first, or None for all.
        end_allowed: bool (V,), the tags that may come last, or None for all.

    Raises:
        InputError: fewer than 2 tags, or arrays or emissions of another size.

    Source: Lafferty, McCallum and Pereira 2001; Lample et al. 2016, section 2.2.

    >>> crf = CRF(3, *bio_transitions(["O", "B-LOC", "I-LOC"]))
    >>> emissions = crf(np.array([[[0.0, 0.0, 9.0], [0.0, 0.0, 9.0]]], "float32"))
    >>> tags, score = crf.viterbi(emissions)  # I-LOC may not come first
    >>> [int(t) for t in tags[0]], float(score[0])
    ([1, 2], 9.0)
    """

    def __init__(
        self, tags, transitions_allowed=None, start_allowed=None, end_allowed=None, **kwargs
    ):
        # autocast=False: the emissions go through unchanged, in their own precision.
        super().__init__(autocast=False, **kwargs)
        if not isinstance(tags, int) or tags < 2:
            raise InputError(f"tags is {tags!r}, expected an integer of at least 2")
        self.tags = tags
        self.transitions_allowed = _allowed("transitions_allowed", transitions_allowed, (tags,) * 2)
        self.start_allowed = _allowed("start_allowed", start_allowed, (tags,))
        self.end_allowed = _allowed("end_allowed", end_allowed, (tags,))
        self.supports_masking = True

    def build(self, emissions_shape):
        if emissions_shape[-1] != self.tags:
            raise InputError(
                f"emissions have {emissions_shape[-1]} values per step, expected one for each of "
                f"the {self.tags} tags: end the network in Dense({self.tags})"
            )
        V = self.tags
        self.transitions = self.add_weight(shape=(V, V), initializer="zeros", name="transitions")
        self.start = self.add_weight(shape=(V,), initializer="zeros", name="start")
        self.end = self.add_weight(shape=(V,), initializer="zeros", name="end")

    def call(self, emissions, mask=None):
        # A copy, because Keras hangs a mask on the tensor itself and would then weigh the loss,
        # one number per row, by a mask with one per step. The loss reads the mask off the tags.
        return ops.copy(emissions)

    def compute_mask(self, inputs, previous_mask):
        return None

    @property
    def loss(self):
        """The `CRFLoss` of this layer, for `model.compile(loss=layer.loss)`."""
        return CRFLoss(self)

    def log_likelihood(self, emissions, tags, mask=None):
        """log p(tags | emissions) of each row.

        Args:
            emissions: (B, T, V).
            tags: int (B, T); a step with a negative tag counts as masked.
            mask: bool (B, T), True = a real step; None means all steps whose tag is not negative.

        Returns:
            (B,), 0 for a row without a real step.
        """
        tags = ops.cast(tags, "int32")
        real = ops.greater_equal(tags, 0)
        if mask is not None:
            real = ops.logical_and(real, ops.cast(mask, "bool"))
        emissions = ops.cast(emissions, self.variable_dtype)
        return chain.log_likelihood(self._potentials(), emissions, tags, real)

    def viterbi(self, emissions, mask=None):
        """The most probable tags of each row.

        Args:
            emissions: (B, T, V).
            mask: bool (B, T), True = a real step; None means all are.

        Returns:
            (tags, score): int32 (B, T), 0 at masked steps, and (B,), the score of that path before
            normalisation, 0 for a row without a real step.
        """
        emissions = ops.cast(emissions, self.variable_dtype)
        if mask is None:
            mask = ops.ones_like(emissions[:, :, 0])
        return chain.viterbi(self._potentials(), emissions, ops.cast(mask, "bool"))

    def _potentials(self):
        """The weights as tensors, with what is forbidden shut off."""
        weights = (self.transitions, self.start, self.end)
        allowed = (self.transitions_allowed, self.start_allowed, self.end_allowed)
        values = [ops.cast(w, self.variable_dtype) for w in weights]
        return chain.Potentials(
            *(
                v if a is None else ops.where(a, v, FORBIDDEN)
                for v, a in zip(values, allowed, strict=True)
            )
        )

    def get_config(self):
        masks = ("transitions_allowed", "start_allowed", "end_allowed")
        values = {name: getattr(self, name) for name in masks}
        values = {name: None if v is None else v.tolist() for name, v in values.items()}
        return {**super().get_config(), "tags": self.tags, **values}


@keras.saving.register_keras_serializable("zoo")
class CRFLoss:
    """The negative log-likelihood of a `CRF` layer, as a loss that a saved model can name.

    Call arguments: y_true int (B, T) with -1 at padded steps, y_pred the emissions (B, T, V).
    Returns (B,), one number per row.

    A loaded model predicts at once. To train it on, compile it again with its own layer's loss:
    a loss in a file cannot point at a layer, and training raises an InputError that says so.
    """

    def __init__(self, crf=None):
        self.crf = crf

    def __call__(self, y_true, y_pred):
        if self.crf is None:
            raise InputError(
                "the CRF loss was loaded from a file, without its layer: compile again with "
                "loss=model.get_layer(NAME).loss"
            )
        return -self.crf.log_likelihood(y_pred, ops.cast(y_true, "int32"))

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def _allowed(name, values, shape):
    if values is None:
        return None
    values = np.asarray(values, bool)
    if values.shape != shape:
        raise InputError(f"{name} has shape {values.shape}, expected {shape}, one entry per tag")
    return values
