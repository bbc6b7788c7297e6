"""`zoo diagnose`: how much of a gradient is left, so many steps back, and at what rate it goes.

Measured is the norm of dL/ds_t, the whole gradient of a loss at the last step T by the state s_t
(h, or h and c side by side) that the cell hands from step t to step t + 1. That is the product of
Jacobians ds_T/ds_(T-1) ... ds_(t+1)/ds_t which decides whether a network can learn from what was
t steps ago (Hochreiter 1991; Bengio et al. 1994, section 3; Pascanu et al. 2013, section 2). The
gradient by the input x_t would measure the input's weights as well, and know nothing of c.

It is exact: zeros are added to every state inside the loop over time, and one backward pass gives
the gradient by all of them. What is called inside is the layer's own cell, through the contract
that every Keras cell keeps, so any `keras.layers.RNN` can be measured.
"""

import contextlib
import random

import keras
import numpy as np
from keras import ops, tree

from zoo import backends
from zoo.errors import InputError
from zoo.layers.cells import CELLS, check_cell, parallel
from zoo.reports.saturation import saturation

ROWS, LEAST_STEPS = 16, 3
HUNDRED_STEPS = 10.0  # stable: less than this factor in a hundred steps
FLOAT32, LIMITS = (1e-35, 1e37), {"float16": (1e-3, 6e4)}  # the norms that a type can hold


def state_gradients(layer, x, readout, initial_state=None):
    """dL/ds_t for t = 1..T, where L = sum(readout * h_T).

    layer: a built `keras.layers.RNN` of any cell, zoo's or stock. x (B, T, F), in the input's time
    order; readout (B, U): the direction in which the loss looks at the first state tensor, h.
    initial_state: a list of (B, U), zeros by default.

    Returns an array (B, T, S), S all units of the state side by side ([h, c] for an LSTM), in the
    order of processing, and the list of the gradients of the cell's weights.

    >>> from zoo.layers import SimpleRNN
    >>> layer = SimpleRNN(2, activation="linear", recurrent_initializer="identity")
    >>> layer.build((None, None, 1))
    >>> by_state, _ = state_gradients(layer, np.ones((1, 4, 1), "float32"), np.ones((1, 2)))
    >>> by_state.shape, by_state[0, 0].tolist()  # the identity hands every gradient on
    ((1, 4, 2), [1.0, 1.0])
    """
    sizes, kind = tree.flatten(layer.cell.state_size), layer.compute_dtype
    x = np.asarray(x, "float32")
    x = ops.convert_to_tensor(x[:, ::-1].copy() if layer.go_backwards else x, kind)
    start = initial_state or [np.zeros((len(x), units), "float32") for units in sizes]
    start = [ops.convert_to_tensor(s, kind) for s in start]
    readout = ops.convert_to_tensor(readout, kind)
    added = keras.Variable(np.zeros((*x.shape[:2], sum(sizes)), "float32"))
    edges = np.cumsum(sizes)[:-1].tolist()

    def step(state, inputs):
        packed = tree.pack_sequence_as(layer.cell.state_size, state)
        _, state = layer.cell(inputs[0], packed if isinstance(packed, list) else [packed])
        pieces = ops.split(inputs[1], edges, axis=-1) if edges else [inputs[1]]
        state = [s + piece for s, piece in zip(tree.flatten(state), pieces, strict=True)]
        return state, state[0]

    def loss():
        zeros = ops.convert_to_tensor(added, kind)
        _, state = backends.recurrence(step, start, [x, zeros])
        return ops.sum(readout * state[0])

    weights = layer.cell.trainable_variables
    _, (by_state, *by_weights) = backends.value_and_gradients(loss, [added, *weights])
    return by_state, by_weights


def unit_rows(rows, units, seed):
    """Directions drawn evenly from the sphere, (rows, units), each of length 1."""
    drawn = np.random.default_rng([seed, 1]).normal(size=(rows, units))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype("float32")


def rate(norms, limits=FLOAT32) -> float | None:
    """The factor by which a gradient changes with each step back: a geometric fit.

    norms: (T,), at 0, 1, ... steps back. The fit is least squares on the logarithms, without the
    step of the loss itself, where only h has a gradient; norms out of `limits`, where the
    arithmetic underflows or overflows, are left out. None where fewer than two are left.

    >>> round(rate([1.0, 0.5, 0.25, 0.125]), 6)
    0.5
    """
    norms = np.asarray(norms, "float64")
    back = np.flatnonzero((norms > limits[0]) & (norms < limits[1]))
    back = back[back > 0]
    if len(back) < 2:
        return None
    return float(np.exp(np.polyfit(back, np.log(norms[back]), 1)[0]))


def verdict(rate: float | None) -> str:
    """`vanishing`, `stable` or `exploding`; stable is less than tenfold in a hundred steps.

    >>> verdict(0.9), verdict(1.01), verdict(1.1)
    ('vanishing', 'stable', 'exploding')
    """
    if rate is None:
        return "unknown"
    hundred = 100 * np.log(rate)
    if abs(hundred) < np.log(HUNDRED_STEPS):
        return "stable"
    return "vanishing" if hundred < 0 else "exploding"


