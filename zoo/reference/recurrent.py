"""The two loops over time: forward, and back-propagation through time."""

from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError
from zoo.reference.cells import CELLS, Cell
from zoo.reference.gates import ACTIVATIONS


@dataclass(frozen=True)
class Trace:
    """A forward pass: its results, and what the backward pass reads.

    outputs (B, T, U) in the input's time order; state, the final [h] or [h, c], each (B, U);
    steps, one (t, cache) for every step in the order in which it was computed.
    """

    outputs: np.ndarray
    state: list
    cell: Cell
    activation: tuple
    weights: dict
    mask: np.ndarray
    steps: list
    features: int


def forward(
    cell,
    weights,
    x,
    initial_state=None,
    mask=None,
    reverse=False,
    activation="tanh",
    reset_after=True,
):
    """Run a recurrent cell over a batch of sequences, in float64.

    Args:
        cell: "simple_rnn", "lstm", "peephole", "coupled", "gru", "min_gru", "min_lstm" or "rg_lru".
        weights: {"kernel": (F, G*U), "recurrent_kernel": (U, G*U), "bias": (G*U,) or None}, laid
            out as in Keras, with G gates in the order i, f, g, o (LSTM and peephole), i, g, o
            (coupled) or z, r, h (GRU). A GRU with `reset_after` has a bias (2, 3U); a peephole
            cell has "peephole" (3, U) with the rows i, f, o as well. The last three cells have no
            recurrent kernel; gates z, h and f, i, h; RG-LRU one projection, "gate_kernel"
            (2, K, U/K, U/K) of the gates r, i in K blocks, "gate_bias" (2, U), "decay" (U,).
        x: inputs (B, T, F).
        initial_state: [h] or [h, c], each (B, U); None means zeros.
        mask: bool (B, T), True = a real step. At a masked step the state is carried unchanged, and
            the output is the carried h.
        reverse: process the steps T-1 .. 0. The outputs stay in the input's time order.
        activation: of the candidate and of the cell's output: "tanh", "relu", "linear", "sigmoid".
        reset_after: where a GRU applies its reset gate; other cells ignore it.

    Returns:
        A `Trace` with `.outputs` (B, T, U) and `.state`, the list of final states.

    Raises:
        InputError: an unknown cell or activation, or a shape that does not fit.

    >>> weights = {"kernel": np.ones((1, 1)), "recurrent_kernel": np.ones((1, 1)), "bias": None}
    >>> trace = forward("simple_rnn", weights, np.ones((1, 3, 1)), activation="linear")
    >>> trace.outputs[0, :, 0].tolist()
    [1.0, 2.0, 3.0]
    """
    cell = _cell(cell, reset_after)
    if activation not in ACTIVATIONS:
        raise InputError(f"activation {activation!r} is unknown: use one of {sorted(ACTIVATIONS)}")
    act = ACTIVATIONS[activation]
    w = {k: None if v is None else np.asarray(v, "float64") for k, v in weights.items()}
    x = np.asarray(x, "float64")
    _check_shapes(cell, w, x)
    state = _initial_state(cell, w, x, initial_state)
    mask = _mask(mask, x)
    B, T, F = x.shape
    outputs, steps = np.zeros((B, T, state[0].shape[1])), []
    for t in reversed(range(T)) if reverse else range(T):
        real = mask[:, t, None]  # (B, 1)
        new, cache = cell.step(w, act, x[:, t], state)
        state = [np.where(real, n, s) for n, s in zip(new, state, strict=True)]
        outputs[:, t] = state[0]
        steps.append((t, cache))
    return Trace(outputs, state, cell, act, w, mask, steps, F)


