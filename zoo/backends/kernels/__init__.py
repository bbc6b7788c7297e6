"""The recurrent cells as pairs of small functions, one step forward and one step back.

What the loops of TensorFlow and JAX run, with the gradient written out: the loop keeps the gates,
not the tape, and takes the gradients of the weights from many steps in one matrix product. The
same equations, gate by gate and slower, are in `zoo.reference`.

    step(w, act, projected, state, real) -> new state, saved
    back(w, act, seen, d_state)         -> d_projected, d_state of the step before
    weights(w, act, seen, d_projected)  -> gradients of the weights inside the loop, by name

real (B, 1) bool says where the step is real, elsewhere the state stays; None = everywhere. An
LSTM's h is taken from the memory after that choice: one array less to compute twice. projected
(B, G*U) is x @ kernel + bias; state [h] or [h, c], each (B, U); `seen` is what a step
saw and made: `Seen(before, after, saved)`, h before and after the step and what `step` saved. In
`weights` those are of many steps at once, (K, B, U), and d_projected is (K, B, G*U).

A name da is the gradient at a gate's input, before its activation. Products are in the weights'
type; state and gates in float32 where that is a half one.
"""

from collections.abc import Callable
from typing import NamedTuple

from zoo.backends.kernels import gru, lstm, simple_rnn
from zoo.backends.kernels.common import ACTIVATIONS, Seen, activations, inside, unpacked

__all__ = [
    "ACTIVATIONS",
    "KERNELS",
    "Kernel",
    "Seen",
    "activations",
    "inside",
    "unpacked",
    "unsupported",
]


class Kernel(NamedTuple):
    """One cell: how many gates it has, how many (B, U) arrays a step saves, three functions."""

    gates: int
    saves: int
    step: Callable
    back: Callable
    weights: Callable


KERNELS = {
    "simple_rnn": Kernel(
        1, 0, simple_rnn.simple_rnn_step, simple_rnn.simple_rnn_back, simple_rnn.simple_rnn_weights
    ),
    "lstm": Kernel(4, 5, lstm.lstm_step, lstm.lstm_back, simple_rnn.simple_rnn_weights),
    "peephole": Kernel(4, 5, lstm.peephole_step, lstm.peephole_back, lstm.peephole_weights),
    "coupled": Kernel(3, 4, lstm.coupled_step, lstm.coupled_back, simple_rnn.simple_rnn_weights),
    "gru": Kernel(3, 4, gru.gru_step, gru.gru_back, gru.gru_weights),
    "gru_reset_before": Kernel(
        3, 3, gru.gru_reset_before_step, gru.gru_reset_before_back, gru.gru_reset_before_weights
    ),
}


def unsupported(kind, activation, recurrent_activation, dtype, x=None, mask=None):
    """Why these kernels cannot run a cell, or None. Any type, x and mask will do."""
    for name in (activation, recurrent_activation):
        if name not in ACTIVATIONS:
            return f"activation {name}"
    return None if kind in KERNELS else f"cell {kind}"
