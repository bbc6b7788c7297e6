"""Attention over a memory: additive (Bahdanau) and scaled dot product (Vaswani).

Both layers take a query (B, Tq, Q), a memory (B, Tm, M) and a mask of the memory (B, Tm), and
return the context (B, Tq, ...) with the weights (B, Tq, Tm) that made it.
"""

import keras
from keras import ops

from zoo.errors import InputError


def masked_softmax(scores, mask):
    """Softmax over the last axis among the positions that are real; all others get exactly 0.

    Args:
        scores: (B, Tq, Tm).
        mask: bool (B, Tm), True = real, or None for all real.

    Returns:
        Weights (B, Tq, Tm) in the dtype of `scores`: they sum to 1, or are all 0 in a row whose
        mask is all False. Gradients are finite in every case.

    >>> import numpy as np
    >>> scores, mask = np.zeros((1, 1, 3), "float32"), np.array([[True, True, False]])
    >>> [float(w) for w in masked_softmax(scores, mask)[0, 0]]
    [0.5, 0.5, 0.0]
    """
    dtype = keras.backend.standardize_dtype(scores.dtype)
    # In half precision neither the exponentials nor the constant below would be safe.
    scores = ops.cast(scores, keras.backend.result_type(dtype, "float32"))
    if mask is None:
        return ops.cast(_softmax(scores), dtype)
    real = ops.cast(mask, "bool")[:, None, :]  # (B, 1, Tm)
    # A finite constant: with -inf a fully masked row would be NaN, and so would its gradient.
    weights = _softmax(ops.where(real, scores, -1e9))
    return ops.cast(ops.where(real, weights, 0.0), dtype)


def _softmax(scores):
    """Softmax over the last axis; Keras's own warns its user when that axis has size 1."""
    powers = ops.exp(scores - ops.max(scores, axis=-1, keepdims=True))
    return powers / ops.sum(powers, axis=-1, keepdims=True)


