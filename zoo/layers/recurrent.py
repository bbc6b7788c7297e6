"""SimpleRNN, LSTM and GRU: the stock Keras layers with another loop inside.

Each class overrides one method of its stock parent, `inner_loop`, so arguments, weight names and
saved files are interchangeable with stock Keras. The work is split where it pays:

    project(x)               everything that depends on the input alone, for all steps at once
    advance(projected, s)    one step, from projected input (B, G*U) and state to the new state

A masked step (mask False) leaves the state as it was, and the output there is that state.
"""

import keras
from keras import ops

from zoo.layers.loop import NativeLoop, affine

register = keras.saving.register_keras_serializable("zoo")


@register
class SimpleRNN(NativeLoop, keras.layers.SimpleRNN):
    """Elman's recurrent layer: h = act(W x + U h' + b) (Elman 1990, "Finding structure in time").

    Arguments are those of `keras.layers.SimpleRNN`. Input (B, T, F), mask (B, T) with True = a
    real step, initial_state [h] of (B, U). Returns (B, U), or (B, T, U) with
    `return_sequences=True`, and with `return_state=True` also h.

    >>> import numpy as np
    >>> tuple(SimpleRNN(4, return_sequences=True)(np.zeros((2, 5, 3), "float32")).shape)
    (2, 5, 4)
    """

    kind = "simple_rnn"

    def advance(self, projected, state):
        cell = self.cell
        return [cell.activation(projected + ops.matmul(state[0], cell.recurrent_kernel))]


@register
class LSTM(NativeLoop, keras.layers.LSTM):
    """Long short-term memory with a forget gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000).

    i, f, g, o = split(W x + U h' + b);  c = s(f) c' + s(i) tanh(g);  h = s(o) tanh(c).

    Arguments are those of `keras.layers.LSTM`. Input (B, T, F), mask (B, T) with True = a real
    step, initial_state [h, c] of (B, U) each. Returns (B, U), or (B, T, U) with
    `return_sequences=True`, and with `return_state=True` also h and c.

    >>> import numpy as np
    >>> output, h, c = LSTM(4, return_state=True)(np.zeros((2, 5, 3), "float32"))
    >>> tuple(output.shape), tuple(c.shape)
    ((2, 4), (2, 4))
    """

    kind = "lstm"

    def advance(self, projected, state):
        cell, (h, c) = self.cell, state
        gates = projected + ops.matmul(h, cell.recurrent_kernel)
        i, f, g, o = ops.split(gates, 4, axis=-1)  # gate order i, f, g, o
        c = cell.recurrent_activation(f) * c + cell.recurrent_activation(i) * cell.activation(g)
        return [cell.recurrent_activation(o) * cell.activation(c), c]


@register
class GRU(NativeLoop, keras.layers.GRU):
    """Gated recurrent unit (Cho et al. 2014), reset after the product (default) or before it.

    z, r = s(W x + U h' + b);  h^ = tanh(W x + r * (U h' + b_r)) or tanh(W x + U (r * h') + b);
    h = z h' + (1 - z) h^.

    Arguments are those of `keras.layers.GRU`. Input (B, T, F), mask (B, T) with True = a real
    step, initial_state [h] of (B, U). Returns (B, U), or (B, T, U) with
    `return_sequences=True`, and with `return_state=True` also h.

    >>> import numpy as np
    >>> tuple(GRU(4, reset_after=False)(np.zeros((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    @property
    def kind(self):
        """Where the reset gate stands decides the equations."""
        return "gru" if self.reset_after else "gru_reset_before"

    def project(self, x):
        cell = self.cell
        bias = cell.bias
        if bias is not None and self.reset_after:
            bias = bias[0]  # row 0 is the input's bias, row 1 the recurrent one's
        return affine(x, cell.kernel, bias)

    def advance(self, projected, state):
        cell, h, units = self.cell, state[0], self.units
        x_z, x_r, x_h = ops.split(projected, 3, axis=-1)  # gate order z, r, h
        if self.reset_after:
            inner = affine(h, cell.recurrent_kernel, None if cell.bias is None else cell.bias[1])
            h_z, h_r, h_h = ops.split(inner, 3, axis=-1)
            z, r = cell.recurrent_activation(x_z + h_z), cell.recurrent_activation(x_r + h_r)
            candidate = cell.activation(x_h + r * h_h)
        else:
            kernel = cell.recurrent_kernel
            gates = ops.matmul(h, kernel[:, : 2 * units])
            h_z, h_r = ops.split(gates, 2, axis=-1)
            z, r = cell.recurrent_activation(x_z + h_z), cell.recurrent_activation(x_r + h_r)
            candidate = cell.activation(x_h + ops.matmul(r * h, kernel[:, 2 * units :]))
        return [z * h + (1 - z) * candidate]
