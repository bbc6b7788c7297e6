"""A window of a series in, the next value out; then the model goes on from its own outputs."""

import numpy as np

from zoo import metrics
from zoo.data import series
from zoo.errors import InputError
from zoo.tasks.batching import example_batches
from zoo.tasks.losses import squared_error as loss  # noqa: F401
from zoo.tasks.running import running


def specify(data, fit):
    """A scale only where the series leaves [-1, 1], the range of a tanh output."""
    train = np.asarray(data["train"])
    low, high = float(train.min()), float(train.max())
    inside = low >= -1 and high <= 1
    offset, scale = (0.0, 1.0) if inside else ((low + high) / 2, (high - low) / 2 / 0.9 or 1.0)
    return {"window": fit.window, "offset": offset, "scale": scale}


def sizes(spec):
    return {"features": 1, "outputs": 1}


def _scaled(values, spec):
    return (np.asarray(values, "float32") - spec["offset"]) / np.float32(spec["scale"])


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    x, y = series.windows(_scaled(split, spec), spec["window"])
    return example_batches([x], y, fit, seed=seed, epoch=epoch, shuffle=shuffle)


def read(raw, spec):
    """Paths of CSV files with one series each; `InputError` for one shorter than the window."""
    found = [series.read_csv(path) for path in raw]
    for path, values in zip(raw, found, strict=True):
        check(values, spec["window"], path)
    return found


def own_input(split, spec):
    """The first window of a split."""
    return np.asarray(split)[: spec["window"]]


def check(values, window, name="the series"):
    """Raise `InputError` unless `values` is a finite series of at least `window` numbers."""
    if len(values) < window:
        raise InputError(
            f"{name} has {len(values)} values, expected at least the window of {window}: "
            "give more values"
        )
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InputError(
            f"{name} has {values[at]} at position {at}, expected finite numbers: fix it"
        )


def answer(model, inputs, spec, steps=294):
    """The `steps` values that follow each series, from its last window on."""
    for values in inputs:
        check(values, spec["window"])
    seeds = np.stack([_scaled(values, spec)[-spec["window"] :] for values in inputs])[..., None]
    values = roll(model, seeds, steps)[..., 0] * spec["scale"] + spec["offset"]
    return [{"output": [float(v) for v in row]} for row in values]


def roll(model, seeds, steps):
    """Roll out behind windows (B, W, 1): (B, steps, 1); the first input is the last value."""
    state = np.concatenate([seeds[:, :1], seeds[:, :-1]], axis=1)
    return running(model).roll_window(seeds[:, -1], state, steps)


def evaluate(model, split, spec):
    """RMSE of a rollout over everything behind the first window of `split`."""
    truth = np.asarray(split)[spec["window"] :]
    forecast = answer(model, [split[: spec["window"]]], spec, steps=len(truth))[0]["output"]
    return {"rollout RMSE": metrics.rmse(forecast, truth)}
