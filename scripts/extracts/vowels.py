"""Japanese Vowels: the published training series, then the published test series."""

from pathlib import Path

import numpy as np

from zoo.data.ts_file import read_ts

from .files import npz

FOLDER = "aeon/datasets/data/JapaneseVowels"


def make(folder: Path) -> bytes:
    """Arrays of N series: `values` (sum of lengths, 12) float32 one series behind the other,
    `lengths` (N,), `labels` (N,) text and `test` (N,), False for the training series, which
    come first."""
    parts = [read_ts(folder / FOLDER / f"JapaneseVowels_{part}.ts") for part in ("TRAIN", "TEST")]
    series = [values for part, _ in parts for values in part]
    return npz(
        {
            "values": np.concatenate(series),
            "lengths": np.array([len(values) for values in series], "uint8"),
            "labels": np.array([label for _, labels in parts for label in labels]),
            "test": np.repeat([False, True], [len(part) for part, _ in parts]),
        }
    )
