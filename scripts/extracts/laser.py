"""Santa Fe data set A: intensities of a far-infrared laser in a chaotic state."""

from pathlib import Path

import numpy as np


def make(folder: Path) -> bytes:
    """A CSV with the column intensity, whole numbers 0 to 255 in the order of time."""
    values = np.load(folder / "reservoirpy/datasets/santafe_laser.npy", allow_pickle=False)
    return "\n".join(["intensity", *map(str, values.ravel().tolist()), ""]).encode()
