"""Stock layers with a memory, made to start from a state that a caller carries: see `carrying`."""

import keras
from keras import ops

from zoo.layers.loop import Carries, carried_state, leave_state, run_carried
from zoo.layers.recurrent import register


class _Around(keras.layers.Layer):
    """A layer that stands for the one inside it; the weights stay that one's own."""

    def __init__(self, layer, **kwargs):
        super().__init__(**({"name": layer.name} | kwargs))
        self.layer, self.supports_masking = layer, True

    def compute_mask(self, inputs, previous_mask):
        return self.layer.compute_mask(inputs, previous_mask)

    def get_config(self):
        return super().get_config() | {"layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config):
        layer = keras.saving.deserialize_keras_object(config.pop("layer"))
        return cls(layer, **config)


@register
class CarriedConv1D(_Around):
    """A `keras.layers.Conv1D(padding="causal")` that can also run piece by piece.

    layer: the stock layer, built, with strides of 1. Input (B, T, F), output (B, T, filters): step
    t sees the steps t - (kernel_size - 1) * dilation_rate .. t, and zeros before the first (van den
    Oord et al. 2016, "WaveNet", section 2.1). Its state is the last of these inputs: one tensor
    (B, (kernel_size - 1) * dilation_rate * F).

    >>> import numpy as np
    >>> conv = keras.layers.Conv1D(4, 3, padding="causal")
    >>> tuple(CarriedConv1D(conv)(np.zeros((2, 5, 1), "float32")).shape)
    (2, 5, 4)
    """

    @property
    def _past(self):
        """How many earlier steps one step sees."""
        return (self.layer.kernel_size[0] - 1) * self.layer.dilation_rate[0]

    @property
    def _features(self):
        return self.layer.input_spec.axes[-1]

    @property
    def state_dtype(self):
        """The type in which the state is handed from call to call."""
        return self.compute_dtype

    @property
    def state_shapes(self):
        """The shape (None, steps * F) of each tensor of the state."""
        return [(None, self._past * self._features)] if self._past else []

    def initial_state(self, batch_size):
        """Zeros: a list of at most one tensor."""
        return [ops.zeros((batch_size, n), self.compute_dtype) for _, n in self.state_shapes]

    def call(self, inputs):
        carried = carried_state(self)
        if not carried:
            return self.layer(inputs)
        past = ops.reshape(carried[0], (-1, self._past, self._features))
        seen = ops.concatenate([past, inputs], axis=1)
        leave_state(self, [ops.reshape(seen[:, -self._past :], (-1, self._past * self._features))])
        # The steps before the piece only lend their values: their own outputs are cut off.
        return self.layer(seen)[:, self._past :]

    def compute_output_spec(self, inputs):
        return self.layer.compute_output_spec(inputs)


@register
class CarriedRNN(Carries, _Around):
    """A `keras.layers.RNN` with a cell of the user's own, or a subclass of a stock layer.

    layer: that layer, built; each of its states is (B, U). Input (B, T, F), mask (B, T) with
    True = a real step; returns what the layer does.

    >>> import numpy as np
    >>> layer = keras.layers.RNN(keras.layers.GRUCell(4))
    >>> tuple(CarriedRNN(layer)(np.zeros((2, 5, 1), "float32")).shape)
    (2, 4)
    """

    @property
    def state_size(self):
        """The layer's: a number, or numbers in lists."""
        return self.layer.state_size

    def call(self, sequences, initial_state=None, mask=None, training=False):
        carried = carried_state(self)
        if carried is None:
            return self.layer(sequences, initial_state=initial_state, mask=mask, training=training)
        return run_carried(self, self.layer, carried, sequences, initial_state, mask, training)

    def compute_output_spec(self, sequences, initial_state=None, mask=None, training=False):
        return self.layer.compute_output_spec(sequences, initial_state=initial_state, mask=mask)
