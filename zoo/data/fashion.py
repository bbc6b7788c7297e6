"""Fashion-MNIST: clothing in grey, 28 x 28, fetched or read where another program left it."""

import gzip
from functools import cache
from pathlib import Path

import numpy as np

from zoo.data.fetch import fetch
from zoo.errors import InputError

VALIDATION = 6_000  # the last of the published training images
NAMES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


@cache
def fashion_mnist() -> dict[str, tuple[np.ndarray, list[str]]]:
    """Fashion-MNIST (Xiao, Rasul and Vollgraf 2017).

    Returns {"train", "validation", "test"} -> (images float32 (N, 28, 28) in 0..1, bright on black,
    N names of classes). Test is the published one; validation the last 6,000 training images.
    Training images that equal an earlier one or one of the test are left out.
    Raises `InputError` as `zoo.data.fetch.fetch` does.
    """
    files = fetch("fashion_mnist")
    x, y = _pair(files, "train")
    test, truth = _pair(files, "t10k")
    return splits(x, y, test, truth, VALIDATION)


def _pair(files: dict[str, Path], part: str) -> tuple[np.ndarray, np.ndarray]:
    names = (f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz")
    images, labels = (read_idx(files[name]) for name in names)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise InputError(
            f"{files[names[0]]} holds {images.shape} and its labels {labels.shape}; expected a "
            "label for each image: remove both and run again"
        )
    return images, labels


def read_idx(path: str | Path) -> np.ndarray:
    """The array in a gzipped IDX file of bytes: two zeros, type 8, rank, big-endian sizes, values.

    Raises `InputError` for a file that is damaged or of another kind.

    >>> import io
    >>> read_idx(io.BytesIO(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))))
    array([7, 9], dtype=uint8)
    """
    try:
        with gzip.open(path) as file:
            content = file.read()
        if content[:3] != b"\0\0\x08" or not 1 <= content[3] <= 4:
            raise ValueError
        start = 4 + 4 * content[3]
        shape = np.frombuffer(content[4:start], ">u4").astype(int)
        return np.frombuffer(content, "uint8", offset=start).reshape(shape)
    except (OSError, EOFError, ValueError, IndexError):
        raise InputError(
            f"{str(path)!r} is not a gzipped IDX file of bytes; remove it and run again"
        ) from None


def splits(x, y, test, truth, validation):
    """Train, validation (the last images) and test, as `fashion_mnist` returns them.

    x, test: bytes (N, H, W); y, truth: classes (N,). Copies are left out before the split.
    """
    seen = {image.tobytes() for image in test}
    new = [k for k, image in enumerate(x) if not (image.tobytes() in seen or _add(seen, image))]
    kept, held_out = new[:-validation], new[-validation:]
    parts = {"train": (x[kept], y[kept]), "validation": (x[held_out], y[held_out])}
    parts["test"] = (test, truth)
    return {
        name: ((images / 255).astype("float32"), [NAMES[k] for k in labels])
        for name, (images, labels) in parts.items()
    }


def _add(seen, image):
    seen.add(image.tobytes())
