"""The recurrent equations in NumPy, forward and back-propagation through time by hand.

The oracle of the tests, and meant to be read: `cells.py` has one pair of small functions for each
cell, `recurrent.py` the two loops over time, `vanilla.py` a whole model with the matrices U, W, V.
"""

from zoo.reference.block import block
from zoo.reference.cells import CELLS, Cell
from zoo.reference.gates import ACTIVATIONS
from zoo.reference.recurrent import Trace, backward, forward
from zoo.reference.vanilla import softmax_cross_entropy, vanilla

__all__ = [
    "ACTIVATIONS",
    "CELLS",
    "Cell",
    "Trace",
    "backward",
    "block",
    "forward",
    "softmax_cross_entropy",
    "vanilla",
]