def row(subjects, **said) -> dict:
    """One row: the flow through one layer, over several seeds.

    subjects: (layer, x, initial_state) for seed 0, 1, ...; said: what else the row is to say.

    Keys: `steps_back` 0..T-1, and for each the norm over seeds and rows: `norm` (median), `mean`,
    `low` and `high` (10th and 90th percentile), relative to a loss whose gradient by h_T is 1;
    `rate`, `verdict` and `half_life` (steps until half is left, None unless it vanishes);
    `saturated` (share of all gates and activations, None for a cell of the user's own) and
    `saturation` (of each); `weights_gradient`: the global norm of the gradient by the weights, for
    one sequence, the median over seeds: what clipping acts on.
    """
    norms, gates, weights = [], [], []
    for seed, (layer, x, initial_state) in enumerate(subjects):
        readout = unit_rows(len(x), tree.flatten(layer.cell.state_size)[0], seed)
        by_state, by_weights = state_gradients(layer, x, readout, initial_state)
        # In float64: the square of a small float32 is zero.
        norms.append(np.linalg.norm(by_state.astype("float64"), axis=-1)[:, ::-1])
        squares = [np.square(g.astype("float64")).sum() for g in by_weights]
        weights.append(float(np.sqrt(np.sum(squares))) / len(x))
        gates.append(saturation(layer, x, initial_state))
    found = statistics(np.concatenate(norms), LIMITS.get(layer.compute_dtype, FLOAT32))
    shares = _means(gates)
    return {
        **said,
        "backend": backends.name(),
        "units": int(tree.flatten(layer.cell.state_size)[0]),
        "steps": len(found["norm"]),
        "seeds": len(norms),
        "rows": len(norms[0]),
        **found,
        "saturated": float(np.mean(list(shares.values()))) if shares else None,
        "saturation": shares,
        "weights_gradient": float(np.median(weights)),
    }


def statistics(norms, limits=FLOAT32) -> dict:
    """The keys of `row` that follow from the norms (N, T), at 0, 1, ... steps back."""
    norms = np.where(np.isfinite(norms), norms, np.inf)  # what overflowed, NaN behind it too
    ordered = np.sort(norms, axis=0)  # and no quantile between two, which infinity has not
    low, middle, high = (ordered[round(q * (len(norms) - 1))] for q in (0.1, 0.5, 0.9))
    fitted = rate(middle, limits)
    says = verdict(fitted)
    halves = says == "vanishing"
    return {
        "rate": fitted,
        "verdict": says,
        "half_life": float(np.log(0.5) / np.log(fitted)) if halves else None,
        "steps_back": list(range(norms.shape[1])),
        "norm": middle.tolist(),
        "mean": norms.mean(axis=0).tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
    }


def _means(gates):
    names = gates[0] or {}
    return {name: float(np.mean([each[name] for each in gates])) for name in names}


def cell_rows(cells=tuple(CELLS), steps=100, units=64, seeds=3, activation="tanh", gain=1.0):
    """A row for each cell as it is initialised, on inputs from the normal distribution.

    cells: names in `zoo.layers.CELLS`; T = steps, U = F = units, `ROWS` sequences for each of the
    seeds 0, 1, ...; activation: of the cell; gain: the recurrent weights are multiplied by it, so
    that those of a simple RNN, orthogonal at first, scale every vector by it. Cells whose gates see
    the input alone have neither. Yields the rows.
    Raises `InputError` for a setting out of range, before any work.

    >>> [found] = cell_rows(["simple_rnn"], 8, 4, activation="linear", gain=0.5)
    >>> round(found["rate"], 5), found["verdict"]
    (0.5, 'vanishing')
    """
    check(cells, steps, units, seeds, activation, gain)
    return (
        row(
            [_new(cell, steps, units, activation, gain, seed) for seed in range(seeds)],
            name=cell,
            cell=cell,
            weights="initial",
        )
        for cell in cells
    )


def _new(cell, steps, units, activation, gain, seed):
    """(layer, x, None): a new layer of the cell, and sequences for it."""
    with new_weights(seed):
        options = {} if parallel(cell) else {"activation": activation}
        layer = CELLS[cell][0](units, **options)
        layer.build((None, None, units))
    kernel = layer.cell.recurrent_kernel
    if kernel is not None:
        kernel.assign(kernel * gain)
    x = np.random.default_rng(seed).normal(size=(ROWS, steps, units)).astype("float32")
    return layer, x, None


@contextlib.contextmanager
def new_weights(seed):
    """The same new weights inside for the same seed; what is drawn elsewhere is not touched.

    Keras takes the seeds of its initialisers from Python's generator. Its `set_random_seed` would
    load TensorFlow, which takes seconds.
    """
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def check(cells, steps, units, seeds, activation="tanh", gain=1.0):
    """`InputError` for a setting out of range."""
    for cell in cells:
        check_cell(cell)
    for name, value, least in (("steps", steps, LEAST_STEPS), ("units", units, 1),
                               ("seeds", seeds, 1)):  # fmt: skip
        if value < least:
            raise InputError(f"{name} {value}, expected {least} or more: choose another")
    if not 0 < gain < float("inf"):
        raise InputError(f"gain {gain}, expected more than 0: choose another")
    try:
        keras.activations.get(activation)
    except ValueError:
        raise InputError(
            f"activation {activation!r} is none of Keras's, expected tanh, relu, linear and so on: "
            "choose one"
        ) from None
