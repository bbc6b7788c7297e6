"""Pictures with captions of the user's own: a CSV of path and text."""

from pathlib import Path

import numpy as np

from zoo.data.images import read_image
from zoo.data.table import filled, named_rows
from zoo.data.text import SPLITS
from zoo.errors import InputError

Captions = dict[str, list[tuple[np.ndarray, list[str]]]]
HEADER = "give it a header with path and text"


def read_captions(path: str | Path, size: int = 32, seed: int = 0) -> Captions:
    """The user's captions: a CSV with the columns `path` and `text`, and the pictures it names.

    size: S of the pictures, which are scaled. Paths are relative to the CSV. A picture may stand
    in several rows, with another caption in each; equal pictures are one, so that none is in two
    splits. A column "split" (train, validation, test) decides the split; without it the pictures
    are divided 80 / 10 / 10 by `seed`.

    Returns {"train", "validation", "test"} -> [(picture uint8 (S, S, 3), captions)]; captions are
    in lower case.
    Raises `InputError`, with the line, for a missing column, an empty cell, an unknown split, one
    picture in two splits, and a picture that is missing or not readable; also for fewer than three
    different pictures, and for a split column that leaves train or test empty.
    """
    items: dict[bytes, tuple[np.ndarray, list[str], str]] = {}
    for where, row in _rows(path):
        picture = _picture(where, Path(path).parent / row["path"], size)
        _, texts, split = items.setdefault(picture.tobytes(), (picture, [], row["split"]))
        if split != row["split"]:
            raise InputError(
                f"{where}: {row['path']!r} is in the splits {split!r} and {row['split']!r}, "
                "expected one: correct it"
            )
        if row["text"] not in texts:
            texts.append(row["text"])
    if len(items) < 3:
        raise InputError(f"{str(path)!r} has {len(items)} different picture(s), expected 3 or more")
    return _divided(path, list(items.values()), seed)


def _divided(path, items, seed) -> Captions:
    names = [split for _, _, split in items]
    if not any(names):
        held = max(1, len(items) // 10)
        names = ["validation"] * held + ["test"] * held + ["train"] * (len(items) - 2 * held)
        names = np.random.default_rng(seed).permutation(names).tolist()
    if empty := {"train", "test"} - set(names):
        raise InputError(f"{str(path)!r} has no row whose split is {min(empty)!r}: add some")
    rows = zip(items, names, strict=True)
    found: Captions = {split: [] for split in SPLITS}
    for (picture, texts, _), name in rows:
        found[name].append((picture, texts))
    return found


def _rows(path):
    """(where, {"path", "text", "split"}) of each row; the split is "" in a CSV without one."""
    for where, row in named_rows(path, dict.fromkeys(("path", "text"), HEADER)):
        row = filled(where, row)
        text = " ".join(row["text"].lower().split())
        yield where, {"path": row["path"], "text": text, "split": row.get("split", "")}


def _picture(where, path, size):
    try:
        return np.round(read_image(path, size) * 255).astype("uint8")
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