class _Attention(keras.layers.Layer):
    """What the two have in common: from scores to (context, weights), shapes and masks."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        if units is not None and (not isinstance(units, int) or units < 1):
            raise InputError(f"units is {units!r}, expected an integer of at least 1")
        self.units = units
        self.supports_masking = True

    def _kernel(self, name, rows):
        return self.add_weight(shape=(rows, self.units), initializer="glorot_uniform", name=name)

    def project(self, memory):
        """All that `attend` needs of a memory, side by side: (B, Tm, P), for many queries."""
        return ops.concatenate(self._parts(memory), axis=-1)

    def attend(self, query, projected, memory_mask=None):
        """The call of the layer, for a memory that was projected before."""
        return self._attend(query, *ops.split(projected, [self.units], -1), memory_mask)

    def call(self, query, memory, memory_mask=None):
        return self._attend(query, *self._parts(memory), memory_mask)

    def compute_mask(self, inputs, previous_mask):
        """The context has the query's steps, so it keeps the query's mask; weights have none."""
        return previous_mask, None

    def compute_output_shape(self, query_shape, memory_shape):
        weights = (*query_shape[:2], memory_shape[1])
        return (*query_shape[:2], self._context_size(memory_shape)), weights

    def _context_size(self, memory_shape):
        return memory_shape[2]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("zoo")
class AdditiveAttention(_Attention):
    """Score a memory step j for a query step i by e_ij = v . tanh(W s_i + U h_j).

    The largest tensor it makes is (B, Tq, Tm, units).

    Args:
        units: size of the hidden layer that scores.

    Call arguments:
        query: s (B, Tq, Q), for example the decoder's states.
        memory: h (B, Tm, M), for example the encoder's outputs.
        memory_mask: bool (B, Tm), True = a real step; None means all are.

    Returns:
        (context, weights): the context (B, Tq, M) is the sum of the memory weighted by `weights`
        (B, Tq, Tm). A masked step has weight exactly 0; if all are masked, weights and context
        are 0.

    Raises:
        InputError: units is not a positive integer.

    Source: Bahdanau, Cho and Bengio 2015, "Neural machine translation by jointly learning to align
    and translate", section 3.1 and appendix A.1.2.

    >>> import numpy as np
    >>> context, weights = AdditiveAttention(4)(np.ones((2, 3, 5)), np.ones((2, 7, 6)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 6), (2, 3, 7))
    """

    def __init__(self, units, **kwargs):
        if units is None:
            raise InputError("units is None, expected an integer of at least 1")
        super().__init__(units, **kwargs)

    def build(self, query_shape, memory_shape):
        self.query_kernel = self._kernel("query_kernel", query_shape[-1])  # W
        self.memory_kernel = self._kernel("memory_kernel", memory_shape[-1])  # U
        self.score_kernel = self.add_weight(
            shape=(self.units, 1), initializer="glorot_uniform", name="score_kernel"
        )  # v

    def _parts(self, memory):
        return ops.matmul(memory, self.memory_kernel), memory

    def _attend(self, query, from_memory, memory, memory_mask):
        from_query = ops.matmul(query, self.query_kernel)[:, :, None, :]  # (B, Tq, 1, units)
        hidden = ops.tanh(from_query + from_memory[:, None, :, :])  # (B, Tq, Tm, units)
        scores = ops.squeeze(ops.matmul(hidden, self.score_kernel), axis=-1)
        weights = masked_softmax(scores, memory_mask)
        return ops.matmul(weights, memory), weights


@keras.saving.register_keras_serializable("zoo")
class ScaledDotAttention(_Attention):
    """Single-head attention, softmax(Q K^T / sqrt(d)) V.

    Args:
        units: size d of the projections of query, key and value. None means no projection: the
            memory is key and value, and query and memory must have the same size d.

    Call arguments:
        query: (B, Tq, Q).
        memory: (B, Tm, M).
        memory_mask: bool (B, Tm), True = a real step; None means all are.

    Returns:
        (context, weights): (B, Tq, units), or (B, Tq, M) without projections, and (B, Tq, Tm). A
        masked step has weight exactly 0; if all are masked, weights and context are 0.

    Raises:
        InputError: units is not a positive integer, or it is None and Q differs from M.

    Source: Vaswani et al. 2017, "Attention is all you need", equation 1.

    >>> import numpy as np
    >>> context, weights = ScaledDotAttention(4)(np.ones((2, 3, 5)), np.ones((2, 7, 6)))
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 3, 4), (2, 3, 7))
    """

    def __init__(self, units=None, **kwargs):
        super().__init__(units, **kwargs)

    def build(self, query_shape, memory_shape):
        if self.units is None:
            if query_shape[-1] != memory_shape[-1]:
                raise InputError(
                    f"query has {query_shape[-1]} features and memory {memory_shape[-1]}: without "
                    "units they must be equal; give units to project both"
                )
            return
        self.query_kernel = self._kernel("query_kernel", query_shape[-1])
        self.key_kernel = self._kernel("key_kernel", memory_shape[-1])
        self.value_kernel = self._kernel("value_kernel", memory_shape[-1])

    def project(self, memory):
        return memory if self.units is None else super().project(memory)

    def attend(self, query, projected, memory_mask=None):
        if self.units is None:
            return self._attend(query, projected, projected, memory_mask)
        # Keys and values stay side by side, since cutting them apart would copy the whole memory at
        # every step: a query of zeros behind the real one passes over the values.
        query = ops.pad(ops.matmul(query, self.query_kernel), [(0, 0), (0, 0), (0, self.units)])
        context, weights = self._weighted(query, projected, projected, memory_mask)
        return context[..., self.units :], weights

    def _parts(self, memory):
        if self.units is None:
            return memory, memory
        return ops.matmul(memory, self.key_kernel), ops.matmul(memory, self.value_kernel)

    def _attend(self, query, key, value, memory_mask):
        if self.units is not None:
            query = ops.matmul(query, self.query_kernel)
        return self._weighted(query, key, value, memory_mask)

    def _weighted(self, query, key, value, memory_mask):
        # Scaled before the product, which could overflow in float16.
        query = query * (self.units or query.shape[-1]) ** -0.5
        scores = ops.matmul(query, ops.transpose(key, (0, 2, 1)))  # (B, Tq, Tm)
        weights = masked_softmax(scores, memory_mask)
        return ops.matmul(weights, value), weights

    def _context_size(self, memory_shape):
        return memory_shape[2] if self.units is None else self.units


ATTENTION = {"additive": AdditiveAttention, "dot": ScaledDotAttention}
