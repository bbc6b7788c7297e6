"""Time stamps of series: read, checked for even steps, carried on, and made into features."""

import re
from collections import Counter
from datetime import UTC, datetime

import numpy as np

from zoo.errors import InputError

SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
MONTHS = {"m": 1, "q": 3, "y": 12}
CYCLES = {"day": 86_400, "week": 604_800, "year": 31_556_952}  # seconds
SEASON = {"h": 24, "d": 7, "w": 52, "m": 12, "q": 4}  # rows after which a series is most alike


def parse_time(cell: str) -> np.datetime64:
    """A time stamp: ISO 8601 (also `2010-01` and `1700`), slashes for hyphens; zones become UTC.

    Raises ValueError for other texts.

    >>> parse_time("2010/01/01 06:30"), parse_time("1700")
    (np.datetime64('2010-01-01T06:30:00'), np.datetime64('1700-01-01T00:00:00'))
    """
    text = cell.strip().replace("/", "-")
    if re.fullmatch(r"\d{4}(-\d\d)?", text):
        return np.datetime64(text, "s")
    time = datetime.fromisoformat(text)
    if time.tzinfo is not None:
        time = time.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(time, "s")


def parse_frequency(text: str) -> tuple[int, str]:
    """How far rows lie apart: a number and a unit, one of s, min, h, D, W, M (month), Q, Y.

    Raises `InputError` for other texts.

    >>> parse_frequency("15min"), parse_frequency("D")
    ((15, 'min'), (1, 'd'))
    """
    found = re.fullmatch(r"(\d*)(s|min|h|d|w|m|q|y)", text.strip().lower())
    if not found or found[1] == "0" * len(found[1]) != "":
        raise InputError(
            f"frequency {text!r} is not known, expected a number and one of s, min, h, D, W, "
            "M (months), Q, Y: for example h or 15min"
        )
    return int(found[1] or 1), found[2]


def usual_season(frequency: str) -> int | None:
    """The number of rows in the usual cycle of a frequency: a day, a week or a year.

    >>> usual_season("h"), usual_season("15min"), usual_season("M"), usual_season("Y")
    (24, 96, 12, None)
    """
    count, unit = parse_frequency(frequency)
    if unit in ("s", "min"):
        rows = CYCLES["day"] / (count * SECONDS[unit])
    else:
        rows = SEASON.get(unit, 0) / count
    return int(rows) if rows > 1 and rows == int(rows) else None


def infer_frequency(times: np.ndarray) -> str:
    """The commonest step of rising time stamps, as a frequency.

    >>> infer_frequency(np.array(["2010-01", "2010-02", "2010-03"], "M8[s]"))
    'M'
    """
    steps = np.diff(times).astype(int)
    if len(steps) == 0:
        raise InputError("one time stamp has no frequency, expected more rows: give --frequency")
    if steps.min() >= 28 * SECONDS["d"] and len(set(times.astype("M8[M]"))) == len(times):
        count = Counter(np.diff(times.astype("M8[M]")).astype(int).tolist()).most_common(1)[0][0]
        unit, size = next((u, n) for u, n in (("Y", 12), ("M", 1)) if count % n == 0)
    else:
        count = Counter(steps.tolist()).most_common(1)[0][0]
        unit, size = next((u, n) for u, n in reversed(SECONDS.items()) if count % n == 0)
    return f"{count // size if count > size else ''}{unit.upper() if unit in 'dw' else unit}"


def later(time: np.datetime64, frequency: str, steps: int) -> np.ndarray:
    """The `steps` time stamps that follow `time`: (steps,).

    >>> later(parse_time("2010-11-30"), "M", 3).astype("M8[D]").astype(str).tolist()
    ['2010-12-30', '2011-01-30', '2011-02-28']
    """
    count, unit = parse_frequency(frequency)
    ahead = count * np.arange(1, steps + 1)
    if unit in SECONDS:
        return time + ahead * np.timedelta64(SECONDS[unit], "s")
    month = time.astype("M8[M]")
    into = time - month.astype("M8[s]")
    starts = month + ahead * MONTHS[unit]
    last = (starts + 1).astype("M8[s]") - np.timedelta64(1, "D")  # a month's last day
    return np.minimum(starts.astype("M8[s]") + into, last)


def first_gap(times: np.ndarray, frequency: str) -> int | None:
    """The position of the first time stamp that is not one step behind the one before it."""
    count, unit = parse_frequency(frequency)
    if unit in SECONDS:
        wrong = np.diff(times).astype(int) != count * SECONDS[unit]
    else:  # within a month any day does: its last one is not the same everywhere
        wrong = np.diff(times.astype("M8[M]")).astype(int) != count * MONTHS[unit]
    return int(np.flatnonzero(wrong)[0]) + 1 if wrong.any() else None


def cycles(frequency: str) -> list[str]:
    """The cycles that rows of this frequency move through: day, week, year.

    >>> cycles("h"), cycles("M"), cycles("Y")
    (['day', 'week', 'year'], ['year'], [])
    """
    count, unit = parse_frequency(frequency)
    seconds = count * (SECONDS[unit] if unit in SECONDS else MONTHS[unit] * 30 * SECONDS["d"])
    if unit == "y":
        return []
    return [name for name, length in CYCLES.items() if seconds < length]


def features(times: np.ndarray, names) -> np.ndarray:
    """Sine and cosine of the hour of the day, the day of the week and the day of the year.

    times: (T,) datetime64; names: of `CYCLES`. Returns (T, 2 len(names)).

    >>> features(np.array(["2010-01-01T06"], "M8[s]"), ["day"]).round(6).tolist()
    [[1.0, 0.0]]
    """
    day = times.astype("M8[D]")
    phases = {
        "day": (times - day).astype(int) / CYCLES["day"],
        "week": (day.astype(int) + 3) % 7 / 7,  # day 0, 1970-01-01, was a Thursday
        "year": (day - times.astype("M8[Y]").astype("M8[D]")).astype(int) / 365.2425,
    }
    turns = [2 * np.pi * phases[name] for name in names]
    columns = [function(turn) for turn in turns for function in (np.sin, np.cos)]
    return np.stack(columns, -1) if columns else np.zeros((len(times), 0))
