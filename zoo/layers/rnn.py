"""`RNN` over stock cells, and the tables from stock layers and cells to the zoo's."""

from types import SimpleNamespace

import keras
from keras import ops

from zoo.layers.loop import Carries
from zoo.layers.recurrent import GRU, LSTM, SimpleRNN, register

# From a stock layer, and from a stock cell, to the zoo's layer of the same equations.
LAYERS = {keras.layers.SimpleRNN: SimpleRNN, keras.layers.LSTM: LSTM, keras.layers.GRU: GRU}
CELLS = {
    keras.layers.SimpleRNNCell: SimpleRNN,
    keras.layers.LSTMCell: LSTM,
    keras.layers.GRUCell: GRU,
}


def cells_of(layer):
    """The cells of a recurrent layer: more than one where they are stacked."""
    stacked = type(layer.cell) is keras.layers.StackedRNNCells
    return list(layer.cell.cells) if stacked else [layer.cell]


def around(cell, kind, options):
    """A layer of the zoo with `cell` as its cell: its weights, dropout seeds and precision."""
    layer = kind.from_config(options)
    layer._tracker.untrack(layer.cell)  # or Keras goes on counting it among the sublayers
    layer.cell = cell
    return layer


@register
class RNN(Carries, keras.layers.RNN):
    """`keras.layers.RNN` over stock cells, run as one of the zoo's layers for each cell.

    cell: a `SimpleRNNCell`, `LSTMCell` or `GRUCell`, or a list of them. Other arguments, states and
    weights files are those of `keras.layers.RNN`. Input (B, T, F), mask (B, T) with True = a real
    step, initial_state a list of (B, U), or one such list for each cell. Returns (B, U) of the last
    cell, or (B, T, U) with `return_sequences=True`, with `return_state=True` also the states.

    >>> import numpy as np
    >>> layer = RNN([keras.layers.LSTMCell(4), keras.layers.GRUCell(2)])
    >>> tuple(layer(np.zeros((2, 5, 3), "float32")).shape)
    (2, 2)
    """

    loop_path = "not called yet"

    def build(self, sequences_shape, initial_state_shape=None):
        super().build(sequences_shape, initial_state_shape)
        cells = cells_of(self)
        options = [cell.get_config() | {"unroll": self.unroll} for cell in cells]
        for lower in options[:-1]:
            lower["return_sequences"] = True
        options[0]["go_backwards"] = self.go_backwards
        for name in ("return_sequences", "zero_output_for_mask"):
            options[-1][name] = getattr(self, name)
        made = [around(c, CELLS[type(c)], o) for c, o in zip(cells, options, strict=True)]
        # Out of Keras's sight: the weights are the cells', and saved with them.
        vars(self)["_run"] = SimpleNamespace(layers=made)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        layers, final = self._run.layers, []
        states = initial_state if len(layers) > 1 else [initial_state]
        for layer, state in zip(layers, states, strict=True):
            nested = isinstance(state, (list, tuple))
            state = [ops.copy(s) for s in (state if nested else [state])]  # `call` assigns to it
            last, sequences, state = layer.inner_loop(sequences, state, mask, training)
            final.append(state if nested else state[0])
            if layer.go_backwards and mask is not None:  # its outputs come in processing order
                mask = ops.flip(mask, axis=1)
        self.loop_path = ", ".join(dict.fromkeys(layer.loop_path for layer in layers))
        return last, sequences, final if len(layers) > 1 else final[0]

    def reset_state(self):
        """Zeros again. The stock method fails on the nested states of stacked cells."""
        for state in keras.tree.flatten(self.states):
            state.assign(ops.zeros_like(state.value))
