"""Sentences with a tag for each word: the Brown Corpus, and how the user's own are divided."""

import lzma
from functools import cache

from zoo.data import text
from zoo.data.brown_tags import TAGSETS
from zoo.data.sources import verify
from zoo.data.text import SPLITS

Sentence = tuple[tuple[str, ...], tuple[str, ...]]  # words and as many tags
Tagged = dict[str, list[Sentence]]


@cache
def brown(tagset: str = "universal") -> Tagged:
    """The Brown Corpus (1961): American English of 15 genres, 500 files of about 2,000 words.

    tagset: "universal" (12 tags), "simple" (92) or "raw" (472), as in `zoo.data.brown_tags`.
    Returns {"train", "validation", "test"} -> [(words, tags)]. In the order of the files' names,
    of every ten the first is for the test and the second for validation. Validation has no
    sentence of the test files, training none of either, word for word.

    >>> words, tags = brown()["test"][1]
    >>> " ".join(words[:4]), " ".join(tags[:4])
    ('The jury further said', 'DET NOUN ADV VERB')
    """
    change = cache(TAGSETS[tagset])
    found: Tagged = {name: [] for name in SPLITS}
    with lzma.open(verify("brown"), "rt", encoding="ascii") as file:
        for block in file.read().rstrip("\n").split("\n\n"):
            head, *lines = block.split("\n")
            for line in lines:
                pairs = [token.rpartition("/") for token in line.split(" ")]
                words = tuple(word for word, _, _ in pairs)
                found[head.split(" ")[1]].append(
                    (words, tuple(change(tag.upper()) for _, _, tag in pairs))
                )
    return found


def divided(sentences: list[Sentence], seed: int = 0) -> Tagged:
    """80 / 10 / 10 by `seed`; sentences that are written twice, word for word, count once."""
    unique = list({words: (words, tags) for words, tags in reversed(sentences)}.values())[::-1]
    return text.divided(unique, seed)


def without_repeats(splits: Tagged) -> Tagged:
    """Splits that were given, without what is in two: the test split keeps all, training least."""
    seen: set[tuple[str, ...]] = set()
    kept = {}
    for name in reversed(SPLITS):
        kept[name] = [sentence for sentence in splits[name] if sentence[0] not in seen]
        seen |= {words for words, _ in kept[name]}
    return {name: kept[name] for name in SPLITS}
