"""Series to forecast: values, times and exogenous columns, cut in time; the shipped sets."""

from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count

import numpy as np

from zoo.data import calendar
from zoo.data.sources import verify
from zoo.errors import InputError


@dataclass(frozen=True)
class Layout:
    """Which column of a CSV is what.

    target, time, series: names of columns; exogenous: names of those that are known beforehand;
    frequency: how far rows lie apart, as `calendar.parse_frequency` reads it; season: the number of
    rows after which a series is most alike, for the seasonal naive forecast.
    """

    target: str | None = None
    time: str | None = None
    exogenous: tuple[str, ...] = ()
    series: str | None = None
    frequency: str | None = None
    season: int | None = None


@dataclass(frozen=True, eq=False)
class Series:
    """One series up to now, with what is known beside it.

    values: (T,), the past; exogenous: (T or more, E) and times: (T or more,) datetime64 or None,
    which may reach into the future. begin: the first value that its split forecasts, those before
    it are history. later: what came behind a cut-off, for scores and pictures only.
    """

    name: str
    values: np.ndarray
    layout: Layout
    exogenous: np.ndarray
    times: np.ndarray | None = None
    begin: int = 0
    later: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __len__(self):
        return len(self.values)

    def at(self, cutoff: int) -> "Series":
        """The series as it was known after `cutoff` values; exogenous columns and times stay."""
        return replace(self, values=self.values[:cutoff], later=self.values[cutoff:])

    def part(self, begin: int, end: int) -> "Series":
        """The split [begin, end) with all of its past, and nothing behind it."""
        times = None if self.times is None else self.times[:end]
        values, exogenous = self.values[:end], self.exogenous[:end]
        return replace(self, values=values, exogenous=exogenous, times=times, begin=begin)

    def times_around(self, back: int, steps: int) -> np.ndarray | None:
        """The times of the last `back` values and of the `steps` rows behind them."""
        if self.times is None:
            return None
        known = self.times[: len(self)]
        ahead = calendar.later(known[-1], self.layout.frequency, steps)
        return np.r_[known[len(known) - back :], ahead]

    def exogenous_around(self, back: int, steps: int) -> np.ndarray:
        """The exogenous values beside the last `back` values and the `steps` rows behind them.

        Returns (back + steps, E). Raises `InputError` where the future ones are not all given.
        """
        columns = self.layout.exogenous
        if columns and len(self.exogenous) < len(self) + steps:
            raise InputError(
                f"series {self.name!r} has {len(self.exogenous) - len(self)} future rows of "
                f"{', '.join(columns)}, expected {steps}, one for each step: add rows with an "
                "empty target, or ask for fewer --steps"
            )
        if not columns:
            return np.zeros((back + steps, 0))
        return self.exogenous[len(self) - back : len(self) + steps]


Splits = dict[str, list[Series]]


def from_array(values, layout: Layout | None = None) -> Series:
    """A series without times or exogenous columns. Raises `InputError` for other than (T,)
    finite numbers.

    >>> len(from_array([1.0, 2.0]))
    2
    """
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise InputError(
            f"a series of shape {array.shape} and type {array.dtype}, expected finite numbers (T,):"
            " give one value for each step"
        )
    layout = layout or Layout()
    return Series(layout.target or "value", array.astype(float), layout, np.zeros((len(array), 0)))


def cut(series: Series, first: int, second: int, end: int | None = None) -> dict[str, Series]:
    """Training [0, first), validation [first, second), test [second, end): in the order of time."""
    ends = (0, first, second, len(series) if end is None else end)
    parts = zip(("train", "validation", "test"), ends, ends[1:], strict=False)
    return {split: series.part(begin, end) for split, begin, end in parts}


def own_splits(found: list[Series], window: int, horizon: int) -> Splits:
    """Of every series its first 70% for training, then 10% validation and 20% test.

    The last two hold `horizon` values or more. window: how many values a forecast needs; the
    training part holds `horizon` more. Raises `InputError` for a series that is too short.
    """
    splits: Splits = {"train": [], "validation": [], "test": []}
    for series in found:
        first, second = _cuts(len(series), horizon)
        if first < window + horizon:
            enough = _enough(len(series), window + horizon, horizon)
            raise InputError(
                f"series {series.name!r} has {len(series)} values, expected {enough} or more: "
                f"a forecast of {horizon} steps from {window} values is trained, validated and "
                "tested on parts of their own"
            )
        for split, part in cut(series, first, second).items():
            splits[split].append(part)
    return splits


def _enough(length, first, horizon):
    """The shortest series, `length` or more, whose validation begins at `first` or later."""
    nearly = max(length, first + 2 * horizon, (first - 2) * 10 // 7)  # the rest is rounding
    return next(n for n in count(nearly) if _cuts(n, horizon)[0] >= first)


def _cuts(length, horizon):
    """Where validation and test begin."""
    test = max(horizon, length * 2 // 10)
    return length - test - max(horizon, length // 10), length - test


def _shipped(name: str, layout: Layout) -> Series:
    from zoo.data.forecast_csv import read_series

    return read_series(verify(name), layout)[0]


@cache
def sunspots() -> dict[str, Series]:
    """Yearly sunspot numbers: training 1700-1899, validation 1900-1920, test 1921-1955.

    The test years are those of Weigend, Huberman & Rumelhart 1990, "Predicting the future".

    >>> {split: len(part) - part.begin for split, part in sunspots().items()}
    {'train': 200, 'validation': 21, 'test': 35}
    """
    layout = Layout("sunspots", "year", frequency="Y", season=11)
    return cut(_shipped("sunspots", layout), 200, 221, 256)


@cache
def laser() -> dict[str, Series]:
    """Santa Fe laser, intensities 0 to 255: training the first 5,000, validation the next 2,000,
    test the 3,093 from position 7,000 on.

    >>> len(laser()["test"]), laser()["test"].begin
    (10093, 7000)
    """
    return cut(_shipped("laser", Layout("intensity", season=8)), 5000, 7000)


@cache
def sf_temperature() -> dict[str, Series]:
    """Hourly temperatures of San Francisco, 2010, in degrees Fahrenheit: the last eight weeks
    (from 6 November) are the test, the six before them the validation, the rest for training.

    >>> str(sf_temperature()["test"].times[sf_temperature()["test"].begin])
    '2010-11-06T00:00:00'
    """
    layout = Layout("temperature", "time", frequency="h", season=24)
    series = _shipped("sf_temperature", layout)
    test = len(series) - 8 * 7 * 24
    return cut(series, test - 6 * 7 * 24, test)
