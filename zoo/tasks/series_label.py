"""A series of any length and number of channels in, one label out."""

import numpy as np

from zoo.data import ts_file
from zoo.errors import InputError
from zoo.tasks.batching import example_batches, in_batches
from zoo.tasks.classify import label_answers, label_ids, label_scores
from zoo.tasks.losses import cross_entropy as loss

__all__ = ["answer", "batches", "contents", "evaluate", "loss", "read", "sizes", "specify"]


def specify(data, fit):
    """The labels, and what `channels` says of the series of training."""
    series, labels = data["train"]
    return {"labels": sorted(set(labels)), **channels(series)}


def channels(series):
    """Mean and standard deviation of each channel over all steps, missing ones left out.

    A channel that never changes is only shifted.
    """
    steps = np.concatenate(series).astype("float64")
    if (empty := np.isnan(steps).all(0)).any():
        raise InputError(
            f"channel {int(np.argmax(empty)) + 1} has no value in the training part, expected "
            "some: remove the channel"
        )
    mean, deviation = np.nanmean(steps, 0), np.nanstd(steps, 0)
    changes = deviation > 1e-9 * np.abs(mean)  # more than the mean's own rounding
    return {"mean": mean.tolist(), "deviation": np.where(changes, deviation, 1.0).tolist()}


def sizes(spec):
    return {"features": len(spec["mean"]), "classes": len(spec["labels"])}


def scaled(series, spec):
    """Series standardised by channel; a missing value becomes 0, the channel's mean."""
    mean, deviation = np.array(spec["mean"]), np.array(spec["deviation"])
    return [np.nan_to_num((x - mean) / deviation).astype("float32") for x in series]


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """With `fit.noise`, shuffled batches (those of training) get noise, new in each epoch."""
    series, labels = split
    check(series, spec)
    x, y = scaled(series, spec), label_ids(labels, spec["labels"])
    if fit.noise and shuffle:
        random = np.random.default_rng((seed, epoch, 1))
        x = [v + fit.noise * random.standard_normal(v.shape, "float32") for v in x]
    lengths = [len(v) for v in x]
    return example_batches([x], y, fit, lengths=lengths, seed=seed, epoch=epoch, shuffle=shuffle)


def contents(raw, spec):
    """[(name, series)] of every series in `.ts` files, labelled or not."""
    found = []
    for path in raw:
        series, _ = ts_file.read_ts(path)
        check(series, spec, f"{str(path)!r}: ")
        found += [(f"series {k} of {path}", values) for k, values in enumerate(series, 1)]
    return found


def read(raw, spec):
    return [values for _, values in contents(raw, spec)]


def check(series, spec, where=""):
    """Raise `InputError` unless every series is (T, channels of the model) with a step or more,
    each value finite or, where it is missing, NaN."""
    channels = len(spec["mean"])
    for k, values in enumerate(series, 1):
        shape = np.shape(values)
        if len(shape) != 2 or shape[1] != channels or not shape[0]:
            has = f"{shape[1]} channels" if len(shape) == 2 and shape[0] else f"shape {shape}"
            raise InputError(
                f"{where}series {k} has {has}, expected {channels} channels and a step or more, "
                f"(T, {channels}): give it as the model was trained"
            )
        if np.isinf(values).any():
            raise InputError(f"{where}series {k} is infinite somewhere, expected numbers: fix it")


def answer(model, inputs, spec):
    check(inputs, spec)
    x = scaled(inputs, spec)
    logits = in_batches(model, model.predict_on_batch, x, [len(v) for v in x])
    return label_answers(logits, spec["labels"])


def evaluate(model, split, spec):
    series, labels = split
    label_ids(labels, spec["labels"])  # an unknown label is an error, not a wrong answer
    return label_scores(answer(model, series, spec), labels)
