"""Pictures of the user's own: a folder for each class."""

from pathlib import Path

import numpy as np

from zoo.data.class_folders import is_picture, read_class_folders
from zoo.data.images import read_image
from zoo.errors import InputError

Labelled = dict[str, tuple[np.ndarray, np.ndarray]]


def read_labelled_images(path: str | Path, size: int, channels: int = 3, seed: int = 0) -> Labelled:
    """The user's pictures: a folder for each class, its name the label.

    Each picture is scaled to `size` by `size`; channels: 1 (grey, as `light_on_dark` has it) or 3.
    Returns {"train", "validation", "test"} -> (images float32 (N, size, size[, 3]) in 0..1, labels
    (N,) text). For splits, seeds and errors see `zoo.data.class_folders.read_class_folders`; a
    picture that cannot be read is an `InputError` too.
    """
    splits = read_class_folders(path, "picture", check_picture, seed)
    return {
        split: (_pictures(paths, size, channels), np.array(labels, str))
        for split, (paths, labels) in splits.items()
    }


def check_picture(path: Path) -> None:
    """`InputError` unless `path` has the ending of a picture."""
    if not is_picture(path):
        raise InputError(
            f"{str(path)!r} is no picture, expected .png, .jpg, ... only in the folder of a "
            "class: move it away"
        )


def _pictures(paths, size, channels):
    found = np.stack([read_image(path, size, channels) for path in paths])
    return light_on_dark(found)[..., 0] if channels == 1 else found


def light_on_dark(pictures: np.ndarray) -> np.ndarray:
    """Grey pictures (N, S, S, 1) in 0..1, those with a light border turned round: ink on paper
    becomes light on dark, as in data of digits.

    >>> light_on_dark(np.ones((1, 3, 3, 1), "float32")).max()
    np.float32(0.0)
    """
    border = np.ones(pictures.shape[1:3], bool)
    border[1:-1, 1:-1] = False
    light = pictures[:, border, 0].mean(1) > 0.5
    return np.where(light[:, None, None, None], 1 - pictures, pictures)
