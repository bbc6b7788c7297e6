"""A series and what is known beside it in; the distribution of what follows out.

The model reads a window of W rows and outputs the distribution of the value at the last row's own
time: row t holds the value of the step before and the exogenous and calendar features of t, as in
Salinas et al. 2020, "DeepAR". Further steps are sampled: every path is fed its own values.

Values are scaled series by series with the mean and deviation of their training part; with
`fit.difference` they are first replaced by the change since one season before, with `fit.root` by
their square roots where none is negative.
"""

from dataclasses import asdict

import numpy as np

from zoo.data import calendar, forecast_csv
from zoo.data.batches import shuffled
from zoo.data.forecast import Layout, Series, from_array
from zoo.engine.checks import check_whole
from zoo.errors import InputError
from zoo.heads import HEADS, check_share, head_from
from zoo.tasks import backtest
from zoo.tasks.batching import Batches, fill
from zoo.tasks.forecast_paths import forecast
from zoo.tasks.forecast_windows import (
    check,
    needed,
    rows_and_targets,
    scale,
    transformed,
)

stepwise = True  # an export of it is its step
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)  # of the quantiles in an answer


def specify(data, fit):
    """Scales, columns and how to read them: everything from raw series to the model's input."""
    train = data["train"]
    layout = train[0].layout
    difference = layout.season if fit.difference and layout.season else 0
    spec = {
        "window": fit.window,
        "horizon": fit.horizon,
        "steps": fit.steps,
        "head": HEADS[fit.head]().config(),
        "layout": asdict(layout),
        "difference": difference,
        "root": fit.root and all(s.values.min() >= 0 for s in train),
        "calendar": [c for c in fit.calendar if c in _cycles(layout)],
    }
    outside = np.concatenate([s.exogenous[: len(s)] for s in train])
    spec["exogenous"] = [list(map(float, pair)) for pair in map(scale, outside.T)]
    spec["scales"] = {s.name: scale(transformed(s.values, spec)) for s in train}
    return spec


def _cycles(layout):
    return calendar.cycles(layout.frequency) if layout.time is not None else []


def sizes(spec):
    features = 1 + len(spec["exogenous"]) + 2 * len(spec["calendar"])
    return {"features": features, "outputs": head_from(spec["head"]).size(1)}


def loss(model):
    """The loss of the head, which is known by its size: a model forecasts one value."""
    from zoo.layers import HeadLoss

    size = model.output_shape[-1]
    return HeadLoss(next(head() for head in HEADS.values() if head().size(1) == size))


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """Windows (B, W, 1 + E) that end at every value of the split, and that value, scaled (B, 1).

    With `fit.noise`, shuffled batches (those of training) get noise, new in each epoch.
    """
    rows, targets, ends = rows_and_targets(split, spec)
    if fit.noise and shuffle:
        random = np.random.default_rng((seed, epoch, 1))
        rows[:, 0] += fit.noise * random.standard_normal(len(rows), "float32")
    around = np.arange(1 - spec["window"], 1)

    def collate(indices):
        indices, weights = fill(indices, fit.batch_size)
        at = ends[indices]
        return rows[at[:, None] + around], targets[at][:, None], weights

    return Batches(list(shuffled(len(ends), fit.batch_size, seed, epoch, shuffle)), collate)


def contents(raw, spec):
    """[(name, series)] of all series in CSV files with the columns that the model was trained on.

    Rows at the end without a target are the known future.
    """
    layout = Layout(**spec["layout"] | {"exogenous": tuple(spec["layout"]["exogenous"])})
    found = []
    for path in raw:
        several = forecast_csv.read_series(path, layout, future=True)
        names = [path] if layout.series is None else [f"{s.name} of {path}" for s in several]
        check(several, spec, f"{str(path)!r}: ")
        found += zip(names, several, strict=True)
    return found


def read(raw, spec):
    return [series for _, series in contents(raw, spec)]


def own_input(split, spec):
    """The first series of a split, as it was known where the split begins."""
    return split[0].at(max(split[0].begin, needed(spec)))


