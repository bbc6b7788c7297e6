"""Which share of a cell's gates and activations is saturated, where no gradient passes."""

import keras
import numpy as np
from keras import ops

from zoo import reference
from zoo.layers import (
    CoupledLSTMCell,
    MinGRUCell,
    MinLSTMCell,
    PeepholeLSTMCell,
    RGLRUCell,
)
from zoo.layers.parallel import WEIGHTS

NEAR = 0.97  # of a tanh; a sigmoid s is one as well: 2 s - 1 = tanh(a / 2)
KINDS = {
    keras.layers.SimpleRNNCell: "simple_rnn",
    keras.layers.LSTMCell: "lstm",
    keras.layers.GRUCell: "gru",
    PeepholeLSTMCell: "peephole",
    CoupledLSTMCell: "coupled",
    MinGRUCell: "min_gru",
    MinLSTMCell: "min_lstm",
    RGLRUCell: "rg_lru",
}


def saturation(layer, x, initial_state=None) -> dict | None:
    """The share of steps, rows and units at which each gate or activation is saturated.

    A tanh is saturated where |a| > 0.97, a sigmoid where |2 s - 1| > 0.97. The values are those of
    the NumPy equations (`zoo.reference`) with the layer's weights.

    layer: a built recurrent layer; x (B, T, F); initial_state: a list of (B, U).
    Returns {name of the gate as in `zoo.reference`: share}, without what has no bound (a relu), or
    None for a cell whose equations the reference does not have.

    >>> layer = keras.layers.SimpleRNN(2, kernel_initializer="ones")
    >>> layer.build((None, None, 1))
    >>> saturation(layer, np.full((1, 3, 1), 9.0))
    {'h': 1.0}
    """
    cell = layer.cell
    kind = KINDS.get(type(cell)) if getattr(cell, "kernel", None) is not None else None
    activation = getattr(cell, "activation", keras.activations.linear)
    gates = getattr(cell, "recurrent_activation", keras.activations.sigmoid)
    name = getattr(activation, "__name__", "")
    if kind is None or name not in reference.ACTIVATIONS or gates is not keras.activations.sigmoid:
        return None
    trace = reference.forward(
        kind,
        _weights(cell),
        x,
        initial_state=initial_state,
        reverse=layer.go_backwards,
        activation=name,
        reset_after=getattr(cell, "reset_after", True),
    )
    shares = {}
    for gate, (at, bounds) in trace.cell.values.items():
        if bounds == "gate" or name in ("tanh", "sigmoid"):
            values = np.stack([cache[at] for _, cache in trace.steps])
            centred = values if bounds == "activation" and name == "tanh" else 2 * values - 1
            shares[gate] = float(np.mean(np.abs(centred) > NEAR))
    return shares


def _weights(cell):
    """The weights by the reference's names, which are Keras's."""
    found = {"bias": None}
    for name in ("recurrent_kernel", "peephole", *WEIGHTS):
        if getattr(cell, name, None) is not None:
            found[name] = ops.convert_to_numpy(getattr(cell, name))
    return found
