"""Sequence pairs: words with their pronunciations, and the user's own two-column file."""

import gzip
from functools import cache
from pathlib import Path

import numpy as np

from zoo.data.sources import verify
from zoo.data.text import SPLITS, read_utf8
from zoo.errors import InputError

Pairs = dict[str, list[tuple[str, list[str]]]]


@cache
def g2p() -> Pairs:
    """CMU Pronouncing Dictionary: words and all their pronunciations, without stress.

    Returns {"train", "validation", "test"} -> [(word, [phones separated by spaces, ...])].
    Split by headword; validation has 2,670 words, test 12,000.

    >>> dict(g2p()["train"])["recurrent"]
    ['R IH K ER AH N T', 'R IY K ER AH N T']
    """
    found: dict[str, dict[str, list[str]]] = {name: {} for name in SPLITS}
    with gzip.open(verify("g2p"), "rt", encoding="utf-8") as file:
        next(file)
        for line in file:
            word, phones, split = line.rstrip("\n").split("\t")
            found[split].setdefault(word, []).append(phones)
    return {name: list(words.items()) for name, words in found.items()}


def read_tsv(path: str | Path, seed: int = 0) -> Pairs:
    """The user's pairs, in the shape of `g2p()`: `source TAB target` a line, no header.

    Rows with the same source become one item with several targets, so a source is in one split
    only: 80 / 10 / 10 by `seed`. Blank lines are skipped.
    Raises `InputError` with the line number where a row has not two filled columns, and for fewer
    than three sources.
    """
    items: dict[str, list[str]] = {}
    for number, line in enumerate(read_utf8(path).split("\n"), 1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip():
            continue
        if len(cells) != 2 or not all(cells):
            raise InputError(
                f"{str(path)!r} line {number}: {line[:60]!r} is not 'source TAB target'; correct it"
            )
        targets = items.setdefault(cells[0], [])
        if cells[1] not in targets:
            targets.append(cells[1])
    if len(items) < 3:
        raise InputError(f"{str(path)!r} has {len(items)} different source(s); expected 3 or more")
    return _divide(list(items.items()), seed)


def _divide(items: list[tuple[str, list[str]]], seed: int) -> Pairs:
    order = np.random.default_rng(seed).permutation(len(items))
    size = max(1, len(items) // 10)
    parts = {"train": order[2 * size :], "validation": order[:size], "test": order[size : 2 * size]}
    return {name: [items[index] for index in sorted(part)] for name, part in parts.items()}
