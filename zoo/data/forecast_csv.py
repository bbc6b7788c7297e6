"""The user's CSV of one or many series: target, time, exogenous and series columns."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from zoo.data import calendar
from zoo.data.forecast import Layout, Series
from zoo.data.table import csv_rows, finite
from zoo.errors import InputError

EMPTY = ("", "nan", "na", "null", "none")


def layout_from(
    target=None, time=None, exogenous=None, series=None, frequency=None, season=None
) -> Layout:
    """A `Layout` from options as they are typed: names, `a,b` for several, numbers as text.

    Raises `InputError` for a season or a frequency that cannot be one.

    >>> layout_from("y", exogenous="wind, rain", season="24").exogenous
    ('wind', 'rain')
    """
    names = exogenous.split(",") if isinstance(exogenous, str) else exogenous or ()
    if season is not None:
        if not str(season).isdigit() or int(season) < 2:
            raise InputError(
                f"season {season!r}, expected a whole number of rows of 2 or more: for example 24"
            )
        season = int(season)
    if frequency is not None:
        calendar.parse_frequency(frequency)
    names = tuple(name.strip() for name in names if name.strip())
    return Layout(target, time, names, series, frequency, season)


def read_series(path: str | Path, layout: Layout, future: bool = False) -> list[Series]:
    """The series of a CSV with a header, or of one column of numbers without.

    layout: its columns; the target may be left out where one column is left. frequency and season
    are found from the times where they are not given. future: whether the last rows of a series
    may have an empty target; they are what is known of the future.
    Returns the series in the order in which they begin, each with the completed layout.
    Raises `InputError` with the line where a column is missing, a cell is no finite number or no
    time, times do not rise, or a row is missing between two.
    """
    lines, header = _rows(path)
    layout = _completed(path, layout, header)
    places = {name: header.index(name) for name in _names(layout)}
    groups: dict[str, list[tuple[int, list[str]]]] = {}
    for line, row in lines:
        if len(row) != len(header):
            raise InputError(
                f"{str(path)!r} line {line} has {len(row)} cells, expected {len(header)} as in "
                "the header: correct it"
            )
        name = row[places[layout.series]].strip() if layout.series else layout.target
        groups.setdefault(name, []).append((line, row))
    if "" in groups:
        line = groups[""][0][0]
        raise InputError(f"{str(path)!r} line {line}: empty {layout.series}; name the series")
    times = {name: _times(path, rows, places, layout) for name, rows in groups.items()}
    layout = _with_frequency(layout, times)
    found = []
    for name, rows in groups.items():
        _check_steps(path, rows, times[name], layout)
        values = _targets(path, rows, places[layout.target], layout.target, future)
        outside = [
            [_number(path, line, row[places[x]], x) for x in layout.exogenous] for line, row in rows
        ]
        outside = np.array(outside, float).reshape(len(rows), len(layout.exogenous))
        found.append(Series(name, values, layout, outside, times[name]))
    return found


def _rows(path):
    """[(line, cells)] below the header, and the header."""
    rows = csv_rows(path, "a header and one row for each step")
    first = [cell.strip() for cell in rows[0][1]]
    if len(first) == 1 and finite(first[0]) is not None:
        return rows, ["value"]
    if any(finite(cell) is not None for cell in first) or len(set(first)) < len(first):
        raise InputError(
            f"{str(path)!r} begins with {','.join(first)!r}, expected a header with the names of "
            "its columns, each once: add one"
        )
    if len(rows) == 1:
        raise InputError(f"{str(path)!r} has a header only; expected rows below it")
    return rows[1:], first


def _names(layout):
    single = (layout.target, layout.time, layout.series)
    return [*(name for name in single if name is not None), *layout.exogenous]


def _completed(path, layout, header):
    """The layout with its target; `InputError` for columns that are missing or named twice."""
    if layout.target is None:
        left = [name for name in header if name not in _names(layout)]
        if len(left) != 1:
            raise InputError(
                f"{str(path)!r} has the columns {', '.join(header)}: name the one to forecast "
                "with --target, and its others with --time, --exogenous and --series"
            )
        layout = replace(layout, target=left[0])
    names = _names(layout)
    for name in names:
        if name not in header:
            raise InputError(
                f"{str(path)!r} has no column {name!r}; its columns are: {', '.join(header)}"
            )
        if names.count(name) > 1:
            raise InputError(f"column {name!r} is named twice, expected one use: choose one")
    return layout


def _number(path, line, cell, column):
    value = finite(cell)
    if value is None:
        raise InputError(
            f"{str(path)!r} line {line}: {column} is {cell.strip()!r}, expected a finite number: "
            "correct it or fill it in"
        )
    return value


def _targets(path, rows, place, column, future):
    """The known values (T,)."""
    known = len(rows)
    while future and known and rows[known - 1][1][place].strip().lower() in EMPTY:
        known -= 1
    return np.array([_number(path, line, row[place], column) for line, row in rows[:known]], float)


def _times(path, rows, places, layout):
    if layout.time is None:
        return None
    found = []
    for line, row in rows:
        try:
            found.append(calendar.parse_time(row[places[layout.time]]))
        except ValueError:
            raise InputError(
                f"{str(path)!r} line {line}: {layout.time} is {row[places[layout.time]]!r}, "
                "expected a time such as 2010-01-31 or 2010-01-31 14:00: correct it"
            ) from None
    return np.array(found, "M8[s]")


def _with_frequency(layout, times):
    frequency = layout.frequency
    if frequency is None and layout.time is not None:
        longest = max(times.values(), key=len)
        rising = longest[np.r_[True, np.diff(longest).astype(int) > 0]]
        frequency = calendar.infer_frequency(rising)
    season = layout.season
    if season is None and frequency is not None:
        season = calendar.usual_season(frequency)
    return replace(layout, frequency=frequency, season=season)


def _check_steps(path, rows, times, layout):
    if times is None:
        return
    steps = np.diff(times).astype(int)
    if (steps <= 0).any():
        at = int(np.argmax(steps <= 0)) + 1
        what = "comes twice" if steps[at - 1] == 0 else f"stands behind {times[at - 1]}"
        raise InputError(
            f"{str(path)!r} line {rows[at][0]}: {times[at]} {what}, expected each time once, in "
            "order: sort and merge the rows, or name the column of several series with --series"
        )
    at = calendar.first_gap(times, layout.frequency)
    if at is not None:
        raise InputError(
            f"{str(path)!r} line {rows[at][0]}: {times[at]} follows {times[at - 1]}, expected a "
            f"row every {layout.frequency}: fill the gap, or give another --frequency"
        )
