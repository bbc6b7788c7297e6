"""A folder for each class: which items are in it, and which of them train, validate and test."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from zoo.data.text import SPLITS
from zoo.errors import InputError

PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
LEFT_BY_SYSTEMS = ("thumbs.db", "desktop.ini", "__macosx")
Paths = dict[str, tuple[list[Path], list[str]]]


def read_class_folders(
    path: str | Path, kind: str, check: Callable[[Path], None], seed: int = 0
) -> Paths:
    """What lies in the folders of a folder: each is an item, its folder's name the label.

    path: holds a folder for each class; or `train`, `test` and maybe `validation`, and in each of
    them a folder for each class. Without these, and for a validation split that is not there, a
    tenth of each class is drawn by `seed` for validation, and a fifth for test. Hidden files are
    passed over. kind: what an item is, for the errors; check: raises `InputError` for what is none.
    Returns {"train", "validation", "test"} -> (paths, labels), each in an order drawn by `seed`.
    Raises `InputError` for a missing or empty folder, fewer than two classes, a class with fewer
    than three items (two where the test split is given), a class that training lacks, and another
    folder beside `train` and `test`.
    """
    folder = Path(path)
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        raise InputError(f"{str(path)!r} {found}, expected a folder with a folder for each class")
    given = [split for split in SPLITS if (folder / split).is_dir()]
    if {"train", "test"} <= set(given):
        if others := [f for f in visible(folder) if f.is_dir() and f.name not in SPLITS]:
            raise InputError(
                f"{str(others[0])!r} would be left out, expected {', '.join(SPLITS)} alone: rename "
                "it, or move it away"
            )
        parts = {split: _classes(folder / split, kind, check) for split in given}
        _check_known(folder, parts)
    else:
        parts = {"train": _classes(folder, kind, check)}
    rows = {split: [] for split in SPLITS}
    for split, classes in parts.items():
        for label, items in classes.items():
            wanted = [name for name in SPLITS if name not in parts] if split == "train" else []
            for name, some in _divided(folder, label, items, kind, wanted, split, seed).items():
                rows[name] += [(item, label) for item in some]
    return {split: _shuffled(found, seed) for split, found in rows.items()}


def natural(path: Path) -> list:
    """What to sort names by so that `frame10` comes after `frame9`.

    >>> sorted([Path("f10.png"), Path("f9.png")], key=natural)[0].name
    'f9.png'
    """
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, in natural order, without what systems leave there."""
    found = [item for item in folder.iterdir() if not item.name.startswith(".")]
    return sorted((i for i in found if i.name.lower() not in LEFT_BY_SYSTEMS), key=natural)


def is_picture(path: Path) -> bool:
    """Whether a file has the ending of a picture."""
    return path.is_file() and path.suffix.lower() in PICTURES


def _classes(folder, kind, check):
    """{label: items} of one folder of classes."""
    classes = {item.name: visible(item) for item in visible(folder) if item.is_dir()}
    if len(classes) < 2:
        names = f" ({next(iter(classes))!r})" if classes else ""
        raise InputError(
            f"{str(folder)!r} has {len(classes)} folder(s){names}, expected two or more: one for "
            f"each class, with its {kind}s in it"
        )
    for label, items in classes.items():
        if not items:
            raise InputError(f"{str(folder / label)!r} is empty, expected {kind}s: add some")
        for item in items:
            check(item)
    return classes


def _check_known(folder, parts):
    for split in parts:
        if lacking := sorted(set(parts[split]) - set(parts["train"])):
            raise InputError(
                f"{str(folder / split / lacking[0])!r} is a class that {str(folder / 'train')!r} "
                "has not, expected the same ones: add it there"
            )


def _divided(folder, label, items, kind, wanted, split, seed):
    """{split: some of the items} of one class."""
    least = 1 + len(wanted)
    if len(items) < least:
        raise InputError(
            f"{str(folder / label)!r} has {len(items)} {kind}(s), expected {least} or more: add "
            "some"
        )
    order = [items[k] for k in np.random.default_rng(seed).permutation(len(items))]
    parts = {}
    for name in wanted:
        count = max(1, len(items) // (5 if name == "test" else 10))
        parts[name], order = order[:count], order[count:]
    return parts | {split: order}


def _shuffled(rows, seed):
    order = np.random.default_rng((seed, 1)).permutation(len(rows))
    return [rows[k][0] for k in order], [rows[k][1] for k in order]
