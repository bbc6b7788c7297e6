"""Series as what a forecasting model reads: scaled values, features beside them, windows; and back.

spec: as `zoo.tasks.forecast_intervals.specify` makes it.
"""

import numpy as np

from zoo.data import calendar
from zoo.errors import InputError


def scale(values):
    """[mean, standard deviation], the latter 1 where nothing changes."""
    mean, deviation = float(np.mean(values)), float(np.std(values))
    return [mean, deviation if deviation > 1e-9 * abs(mean) else 1.0]


def needed(spec):
    """How many values a forecast needs."""
    return spec["window"] + spec["difference"]


def transformed(values, spec):
    """Values, or their roots with "root"; with "difference" their change since then."""
    values = np.sqrt(np.maximum(values, 0)) if spec["root"] else values
    lag = spec["difference"]
    return values[lag:] - values[:-lag] if lag else values


def scaled(series, spec):
    """The values that the model reads and forecasts, from the first that has one on."""
    mean, deviation = scale_of(series, spec)
    return (transformed(series.values, spec) - mean) / deviation


def scale_of(series, spec):
    """[mean, deviation] of a series; `InputError` for one that was not in training."""
    if series.name not in spec["scales"]:
        known = ", ".join(list(spec["scales"])[:8])
        raise InputError(
            f"series {series.name!r} was not among those of training: {known}; its scale is not "
            "known: name one of them, or train with it"
        )
    return spec["scales"][series.name]


def outside(exogenous, times, spec):
    """Exogenous and calendar features (T, E) of rows."""
    scaled = [
        (x - mean) / deviation
        for x, (mean, deviation) in zip(exogenous.T, spec["exogenous"], strict=True)
    ]
    columns = [np.stack(scaled, -1)] if scaled else []
    if spec["calendar"]:
        columns.append(calendar.features(times, spec["calendar"]))
    return np.concatenate(columns, -1) if columns else np.zeros((len(exogenous), 0))


def check(inputs, spec, where=""):
    """Raise `InputError` for a series that is too short, or was not in training."""
    for series in inputs:
        scale_of(series, spec)
        if len(series) < needed(spec):
            raise InputError(
                f"{where}series {series.name!r} has {len(series)} values, expected {needed(spec)} "
                "or more, what a forecast starts from: give more of the past"
            )


def rows_and_targets(split, spec):
    """What training reads of a split: rows (N, 1 + E), the scaled value behind each (N,), and the
    positions of those rows that windows of targets of the split end at."""
    window, lag = spec["window"], spec["difference"] + 1
    rows, targets, ends = [], [], []
    for series in split:
        values = scaled(series, spec)
        times = None if series.times is None else series.times[: len(series)]
        beside = outside(series.exogenous[: len(series)], times, spec)
        first = max(window - 1, series.begin - lag)
        ends.append(np.arange(first, len(values) - 1) + sum(map(len, targets)))
        rows.append(np.c_[values[:-1], beside[lag:]])
        targets.append(values[1:])
    rows, targets = (np.concatenate(x).astype("float32") for x in (rows, targets))
    return rows, targets, np.concatenate(ends)


def last_window(series, spec, steps):
    """The window in front of the first step (W, 1 + E), and the features of all steps."""
    window = spec["window"]
    back = window - 1
    times = series.times_around(back, steps)
    beside = outside(series.exogenous_around(back, steps), times, spec).astype("float32")
    values = scaled(series, spec)[-window:].astype("float32")
    return np.c_[values, beside[:window]], beside[back:]


def restored(values, series, spec):
    """Scaled values (..., steps) in the unit of the series, each change added to what it was of."""
    mean, deviation = scale_of(series, spec)
    values, lag = np.asarray(values, float) * deviation + mean, spec["difference"]
    past = transformed(series.values, spec | {"difference": 0})
    for h in range(values.shape[-1] if lag else 0):
        values[..., h] += past[len(past) - lag + h] if h < lag else values[..., h - lag]
    return np.square(np.maximum(values, 0)) if spec["root"] else values
