"""One fixed matrix product by NumPy, timed in the same rounds: how fast the machine itself is."""

import numpy as np

from zoo.reports.compare.clock import visited

SIZE = 512


class Product:
    """A product of two matrices of 512 x 512."""

    use, reason = "batch", None

    def __init__(self):
        self.a, self.b = np.random.default_rng(0).standard_normal((2, SIZE, SIZE), "float32")

    def __call__(self):
        return self.a @ self.b


_ways = [Product()]


def start():
    """Nothing to load."""
    return {"import_ms": None, "devices": ["cpu:0"]}


def ready(place, more, folder, contenders, quick):
    """The one way there is."""
    told = {"contender": "numpy", "mode": "", "use": "batch", "first_call_ms": None}
    return {"ways": [told | {"path": None, "reason": None}]}


def visit(place, more, folder, seconds, seed):
    """As `speed.visit`."""
    return visited(_ways, seconds, seed)


def drop(place, more, folder):
    """There is nothing to forget."""
    return {}
