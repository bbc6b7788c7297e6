"""One pair of functions for each cell: one step forward, one step backward, gate by gate.

    step(w, act, x, states) -> (new_states, cache)
    step_backward(w, act, gradients, cache, d_states) -> (dx, d_previous_states)

x (B, F); states [h] or [h, c], each (B, U); `act` is a pair (function, derivative in terms of the
value). `step_backward` receives the gradient of the loss with respect to the new states, adds to
`gradients` (same keys and shapes as `w`) and returns the gradients of what went in. Adding a cell
is one entry in CELLS. A name da is the gradient at a gate's input, before its activation.
"""

from collections.abc import Callable
from typing import NamedTuple

from zoo.reference import gru, lstm, parallel
from zoo.reference.gates import affine, affine_backward_all


def simple_rnn_step(w, act, x, states):
    """Elman 1990: h = act(x W + h' U + b)."""
    (h0,) = states
    h = act[0](affine(w, 0, x, h0))
    return [h], (x, h0, h)


def simple_rnn_step_backward(w, act, gradients, cache, d_states):
    x, h0, h = cache
    da = d_states[0] * act[1](h)
    dx, dh0 = affine_backward_all(w, gradients, x, h0, [da])
    return dx, [dh0]


class Cell(NamedTuple):
    """How many gates and states a cell has, its two functions, and where the cache has what.

    values: name of a gate, or of what went through the cell's activation -> (its place in the
    cache of `step`, "gate" for a sigmoid or "activation"). recurrent: whether its gates see the
    state, by a recurrent kernel.
    """

    gates: int
    states: int
    step: Callable
    step_backward: Callable
    values: dict
    recurrent: bool = True


def _values(first, gates, activations):
    """One letter for each value, which follow each other in the cache from `first` on."""
    return {
        letter: (first + k, "activation" if letter in activations else "gate")
        for k, letter in enumerate(gates)
    }


CELLS = {
    "simple_rnn": Cell(1, 1, simple_rnn_step, simple_rnn_step_backward, _values(2, "h", "h")),
    "lstm": Cell(4, 2, lstm.lstm_step, lstm.lstm_step_backward, _values(3, "ifgoy", "gy")),
    "peephole": Cell(
        4, 2, lstm.peephole_step, lstm.peephole_step_backward, _values(3, "ifgoy", "gy")
    ),
    "coupled": Cell(3, 2, lstm.coupled_step, lstm.coupled_step_backward, _values(3, "igoy", "gy")),
    "gru": Cell(3, 1, gru.gru_step, gru.gru_step_backward, _values(2, "zrh", "h")),
    "gru_reset_before": Cell(
        3, 1, gru.gru_reset_before_step, gru.gru_reset_before_step_backward, _values(2, "zrh", "h")
    ),
    "min_gru": Cell(
        2, 1, parallel.min_gru_step, parallel.min_gru_step_backward, _values(2, "z", ""), False
    ),
    "min_lstm": Cell(
        3, 1, parallel.min_lstm_step, parallel.min_lstm_step_backward, _values(2, "fi", ""), False
    ),
    "rg_lru": Cell(
        1, 1, parallel.rg_lru_step, parallel.rg_lru_step_backward, _values(3, "ri", ""), False
    ),
}
