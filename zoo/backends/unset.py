"""Models without initial values: for weights that are about to be read from a file.

JAX compiles the drawing of random numbers anew for each shape: seconds for a model whose weights
then are replaced.
"""

import contextvars
import functools
from contextlib import contextmanager

import keras
import numpy as np

DRAWING = (
    keras.initializers.Orthogonal,
    keras.initializers.RandomNormal,
    keras.initializers.RandomUniform,
    keras.initializers.TruncatedNormal,
    keras.initializers.VarianceScaling,
)
_unset = contextvars.ContextVar("unset", default=False)


@contextmanager
def unset_weights():
    """Weights of layers that are built inside, by this thread, are zero where Keras draws them.

    >>> with unset_weights():
    ...     layer = keras.layers.Dense(2)
    ...     layer.build((None, 3))
    >>> float(abs(layer.get_weights()[0]).sum())
    0.0
    """
    _prepare()
    token = _unset.set(True)
    try:
        yield
    finally:
        _unset.reset(token)


@functools.cache
def _prepare():
    """Have Keras's initializers ask, once and for good: another thread may be building a model."""
    for kind in DRAWING:
        kind.__call__ = _asking(kind.__call__)


def _asking(draw):
    @functools.wraps(draw)
    def draw_or_not(self, shape, dtype=None, **options):
        if _unset.get():
            return np.zeros(shape, "float32")  # the variable casts it
        return draw(self, shape, dtype=dtype, **options)

    return draw_or_not
