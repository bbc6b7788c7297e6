"""SimpleRNN, LSTM and GRU: the stock Keras layers with another loop inside.

Each class overrides one method of its stock parent, `inner_loop`, so arguments, weight names and
saved files are interchangeable with stock Keras. The work is split where it pays:

    project(x)               everything that depends on the input alone, for all steps at once
    advance(projected, s)    one step, from projected input (B, G*U) and state to the new state

A masked step (mask False) leaves the state as it was, and the output there is that state.
"""

import keras
from keras import ops

from zoo import backends

register = keras.saving.register_keras_serializable("zoo")


def recur(advance, projected, state, mask=None, reverse=False):
    """Run `advance` over time. projected (B, T, G*U), state a list of (B, U), mask (B, T) bool.

    Returns outputs (B, T, U), in the input's time order, and the final state.
    """
    if mask is None:

        def step(state, inputs):
            state = advance(inputs[0], state)
            return state, state[0]

        return backends.recurrence(step, state, [projected], reverse)

    def masked_step(state, inputs):
        real = inputs[1]
        state = [
            ops.where(real, new, old)
            for new, old in zip(advance(inputs[0], state), state, strict=True)
        ]
        return state, state[0]

    mask = ops.expand_dims(ops.cast(mask, "bool"), -1)
    return backends.recurrence(masked_step, state, [projected, mask], reverse)


def affine(x, kernel, bias=None):
    """x @ kernel + bias over the last axis."""
    y = ops.matmul(x, kernel)
    return y if bias is None else y + bias


class NativeLoop:
    """The loop that replaces the stock one. `loop_path` says which road the last call took.

    kind: the cell's name in `zoo.backends.kernels`, where its equations are written for speed;
    `advance` is the same step for the general loop, which takes any activation and has the
    framework differentiate it.
    """

    loop_path = "not called yet"
    stock_has_gpu_kernel = True
    kind = None

    @property
    def activation_names(self):
        """(of the candidate and the output, of the gates), as Keras names them."""
        gates = getattr(self.cell, "recurrent_activation", keras.activations.sigmoid)
        return tuple(map(_name, (self.cell.activation, gates)))

    def loop_weights(self):
        """The weights of the loop by name, in the compute type."""
        cell, weights = self.cell, {}
        for name in ("kernel", "recurrent_kernel", "bias", "peephole"):
            value = getattr(cell, name, None)
            if value is not None:
                value = ops.cast(ops.convert_to_tensor(value), cell.compute_dtype)
            weights[name] = value
        return weights

    def project(self, x):
        cell = self.cell
        return affine(x, cell.kernel, cell.bias)

    def _stock_reason(self, training):
        """Why the stock loop, step by step, must run, or None."""
        if training and getattr(self, "recurrent_dropout", 0):
            return "recurrent_dropout"
        one_mask_a_gate = getattr(self.cell, "dropout_mask_count", None)
        if training and getattr(self, "dropout", 0) and one_mask_a_gate:
            return "dropout by gate"
        if self.unroll:
            return "unroll=True"
        return None

    def inner_loop(self, sequences, initial_state, mask, training=False):
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        reason = self._stock_reason(training)
        if reason:
            self.loop_path = f"stock: {reason}"
            # Not the parent's, which tries a fused loop first: with dropout by gate that one fails.
            return keras.layers.RNN.inner_loop(self, sequences, initial_state, mask, training)
        if mask is None and self.stock_has_gpu_kernel and backends.on_gpu():
            self.loop_path = "stock: its GPU kernel"
            return super().inner_loop(sequences, initial_state, mask, training)
        if training and getattr(self, "dropout", 0):  # one mask for all steps
            dropped = self.cell.get_dropout_mask(sequences[:, 0])
            sequences = sequences * ops.expand_dims(dropped, 1)
        # The state of a caller may have batch size 1: every row then starts from it.
        batch = ops.shape(sequences)[0]
        state = [ops.broadcast_to(s, (batch, s.shape[-1])) for s in initial_state]
        if self.stateful:  # the layer assigns to its state before the backward pass reads it
            state = [ops.copy(s) for s in state]
        outputs, state = self._loop(sequences, state, mask)
        if mask is not None and self.zero_output_for_mask:
            outputs = ops.where(ops.expand_dims(mask, -1), outputs, ops.zeros_like(outputs))
            last = outputs[:, 0 if self.go_backwards else -1]
        else:
            last = state[0]
        if self.go_backwards:  # stock Keras returns these in the order of processing
            outputs = ops.flip(outputs, axis=1)
        return last, outputs, state

    def _loop(self, x, state, mask):
        names = self.activation_names
        reason = backends.unsupported(self.kind, *names, x.dtype, x)
        if reason:
            self.loop_path = f"general loop: {reason}"
            return recur(self.advance, self.project(x), state, mask, self.go_backwards)
        outputs, state, self.loop_path = backends.recurrent(
            self.kind, x, self.loop_weights(), state, mask, self.go_backwards, *names
        )
        return outputs, state


def _name(activation):
    """The name of one of Keras's activations; what it is of any other."""
    # Not by Keras's `serialize`, which loads TensorFlow where it is installed: two seconds.
    name = getattr(activation, "__name__", type(activation).__name__)
    own = getattr(keras.activations, name, None) is activation
    return name if own else f"{name} (not one of Keras's)"


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