def _series(value, spec):
    """A `Series` as it is, or made of an array where the model reads nothing beside the values."""
    if isinstance(value, Series):
        return value
    layout = Layout(**spec["layout"])
    if spec["calendar"] or spec["exogenous"]:
        beside = ", ".join(n for n in (layout.time, *layout.exogenous) if n)
        raise InputError(
            f"an array has values only, expected {beside} beside them: give a CSV with these "
            "columns, or a zoo.data.forecast.Series"
        )
    return from_array(value, layout)


def answer(model, inputs, spec, steps=None, level=0.9, paths=200, seed=0):
    """The `steps` values that follow each series, with an interval.

    inputs: `Series`, or arrays (T,) where the model reads values only; steps: by default those of
    the recipe; level: the share of the interval; paths, seed: of the samples behind all but the
    first step. A series' answer does not depend on the other series.
    Returns one {"output": medians, "low", "high", "level", "quantiles": {level: values}} for each,
    with the "times" where they are known. Raises `InputError` for a series that is too short, was
    not in training, or lacks future exogenous values.
    """
    steps = spec["steps"] if steps is None else steps
    for name, value in (("steps", steps), ("paths", paths)):
        check_whole(name, value)
    check_whole("seed", seed, least=0)
    check_share("level", level)
    inputs = [_series(value, spec) for value in inputs]
    check(inputs, spec)
    levels = (*LEVELS, *(round(0.5 + half, 9) for half in (-level / 2, level / 2)))
    _, quantiles = forecast(model, inputs, spec, steps, levels, paths, seed)
    return [_answer(*row, level, steps) for row in zip(inputs, quantiles, strict=True)]


def _answer(series, quantiles, level, steps):
    *kept_, low, high = ([float(v) for v in column] for column in quantiles.T)
    by_level = dict(zip(map(str, LEVELS), kept_, strict=True))
    found = {"output": by_level["0.5"], "low": low, "high": high, "level": level}
    times = series.times_around(0, steps)
    shown = {} if times is None else {"times": np.datetime_as_string(times).tolist()}
    return found | {"quantiles": by_level} | shown


def evaluate(model, split, spec, paths=200, seed=0):
    """Scores of a rolling backtest over a split, with those of the naive forecasts beside them."""

    def forecaster(cuts, steps, levels):
        return forecast(model, cuts, spec, steps, levels, paths, seed)

    check(split, spec)
    cuts = backtest.cuts(split, spec["horizon"], least=needed(spec))
    return backtest.compared(forecaster, cuts, spec["horizon"])


def joined(data, spec):
    """All of the user's file: every series from its first forecast on."""
    return [series.part(0, len(series)) for series in data["test"]]


def size(split):
    """How many values a split forecasts."""
    return sum(len(series) - series.begin for series in split)


def first(split, rows):
    """The first series of a split, with `4 * rows` values to forecast, and its history."""
    series = split[0]
    return [series.part(series.begin, min(len(series), max(series.begin, 256) + 4 * rows))]


def picture(rows, inputs, spec, title):
    """A fan chart of answers, with three times as many values of the past, and the truth if known.

    Returns a matplotlib Figure.
    """
    shown = []
    for row, series in zip(rows, inputs, strict=True):
        steps = len(row["output"])
        series = _series(series, spec)
        back = min(len(series), 3 * steps)
        shown.append(
            {
                "name": series.name,
                "history": series.values[-back:],
                "quantiles": row["quantiles"],
                "truth": series.later[:steps],
                "times": series.times_around(back, steps),
            }
        )
    from zoo import plots

    return plots.fan(shown, title)


def examples(model, split, spec):
    """The first step at the first cut-offs of a split, right where the interval holds the truth."""
    found = []
    for series in backtest.cuts(split, spec["horizon"], least=needed(spec))[:6]:
        row = answer(model, [series], spec, steps=1)[0]
        low, middle, high = (row[key][0] for key in ("low", "output", "high"))
        truth = float(series.later[0])
        when = row["times"][0] if "times" in row else f"step {len(series) + 1}"
        found.append(
            {
                "input": f"{series.name} up to {when}",
                "output": f"{middle:.4g} ({low:.4g} to {high:.4g})",
                "truth": f"{truth:.4g}",
                "right": bool(low <= truth <= high),
            }
        )
    return found
