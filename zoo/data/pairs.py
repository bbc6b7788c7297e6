"""Sequence pairs: words with pronunciations, verses in two languages, the user's own file."""

import gzip
from functools import cache
from pathlib import Path

from zoo.data.sources import verify
from zoo.data.text import SPLITS, divided, read_utf8
from zoo.errors import InputError

HELD_OUT = {9: "validation", 19: "test"}  # of every 20 chapters
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


@cache
def verses() -> Pairs:
    """English verses (altered public-domain scripture) with the Spanish ones of the same place.

    Returns {"train", "validation", "test"} -> [(English, [Spanish])], split by chapter: of every
    20 chapters the 10th is validation and the 20th test, as in `text.english()`. A verse whose
    English or Spanish, letters alone, stands in an earlier one was left out before the split.

    >>> verses()["train"][0][1]
    ['EN el principio crió Dios los cielos y la tierra.']
    """
    found: Pairs = {name: [] for name in SPLITS}
    seen: set[str] = set()
    for number, chapter in enumerate(zip(_chapters("english"), _chapters("spanish"), strict=True)):
        for source, target in zip(*chapter, strict=True):
            sides = {_letters(source), _letters(target)}
            if target != "-" and not sides & seen:
                found[HELD_OUT.get(number % 20, "train")].append((source, [target]))
                seen |= sides
    return found


def _chapters(name: str) -> list[list[str]]:
    with gzip.open(verify(name), "rt", encoding="utf-8") as file:
        return [chapter.split("\n") for chapter in file.read().strip().split("\n\n")]


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha())


def read_tsv(path: str | Path, seed: int = 0) -> Pairs:
    """The user's pairs, in the shape of `g2p()`: `source TAB target` a line, no header.

    Rows with the same source become one item with several targets, so a source is in one split
    only. A third column (train, validation, test) on every line decides the split; without it
    80 / 10 / 10 by `seed`. Blank lines are skipped.
    Raises `InputError`, with the line number, where a row has not two or three filled columns, has
    another number of them than the first, or an unknown split; also for a source in two splits,
    for splits without a training or test pair, and for fewer than three sources.
    """
    items: dict[str, list[str]] = {}
    splits: dict[str, str] = {}
    for number, (source, target, *split) in _rows(path):
        targets = items.setdefault(source, [])
        if target not in targets:
            targets.append(target)
        if split and splits.setdefault(source, split[0]) != split[0]:
            raise InputError(
                f"{str(path)!r} line {number}: {source[:60]!r} is in {splits[source]} and in "
                f"{split[0]}; leave it in one of them"
            )
    if len(items) < 3:
        raise InputError(f"{str(path)!r} has {len(items)} different source(s); expected 3 or more")
    return _named(path, items, splits) if splits else divided(list(items.items()), seed)


def _rows(path: str | Path):
    """(line number, cells) of the lines that are not blank."""
    columns = None
    for number, line in enumerate(read_utf8(path).split("\n"), 1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        columns = columns or len(cells)
        where = f"{str(path)!r} line {number}"
        if len(cells) not in (2, 3) or not all(cells):
            raise InputError(f"{where}: {line[:60]!r} is not 'source TAB target'; correct it")
        if len(cells) != columns:
            raise InputError(
                f"{where} has {len(cells)} columns, the first has {columns}; give all of them the "
                "same: source, target and, if you like, split"
            )
        if columns == 3 and cells[2] not in SPLITS:
            raise InputError(f"{where}: split {cells[2]!r}; expected {', '.join(SPLITS)}")
        yield number, cells


def _named(path: str | Path, items: dict[str, list[str]], splits: dict[str, str]) -> Pairs:
    parts = {name: [i for i in items.items() if splits[i[0]] == name] for name in SPLITS}
    if empty := [name for name in ("train", "test") if not parts[name]]:
        raise InputError(f"{str(path)!r} has no row whose split is {empty[0]!r}; add some")
    return parts