def backward(trace, d_outputs, d_state=None):
    """Back-propagation through time (Werbos 1990), by hand.

    Args:
        trace: what `forward` returned.
        d_outputs: gradient of the loss with respect to the outputs (B, T, U).
        d_state: gradients with respect to the final states, a list of (B, U); None means zeros.

    Returns:
        A dict with the gradient of every weight under the weight's own name, of the inputs as "x"
        (B, T, F), and of the initial state as "initial_state", a list of (B, U).

    >>> weights = {"kernel": np.ones((1, 1)), "recurrent_kernel": np.ones((1, 1)), "bias": None}
    >>> trace = forward("simple_rnn", weights, np.ones((1, 3, 1)), activation="linear")
    >>> gradients = backward(trace, np.array([[[0.0], [0.0], [1.0]]]))  # the loss is the last h
    >>> gradients["x"][0, :, 0].tolist(), gradients["recurrent_kernel"].item()
    ([1.0, 1.0, 1.0], 3.0)
    """
    d_outputs = np.asarray(d_outputs, "float64")
    gradients = {k: None if v is None else np.zeros_like(v) for k, v in trace.weights.items()}
    dx = np.zeros((*trace.mask.shape, trace.features))
    if d_state is None:
        d_state = [np.zeros_like(s) for s in trace.state]
    ds = [np.asarray(d, "float64") for d in d_state]
    for t, cache in reversed(trace.steps):
        real = trace.mask[:, t, None]  # (B, 1)
        ds = [ds[0] + d_outputs[:, t], *ds[1:]]
        # A masked step copied its state: the gradient goes round the cell, none goes through it.
        through = [np.where(real, d, 0) for d in ds]
        around = [np.where(real, 0, d) for d in ds]
        dx[:, t], ds = trace.cell.step_backward(
            trace.weights, trace.activation, gradients, cache, through
        )
        ds = [d + a for d, a in zip(ds, around, strict=True)]
    return {**gradients, "x": dx, "initial_state": ds}


def _cell(name, reset_after):
    if name == "gru" and not reset_after:
        name = "gru_reset_before"
    if name not in CELLS:
        raise InputError(f"cell {name!r} is unknown: use one of {sorted(CELLS)}")
    return CELLS[name]


def _check_shapes(cell, w, x):
    for name in ("kernel", *(["recurrent_kernel"] * cell.recurrent)):
        if w.get(name) is None or w[name].ndim != 2:
            raise InputError(f"weights have no matrix {name!r}: give one, gates side by side")
    if x.ndim != 3:
        raise InputError(f"x has shape {x.shape}, expected (B, T, F): add the missing axis")
    units = _units(cell, w)
    for name, shape in _shapes(cell, w, x.shape[2], units).items():
        given = w.get(name)
        if name in ("bias", "gate_bias") and given is None:
            continue
        if given is None or given.shape != shape:
            found = "is missing" if given is None else f"has shape {given.shape}"
            raise InputError(f"weight {name!r} {found}, expected {shape} for U = {units}")


def _units(cell, w):
    return w["recurrent_kernel"].shape[0] if cell.recurrent else w["kernel"].shape[1] // cell.gates


def _shapes(cell, w, features, units):
    """The shape that each weight must have, by its name."""
    gates = cell.gates * units
    shapes = {"kernel": (features, gates), "bias": (gates,)}
    if cell.recurrent:
        shapes["recurrent_kernel"] = (units, gates)
    if cell is CELLS["gru"]:
        shapes["bias"] = (2, gates)
    if cell is CELLS["peephole"]:
        shapes["peephole"] = (3, units)
    if cell is CELLS["rg_lru"]:
        given = w.get("gate_kernel")
        blocks = given.shape[1] if given is not None and given.ndim == 4 else 1
        shapes["gate_kernel"] = (2, blocks, units // blocks, units // blocks)
        shapes |= {"gate_bias": (2, units), "decay": (units,)}
    return shapes


def _initial_state(cell, w, x, initial_state):
    shape = (x.shape[0], _units(cell, w))
    if initial_state is None:
        return [np.zeros(shape)] * cell.states
    state = [np.asarray(s, "float64") for s in initial_state]
    if [s.shape for s in state] != [shape] * cell.states:
        shapes = [s.shape for s in state]
        raise InputError(f"initial_state has shapes {shapes}, expected {cell.states} of {shape}")
    return state


def _mask(mask, x):
    mask = np.ones(x.shape[:2], bool) if mask is None else np.asarray(mask, bool)
    if mask.shape != x.shape[:2]:
        raise InputError(f"mask has shape {mask.shape}, expected (B, T) = {x.shape[:2]}")
    return mask
