"""Clips of the user's own: a folder with a picture for each frame, or an animated GIF."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence, UnidentifiedImageError

from zoo.data.class_folders import is_picture, read_class_folders, visible
from zoo.errors import InputError

Labelled = dict[str, tuple[list[np.ndarray], list[str]]]
LONGEST = 2000  # frames: as many as fit into memory many times over


def read_labelled_clips(path: str | Path, size: int, seed: int = 0) -> Labelled:
    """The user's clips: a folder for each class, in it a folder or a GIF for each clip.

    For splits, seeds and errors see `zoo.data.class_folders.read_class_folders`; for a clip
    `read_clip`. Returns {"train", "validation", "test"} -> (clips uint8 (T, size, size, 3),
    labels).
    """
    splits = read_class_folders(path, "clip", check_clip, seed)
    return {
        split: ([read_clip(clip, size) for clip in paths], labels)
        for split, (paths, labels) in splits.items()
    }


def check_clip(path: Path) -> None:
    """`InputError` unless `path` is a folder with pictures in it, or a GIF."""
    if path.is_dir():
        _frame_paths(path)
    elif path.suffix.lower() != ".gif":
        raise InputError(
            f"{str(path)!r} is no clip, expected a folder with its frames, or a GIF: move it away"
        )


def read_clip(path: str | Path, size: int) -> np.ndarray:
    """One clip as uint8 (T, size, size, 3).

    path: a folder with a picture for each frame, in the order of their names (`frame10` after
    `frame9`), or an animated GIF. Every frame is scaled to fit into the square, its proportions
    kept; beside it, and where it is transparent, is white.
    Raises `InputError` for a path that is neither, a folder without frames or with other files
    among them, a picture that cannot be read, frames of different sizes, and too many frames.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"no clip {str(path)!r}; give a folder with its frames, or a GIF")
    check_clip(path)
    frames = _from_folder(path, size) if path.is_dir() else _from_gif(path, size)
    return np.stack(frames)


def _frame_paths(folder):
    paths = visible(folder)
    if not paths:
        raise InputError(
            f"{str(folder)!r} is empty, expected a picture for each frame: add them, or remove it"
        )
    if others := [path for path in paths if not is_picture(path)]:
        raise InputError(
            f"{str(others[0])!r} is no picture, expected frames only (.png, .jpg, ...) in the "
            "folder of a clip: move it away"
        )
    _check_count(folder, len(paths))
    return paths


def _from_folder(folder, size):
    frames, first = [], None
    for path in _frame_paths(folder):
        with _opened(path) as picture:
            frames.append(_fitted(path, picture, size))
            first = first or picture.size
            if picture.size != first:
                raise InputError(
                    f"{str(path)!r} is {_pixels(picture.size)}, expected {_pixels(first)} as the "
                    "first frame of its clip: crop or pad it"
                )
    return frames


def _from_gif(path, size):
    with _opened(path) as picture:
        _check_count(path, getattr(picture, "n_frames", 1))
        return [_fitted(path, frame, size) for frame in ImageSequence.Iterator(picture)]


def _check_count(path, count):
    if count > LONGEST:
        raise InputError(f"{str(path)!r} has {count} frames, expected {LONGEST} at most: cut it")


def _opened(path):
    try:
        return Image.open(path)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path, error):
    return InputError(
        f"{str(path)!r} is not a readable picture ({error}); give PNG, JPEG or GIF files"
    )


def _fitted(path, picture, size):
    """A picture (size, size, 3) uint8 on white, its proportions kept, in the middle."""
    try:
        picture = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # cut short or damaged inside
        raise _unreadable(path, error) from None
    scale = size / max(picture.size)
    new = tuple(max(1, round(n * scale)) for n in picture.size)
    if new != picture.size:
        picture = picture.resize(
            new, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
        )
    page = Image.new("RGBA", (size, size), "white")
    page.alpha_composite(picture, tuple((size - n) // 2 for n in new))
    return np.asarray(page.convert("RGB"))


def _pixels(size):
    return f"{size[0]} x {size[1]} pixels"
