"""Series with a label each: spoken vowels, and the user's own `.ts` file."""

from functools import cache
from pathlib import Path

import numpy as np

from zoo.data.sources import verify
from zoo.data.text import SPLITS
from zoo.data.ts_file import read_ts
from zoo.errors import InputError

Labelled = dict[str, tuple[list[np.ndarray], list[str]]]
SEED = 0  # of what is set aside for validation


@cache
def vowels() -> Labelled:
    """Japanese Vowels: two vowels spoken by nine men, 12 LPC cepstrum coefficients every 6.4 ms.

    Returns {"train", "validation", "test"} -> (series float32 (T, 12) with T from 7 to 29,
    speakers "1" to "9"). The test split is the published one, recorded on other occasions; three
    of the 30 published training series of each speaker, drawn by `SEED`, are the validation split.
    Speakers are mixed.
    Source: Kudo, Toyama and Shimbo 1999, Pattern Recognition Letters 20.

    >>> [len(labels) for _, labels in vowels().values()]
    [243, 27, 370]
    """
    with np.load(verify("vowels"), allow_pickle=False) as data:
        series = np.split(data["values"], np.cumsum(data["lengths"])[:-1])
        labels, test = data["labels"].tolist(), data["test"]
    chosen = _divided([label for label, t in zip(labels, test, strict=True) if not t], test=False)
    names = [*chosen, *["test"] * int(test.sum())]  # in the file, test stands behind train
    return _by_split(series, labels, names)


def read_labelled_ts(path: str | Path, seed: int = SEED) -> Labelled:
    """The user's `.ts` file, in the shape of `vowels()`; a missing value is NaN.

    Each label is divided 70 / 10 / 20 by `seed`. A file whose name ends in `_TRAIN.ts`, with its
    `_TEST.ts` beside it, keeps that test split: a tenth of each label is set aside for validation.
    Raises `InputError` for what `read_ts` refuses, series without labels, a single label, a label
    with too few series to divide, and a pair with different channels or with a label in the test
    split alone.
    """
    series, labels = _labelled(path)
    if len(found := sorted(set(labels))) < 2:
        raise InputError(
            f"{str(path)!r} has one label only ({found[0]!r}), expected two or more: add series "
            "with others"
        )
    other = _other_of_pair(path)
    names = _divided(labels, seed, test=other is None, path=path)
    if other is not None:
        more, truths = _labelled(other)
        if (width := more[0].shape[1]) != series[0].shape[1]:
            raise InputError(
                f"{str(other)!r} has {width} channels, expected {series[0].shape[1]} as in "
                f"{str(path)!r}: give files of one data set"
            )
        if unknown := sorted(set(truths) - set(labels)):
            raise InputError(
                f"{str(other)!r} has the label {unknown[0]!r}, expected one of "
                f"{', '.join(found)} as in {str(path)!r}: correct it, or add series with it there"
            )
        series, labels, names = series + more, labels + truths, names + ["test"] * len(more)
    return _by_split(series, labels, names, seed)


def _labelled(path):
    series, labels = read_ts(path)
    if labels is None:
        raise InputError(
            f"{str(path)!r} has no labels (@classLabel false), expected one behind each series: "
            "give a labelled file"
        )
    return series, labels


def _other_of_pair(path):
    """The `_TEST.ts` beside a `_TRAIN.ts`, or None."""
    path = Path(path)
    other = path.with_name(f"{path.stem.removesuffix('_TRAIN')}_TEST{path.suffix}")
    return other if path.stem.endswith("_TRAIN") and other.is_file() else None


def _drawn(count, seed):
    return np.random.default_rng((seed, count)).permutation(count)


def _divided(labels, seed=SEED, test=True, path=""):
    """The name of the split of each row: of every label a tenth, and a fifth where `test`."""
    random, names = np.random.default_rng(seed), ["train"] * len(labels)
    least = 3 if test else 2
    for label in sorted(set(labels)):
        rows = [k for k, of in enumerate(labels) if of == label]
        if len(rows) < least:
            raise InputError(
                f"{str(path)!r} has {len(rows)} series labelled {label!r}, expected {least} or "
                "more: add some"
            )
        order = random.permutation(rows)
        held = max(1, len(rows) // 5) if test else 0
        for k in order[:held]:
            names[k] = "test"
        for k in order[held : held + max(1, len(rows) // 10)]:
            names[k] = "validation"
    return names


def _by_split(series, labels, names, seed=SEED):
    """The splits, each in an order drawn by `seed`: files are often sorted by label."""
    rows = [(series[k], labels[k], names[k]) for k in _drawn(len(labels), seed)]
    return {
        split: (
            [values for values, _, name in rows if name == split],
            [label for _, label, name in rows if name == split],
        )
        for split in SPLITS
    }
