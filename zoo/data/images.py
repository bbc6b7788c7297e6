"""Pictures: handwritten digits, colour emoji with names, and the user's own files."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from zoo.data.sources import verify
from zoo.errors import InputError

MODES = {1: "L", 3: "RGB"}


@cache
def digits() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Handwritten digits (scikit-learn `load_digits`, from the UCI repository).

    Returns {"train", "validation", "test"} -> (images float32 (N, 8, 8) in 0..1 with bright
    strokes on black, labels int32 (N,)). Test is the last 360, validation the 180 before them.

    >>> digits()["test"][0].shape
    (360, 8, 8)
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    images = (data.images / 16).astype("float32")
    labels = data.target.astype("int32")
    parts = {"train": slice(0, 1257), "validation": slice(1257, 1437), "test": slice(1437, None)}
    return {name: (images[part], labels[part]) for name, part in parts.items()}


@cache
def emoji() -> dict[str, tuple[np.ndarray, list[str]]]:
    """Colour emoji and their English names in lower-case words.

    Returns split -> (images uint8 (N, 32, 32, 3) on white, N names). Splits: "train";
    "validation" and "test" hold combinations of skin tone, gender and hair left out of training,
    of concepts that training shows in other combinations; "unseen" holds concepts that training
    never shows. Report the last two apart.

    >>> emoji()["test"][1][0]
    'artist light skin tone'
    """
    with np.load(verify("emoji"), allow_pickle=False) as data:
        images, names, split = data["images"], data["names"], data["split"]
    return {
        part: (images[split == part], names[split == part].tolist())
        for part in ("train", "validation", "test", "unseen")
    }


def read_image(path: str | Path, size: int, channels: int = 3, strict: bool = False) -> np.ndarray:
    """One picture file as float32 (S, S, C) in 0..1; S is `size`, C (1 or 3) is `channels`.

    What is transparent becomes white, another size is scaled (with `strict`, refused).
    Raises `InputError` for a missing file, a file that is no picture, and a size refused.
    """
    if channels not in MODES:
        raise InputError(f"channels={channels}; expected 1 (grey) or 3 (colour)")
    try:
        with Image.open(path) as file:
            picture = file.convert("RGBA")
    except FileNotFoundError:
        raise InputError(f"no file {str(path)!r}; give the path of a picture") from None
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{str(path)!r} is not a readable picture ({error}); give a PNG or JPEG file"
        ) from None
    if strict and picture.size != (size, size):
        width, height = picture.size
        raise InputError(
            f"{str(path)!r} is {width} x {height} pixels; expected {size} x {size}: scale it first"
        )
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture)
    page = page.convert(MODES[channels])
    if page.size != (size, size):
        page = page.resize((size, size), Image.Resampling.LANCZOS)
    return (np.asarray(page, "float32") / 255).reshape(size, size, channels)


def jittered(pictures: np.ndarray, random, shift: float = 0.0, zoom: float = 0.0) -> np.ndarray:
    """Pictures (N, H, W, C) in 0..1, each moved and scaled at random, on white; float32.

    random: a NumPy generator; shift: by how many pixels at most, either way; zoom: the largest
    change of scale, 0.1 for a tenth larger or smaller. Between pixels, values are interpolated.

    >>> white = np.ones((1, 4, 4, 3), "float32")
    >>> bool((jittered(white, np.random.default_rng(0), shift=2, zoom=0.1) == 1).all())
    True
    """
    count, height, width, _ = pictures.shape
    scale = 1 + random.uniform(-zoom, zoom, (count, 1))
    moves = random.uniform(-shift, shift, (2, count, 1))
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=1.0)
    (top, down), (left, right) = (
        _between(size, scale, move) for size, move in zip((height, width), moves, strict=True)
    )
    rows = _mixed(padded, top, down, axis=1)
    return _mixed(rows, left, right, axis=2).astype("float32")


def _between(size, scale, move):
    """Where each of `size` new pixels is read along one padded side: the pixel before it (N, size),
    and its distance from that."""
    middle = (size - 1) / 2
    place = (np.arange(size) - middle) * scale + middle + move + 1
    place = np.clip(place, 0, size + 1 - 1e-3)
    before = place.astype("int32")
    return before, (place - before).astype("float32")


def _mixed(pictures, before, distance, axis):
    """Pictures read at `before` plus `distance` along one axis, the nearest two pixels mixed."""
    shape = [len(before), 1, 1, 1]
    shape[axis] = before.shape[1]
    before, distance = before.reshape(shape), distance.reshape(shape)
    first = np.take_along_axis(pictures, before, axis)
    second = np.take_along_axis(pictures, before + 1, axis)
    return first + distance * (second - first)
