"""Splits, whatever a task makes them of: their size, their first rows, all of a file as one.

A split is a list of items, a tuple of columns (inputs, truths), a text, or a series. A task whose
splits are something else has `size`, `first` and `joined` of its own.
"""

import numpy as np


def size(task, split) -> int:
    """How many items a split has: rows, characters of a text, values of a series.

    >>> import types
    >>> size(types.SimpleNamespace(), (["a text", "another"], ["ham", "spam"]))
    2
    """
    if hasattr(task, "size"):
        return task.size(split)
    return len(split[0]) if isinstance(split, tuple) else len(split)


def first(task, split, rows):
    """A small split: the first `rows` items, enough of a text or a series for as many.

    >>> import types
    >>> first(types.SimpleNamespace(), (["a", "b", "c"], [1, 2, 3]), 2)
    (['a', 'b'], [1, 2])
    """
    if hasattr(task, "first"):
        return task.first(split, rows)
    if isinstance(split, tuple):
        return tuple(part[:rows] for part in split)
    if isinstance(split, list):
        return split[:rows]
    return split[: 60 * rows] if isinstance(split, str) else split[: 4 * rows]


def joined(task, data, spec):
    """The three splits of a user's file as one.

    >>> import types
    >>> joined(types.SimpleNamespace(), {"train": "ab", "validation": "c", "test": "d"}, {})
    'abcd'
    """
    if hasattr(task, "joined"):
        return task.joined(data, spec)
    head, *later = (data[split] for split in ("train", "validation", "test"))
    if isinstance(head, tuple):
        return tuple(_together(parts) for parts in zip(head, *later, strict=True))
    if isinstance(head, np.ndarray):  # a series: each later part begins with the window before it
        return np.concatenate([head, *(part[spec["window"] :] for part in later)])
    return head + later[0] + later[1]


def _together(parts):
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return [item for part in parts for item in part]
