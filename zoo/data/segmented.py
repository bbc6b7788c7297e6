"""Text cut into words: Cantonese conversations, and the user's own file."""

import gzip
import itertools
import re
from functools import cache
from pathlib import Path

from zoo.data.sources import verify
from zoo.data.text import SPLITS, divided, read_utf8
from zoo.errors import InputError

Segmented = dict[str, list[tuple[str, tuple[str, ...]]]]

ALPHABETIC = "0-9A-Za-z\u00c0-\u024f\u0370-\u052f"  # Latin, Greek, Cyrillic, digits
RUN = re.compile(rf"[{ALPHABETIC}]+")
UNIT = re.compile(rf"[{ALPHABETIC}]+|\S")


@cache
def cantonese() -> Segmented:
    """Hong Kong Cantonese Corpus: utterances of 49 recordings (1997-98) and their words.

    Returns {"train", "validation", "test"} -> [(text, words)]. An utterance that is said several
    times is kept once, before the split; a recording is in one split only, so that its topics and
    names are new to the model. Punctuation marks are words.

    >>> cantonese()["test"][1]
    ('誒,乜嘢書展呢?', ('誒', ',', '乜嘢', '書展', '呢', '?'))
    """
    found: Segmented = {name: [] for name in SPLITS}
    with gzip.open(verify("cantonese"), "rt", encoding="utf-8") as file:
        next(file)
        for line in file:
            _, split, words = line.rstrip("\n").split("\t")
            words = tuple(words.split(" "))
            found[split].append((joined(words), words))
    return found


def read_segmented(path: str | Path, seed: int = 0) -> Segmented:
    """The user's sentences, in the shape of `cantonese()`: one a line, words between spaces.

    Empty lines are skipped, and lines whose text was seen before. Split 80 / 10 / 10 by `seed`.
    Raises `InputError` for a missing or empty file, another encoding than UTF-8, fewer than three
    different sentences, and a file in which no line has a space between two words.
    """
    rows: dict[str, tuple[str, ...]] = {}
    for line in read_utf8(path).splitlines():
        if words := tuple(line.split()):
            rows.setdefault(joined(words).replace(" ", ""), words)
    if len(rows) < 3:
        raise InputError(
            f"{str(path)!r} has {len(rows)} different sentence(s), expected 3 or more, one a line: "
            "add some"
        )
    if all(len(words) == 1 for words in rows.values()):
        raise InputError(
            f"{str(path)!r} has one word a line, expected sentences with a space between two "
            "words: cut them into words first"
        )
    return divided([(joined(words), words) for words in rows.values()], seed)


def units(text: str) -> list[re.Match]:
    """The matches that a segmenter tags: a run of alphabetic letters and digits, or any other
    single character. White space is no unit, and no word goes over it.

    >>> [unit.group() for unit in units("去 Hong Kong食call機.")]
    ['去', 'Hong', 'Kong', '食', 'call', '機', '.']
    """
    return list(UNIT.finditer(text))


def joined(words) -> str:
    """Words as running text: spaces only where two alphabetic words would run into one.

    >>> joined(["去", "Hong", "Kong", "食", "飯", "."])
    '去Hong Kong食飯.'
    """
    text = words[0]
    for before, word in itertools.pairwise(words):
        text += f" {word}" if RUN.fullmatch(before[-1] + word[0]) else word
    return text
