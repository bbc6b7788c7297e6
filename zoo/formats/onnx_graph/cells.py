"""The weights of recurrent cells in the order in which ONNX's nodes LSTM, GRU and RNN read them."""

from dataclasses import dataclass, field

import keras
import numpy as np
from keras import ops

from zoo.formats.onnx_graph.activations import inside
from zoo.formats.onnx_graph.registry import Unsupported
from zoo.layers import CoupledLSTMCell, PeepholeLSTMCell


@dataclass(frozen=True)
class Cell:
    """One direction of a recurrent node.

    kind: LSTM, GRU or RNN; weights: the node's inputs W (gates * U, F), R (gates * U, U), B of both
    biases, P of the peepholes; activations: (name, alpha, beta) each; options: other attributes;
    states: tensors of the state.
    """

    kind: str
    units: int
    weights: dict
    activations: list
    states: int = 1
    options: dict = field(default_factory=dict)

    def fits(self, other):
        """Whether one node can hold both, as its two directions."""
        alike = ("kind", "units", "options")
        same = all(getattr(self, name) == getattr(other, name) for name in alike)
        return same and set(self.weights) == set(other.weights)


CELLS = {}  # class of a cell -> function from such a cell to a `Cell`


def cell_of(cell):
    """The `Cell` of a Keras cell. Raises `Unsupported` for a class that ONNX has no node for."""
    found = next((CELLS[c] for c in type(cell).__mro__ if c in CELLS), None)
    if found is None:
        raise Unsupported(f"ONNX has no recurrent node with the equations of {type(cell).__name__}")
    return found(cell)


def _cell(cell_class):
    """A decorator: the function under it makes the `Cell` of this class."""

    def register(function):
        CELLS[cell_class] = function
        return function

    return register


def _numbers(weight):
    return None if weight is None else np.asarray(ops.convert_to_numpy(weight), "float32")


def _rows(weight, order, units):
    """A matrix (.., gates * U) or bias with its gates in another order and in front.

    None in `order` is a gate that the cell does not have: zeros.
    """
    columns = np.split(weight, weight.shape[-1] // units, axis=-1)
    nothing = np.zeros_like(columns[0])
    return np.concatenate([nothing if k is None else columns[k] for k in order], axis=-1).T


def _weights(cell, order):
    """W, R and B of a cell whose gates ONNX has in another `order`."""
    units, bias = cell.units, _numbers(cell.bias)
    weights = {
        "W": _rows(_numbers(cell.kernel), order, units),
        "R": _rows(_numbers(cell.recurrent_kernel), order, units),
    }
    if bias is not None:
        pair = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        weights["B"] = np.concatenate([_rows(row, order, units) for row in pair])
    return weights


@_cell(keras.layers.SimpleRNNCell)
def _simple_rnn(cell):
    return Cell("RNN", cell.units, _weights(cell, [0]), [inside(cell.activation)])


@_cell(keras.layers.GRUCell)
def _gru(cell):
    """Gates z, r, h on both sides."""
    activations = [inside(cell.recurrent_activation), inside(cell.activation)]
    options = {"linear_before_reset": int(cell.reset_after)}
    return Cell("GRU", cell.units, _weights(cell, [0, 1, 2]), activations, options=options)


def _of_memory(activation, gates=keras.activations.sigmoid):
    """The activations of the gates, of the candidate and of the memory."""
    return [inside(gates), inside(activation), inside(activation)]


@_cell(keras.layers.LSTMCell)
def _lstm(cell):
    """Gates i, f, g, o in Keras; i, o, f, g in ONNX."""
    activations = _of_memory(cell.activation, cell.recurrent_activation)
    return Cell("LSTM", cell.units, _weights(cell, [0, 3, 1, 2]), activations, 2)


@_cell(PeepholeLSTMCell)
def _peephole(cell):
    """As the LSTM, and P with the peepholes of i, o, f."""
    i, f, o = _numbers(cell.peephole)
    weights = _weights(cell, [0, 3, 1, 2]) | {"P": np.concatenate([i, o, f])}
    return Cell("LSTM", cell.units, weights, _of_memory(cell.activation), 2)


@_cell(CoupledLSTMCell)
def _coupled(cell):
    """Gates i, g, o; the node has f = 1 - i, so that the weights of f are not read."""
    weights = _weights(cell, [0, 2, None, 1])
    return Cell("LSTM", cell.units, weights, _of_memory(cell.activation), 2, {"input_forget": 1})
