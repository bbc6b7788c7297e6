"""Numeric series: the sine recipes, windows, padding, and one column of the user's CSV."""

import math
from pathlib import Path

import numpy as np

from zoo.data.table import csv_rows, finite
from zoo.errors import InputError


def sine(start: float = -50 * math.pi, stop: float = 50 * math.pi, step: float = 0.1) -> np.ndarray:
    """sin over [start, stop) in steps of `step`, float32 (T,).

    >>> sine().shape
    (3142,)
    """
    count = math.ceil((stop - start) / step - 1e-9)
    return np.sin(start + step * np.arange(count)).astype("float32")


def windows(series: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Every window of a series with the value that follows it.

    series: (T,) or (T, F). Returns inputs (N, window, F) and targets (N, F), N = T - window.
    Raises `InputError` when the series is shorter than window + 1.

    >>> inputs, targets = windows(np.arange(5.0), window=3)
    >>> inputs[:, :, 0].tolist(), targets[:, 0].tolist()
    ([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]], [3.0, 4.0])
    """
    values = np.asarray(series)
    values = values[:, None] if values.ndim == 1 else values  # (T, F)
    if window < 1:
        raise InputError(f"window={window}; expected at least 1")
    if len(values) < window + 1:
        raise InputError(
            f"the series has {len(values)} values; a window of {window} needs {window + 1} "
            "or more: give a longer series or a shorter window"
        )
    view = np.lib.stride_tricks.sliding_window_view(values[:-1], window, axis=0)  # (N, F, window)
    return np.ascontiguousarray(view.swapaxes(1, 2)), values[window:]


def pad(series: list[np.ndarray], length: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Series of different lengths as one array, with zeros behind each.

    series: B arrays (T, F); length: the padded T, by default that of the longest. Returns the
    values float32 (B, T, F) and the real steps of each row int32 (B,).
    Raises `InputError` for a series longer than `length`.

    >>> values, lengths = pad([np.ones((3, 2)), np.ones((1, 2))])
    >>> values[:, :, 0].tolist(), lengths.tolist()
    ([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]], [3, 1])
    """
    lengths = np.array([len(values) for values in series], "int32")
    length = int(lengths.max()) if length is None else length
    if lengths.max() > length:
        raise InputError(f"a series of {lengths.max()} steps does not fit into {length}: cut it")
    out = np.zeros((len(series), length, *series[0].shape[1:]), "float32")
    for row, values in zip(out, series, strict=True):
        row[: len(values)] = values
    return out, lengths


def sine_cosine_segments(segments: int = 100, steps: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Sine in, cosine out: segments of length pi that follow one another in time.

    Returns inputs and targets, float32 (segments, steps, 1). The steps lie evenly on
    [k pi, (k + 1) pi), so that segment k + 1 goes on where segment k ends.

    >>> inputs, targets = sine_cosine_segments()
    >>> inputs.shape, float(targets[0, 0, 0]), float(targets[1, 0, 0])
    ((100, 10, 1), 1.0, -1.0)
    """
    time = np.arange(segments * steps).reshape(segments, steps, 1) * (math.pi / steps)
    return np.sin(time).astype("float32"), np.cos(time).astype("float32")


def read_csv(path: str | Path, column: str | None = None) -> np.ndarray:
    """One column of numbers, float32 (T,), in the order of the file; a header is optional.

    column: its name in the header, or its position from 1; needed when there are several.
    Raises `InputError` with the line number and the value where a cell is not a finite number.
    """
    rows = csv_rows(path, "one number a line")
    header = [] if any(map(_is_number, rows[0][1])) else [cell.strip() for cell in rows[0][1]]
    index = _position(path, column, header, len(rows[0][1]))
    for number, row in rows:
        if len(row) != len(rows[0][1]):
            raise InputError(
                f"{str(path)!r} line {number} has {len(row)} cells, expected {len(rows[0][1])} as "
                "in the first line: correct it"
            )
    values = [_number(path, number, row, index) for number, row in rows[bool(header) :]]
    if not values:
        raise InputError(f"{str(path)!r} has a header only; expected numbers below it")
    return np.array(values, "float32")


def _position(path: str | Path, column: str | None, header: list[str], width: int) -> int:
    if column is None and width == 1:
        return 0
    if column in header:
        return header.index(column)
    if column is not None and str(column).isdigit() and 1 <= int(column) <= width:
        return int(column) - 1
    names = ", ".join(header) or f"1 to {width}"
    if column is None:
        raise InputError(f"{str(path)!r} has several columns ({names}), expected one: keep one")
    raise InputError(f"{str(path)!r} has no column {column!r}; name one of: {names}")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(path: str | Path, line: int, row: list[str], index: int) -> float:
    cell = row[index].strip()
    if (value := finite(cell)) is None:
        raise InputError(
            f"{str(path)!r} line {line}: {cell!r} is not a finite number; correct or remove it"
        )
    return value
