"""LSTM variants that Keras does not have: peephole connections and coupled gates."""

import keras
from keras import ops

from zoo.layers.loop import NativeLoop, affine
from zoo.layers.recurrent import register


class GatedCell(keras.layers.Layer):
    """What both cells share: weights of `gates` gates and the state [h, c]."""

    gates = 4

    def __init__(self, units, activation="tanh", use_bias=True, unit_forget_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.units, self.use_bias, self.unit_forget_bias = units, use_bias, unit_forget_bias
        self.activation = keras.activations.get(activation)
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        G = self.gates * self.units
        self.kernel = self.add_weight((input_shape[-1], G), "glorot_uniform", name="kernel")
        self.recurrent_kernel = self.add_weight(
            (self.units, G), "orthogonal", name="recurrent_kernel"
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight((G,), self._initial_bias, name="bias")
        self.built = True

    def _initial_bias(self, shape, dtype=None):
        """Zero; one for a forget gate, so that a new memory is kept (Jozefowicz et al. 2015)."""
        if not (self.unit_forget_bias and self.gates == 4):
            return ops.zeros(shape, dtype)
        zeros, ones = ops.zeros((self.units,), dtype), ops.ones((self.units,), dtype)
        return ops.concatenate([zeros, ones, zeros, zeros])

    def call(self, inputs, states, training=False):
        """One step by hand. inputs (B, F), states [h, c] -> output (B, U), new states."""
        states = self.advance(affine(inputs, self.kernel, self.bias), states)
        return states[0], states

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, self.units), self.compute_dtype) for _ in range(2)]

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "unit_forget_bias": self.unit_forget_bias,
        }


@register
class PeepholeLSTMCell(GatedCell):
    """One step of the peephole LSTM (Gers & Schmidhuber 2000, eqs. 1-6); see `PeepholeLSTM`."""

    def build(self, input_shape):
        super().build(input_shape)
        self.peephole = self.add_weight((3, self.units), "glorot_uniform", name="peephole")

    def advance(self, projected, states):
        h, c = states
        p_i, p_f, p_o = self.peephole[0], self.peephole[1], self.peephole[2]
        gates = projected + ops.matmul(h, self.recurrent_kernel)
        i, f, g, o = ops.split(gates, 4, axis=-1)  # gate order i, f, g, o
        i, f = ops.sigmoid(i + p_i * c), ops.sigmoid(f + p_f * c)
        c = f * c + i * self.activation(g)
        return [ops.sigmoid(o + p_o * c) * self.activation(c), c]  # o sees the new memory


@register
class CoupledLSTMCell(GatedCell):
    """One step of the coupled-gate LSTM (Greff et al. 2017, "CIFG"); see `CoupledLSTM`."""

    gates = 3

    def advance(self, projected, states):
        h, c = states
        gates = projected + ops.matmul(h, self.recurrent_kernel)
        i, g, o = ops.split(gates, 3, axis=-1)  # gate order i, g, o
        i = ops.sigmoid(i)
        c = (1 - i) * c + i * self.activation(g)
        return [ops.sigmoid(o) * self.activation(c), c]


class GatedLayer(NativeLoop, keras.layers.RNN):
    """A recurrent layer over one of the cells above."""

    cell_class = None
    stock_has_gpu_kernel = False

    def __init__(self, units, activation="tanh", use_bias=True, unit_forget_bias=True, **kwargs):
        policy = {"dtype": kwargs["dtype"]} if "dtype" in kwargs else {}
        cell = self.cell_class(units, activation, use_bias, unit_forget_bias, **policy)
        super().__init__(cell, **kwargs)
        self.units = units

    def advance(self, projected, state):
        return self.cell.advance(projected, state)

    def get_config(self):
        config = super().get_config()
        config.pop("cell")
        cell = self.cell.get_config()
        keys = ("units", "activation", "use_bias", "unit_forget_bias")
        return config | {key: cell[key] for key in keys}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)


@register
class PeepholeLSTM(GatedLayer):
    """LSTM whose gates see the memory (Gers & Schmidhuber 2000, "Recurrent nets that time and
    count").

    i = s(W_i x + U_i h' + p_i c');  f = s(W_f x + U_f h' + p_f c');
    c = f c' + i tanh(W_g x + U_g h');  o = s(W_o x + U_o h' + p_o c);  h = o tanh(c).

    units: U. Input (B, T, F), mask (B, T) with True = a real step, initial_state [h, c] of (B, U)
    each. Returns (B, U), or (B, T, U) with `return_sequences=True`, and with `return_state=True`
    also h and c.

    >>> import numpy as np
    >>> tuple(PeepholeLSTM(4)(np.zeros((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    cell_class, kind = PeepholeLSTMCell, "peephole"


@register
class CoupledLSTM(GatedLayer):
    """LSTM with one gate for keeping and taking in, f = 1 - i (Greff et al. 2017, "LSTM: a search
    space odyssey").

    i = s(W_i x + U_i h');  c = (1 - i) c' + i tanh(W_g x + U_g h');  h = s(W_o x + U_o h') tanh(c).

    units: U. Input (B, T, F), mask (B, T) with True = a real step, initial_state [h, c] of (B, U)
    each. Returns (B, U), or (B, T, U) with `return_sequences=True`, and with `return_state=True`
    also h and c. A quarter fewer weights than an LSTM.

    >>> import numpy as np
    >>> tuple(CoupledLSTM(4)(np.zeros((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    cell_class, kind = CoupledLSTMCell, "coupled"
