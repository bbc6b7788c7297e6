"""A series of any length and number of channels in, one number out."""

import numpy as np

from zoo import metrics
from zoo.tasks.batching import example_batches, in_batches
from zoo.tasks.losses import squared_error as loss
from zoo.tasks.series_label import channels, check, contents, read, scaled

__all__ = ["answer", "batches", "contents", "evaluate", "loss", "read", "sizes", "specify"]


def specify(data, fit):
    """Mean and standard deviation of each channel over all training steps."""
    return channels(data["train"][0])


def sizes(spec):
    return {"features": len(spec["mean"]), "outputs": 1}


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """Batches of ([values (B, T, F), lengths (B,)], numbers (B, 1), weights (B,))."""
    series, numbers = split
    check(series, spec)
    x, y = scaled(series, spec), np.asarray(numbers, "float32")[:, None]
    lengths = [len(v) for v in x]
    return example_batches([x], y, fit, lengths=lengths, seed=seed, epoch=epoch, shuffle=shuffle)


def answer(model, inputs, spec):
    """[{"output": number}, ...], one for each series (T, F)."""
    check(inputs, spec)
    x = scaled(inputs, spec)
    found = in_batches(model, model.predict_on_batch, x, [len(v) for v in x])
    return [{"output": float(np.ravel(row)[0])} for row in found]


def evaluate(model, split, spec):
    series, numbers = split
    return {"MSE": metrics.mse([found["output"] for found in answer(model, series, spec)], numbers)}
