"""The cells of a stack by name, and what a stack refuses."""

from zoo.errors import InputError
from zoo.layers.parallel import RGLRU, MinGRU, MinLSTM, ParallelLayer
from zoo.layers.peephole import CoupledLSTM, PeepholeLSTM
from zoo.layers.recurrent import GRU, LSTM, SimpleRNN

# name -> (layer class, number of state tensors)
CELLS = {
    "simple_rnn": (SimpleRNN, 1),
    "lstm": (LSTM, 2),
    "gru": (GRU, 1),
    "peephole": (PeepholeLSTM, 2),
    "coupled": (CoupledLSTM, 2),
    "min_gru": (MinGRU, 1),
    "min_lstm": (MinLSTM, 1),
    "rg_lru": (RGLRU, 1),
}
DIRECTIONS = ("forward", "backward", "bidirectional")


def parallel(cell):
    """Whether the gates of this cell see the input alone: see `zoo.layers.parallel`."""
    return issubclass(CELLS[cell][0], ParallelLayer)


def check_cell(cell):
    """Raise `InputError` unless `cell` is a name in `CELLS`."""
    if cell not in CELLS:
        raise InputError(f"cell {cell!r} is not one of {', '.join(CELLS)}: choose one of them")


def check_parallel(cell, activation, weight_drop):
    """Raise `InputError` for what a cell whose gates see the input alone does not have."""
    if weight_drop:
        raise InputError(
            f"weight_drop is {weight_drop}, but cell {cell!r} has no recurrent weights, expected "
            "0: use dropout"
        )
    if activation != "tanh":
        raise InputError(
            f"activation {activation!r} given to cell {cell!r}, which has one of its own: leave "
            "it out"
        )


def check_counts(cell, units, layers, direction):
    """Raise `InputError` for an unknown cell or direction, or counts below one."""
    check_cell(cell)
    if direction not in DIRECTIONS:
        raise InputError(
            f"direction {direction!r} is not one of {', '.join(DIRECTIONS)}: choose one of them"
        )
    for name, value in (("units", units), ("layers", layers)):
        if not isinstance(value, int) or value < 1:
            raise InputError(f"{name} is {value!r}, expected a whole number of at least 1")
