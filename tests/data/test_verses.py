"""Verses in two languages: aligned, complete, and in one split each."""

import gzip
import itertools
import string

import pytest

from zoo.data import pairs, sources, text

pytestmark = pytest.mark.neutral


def plain(verse):
    return "".join(c for c in verse.lower() if c.isalpha())


def lines(name):
    with gzip.open(sources.verify(name), "rt", encoding="utf-8") as file:
        return file.read().split("\n")


def test_the_two_files_have_their_chapters_and_verses_in_the_same_lines():
    english, spanish = lines("english"), lines("spanish")
    assert [not line for line in english] == [not line for line in spanish]
    aligned = sum(line not in ("", "-") for line in spanish)
    assert aligned == sources.SOURCES["spanish"].rows == 30_484


def test_no_verse_is_in_two_splits_in_either_language():
    splits = pairs.verses()
    assert {name: len(items) for name, items in splits.items()} == {
        "train": 27_184,
        "validation": 1_419,
        "test": 1_493,
    }
    for side in (lambda item: plain(item[0]), lambda item: plain(item[1][0])):
        found = [set(map(side, items)) for items in splits.values()]
        assert all(not (a & b) for a, b in itertools.combinations(found, 2))


def test_the_splits_are_those_of_the_english_text():
    for name, items in pairs.verses().items():
        assert {source for source, _ in items} <= set(text.english()[name].split("\n"))


def test_verses_are_clean_and_about_as_long_on_both_sides():
    items = [item for split in pairs.verses().values() for item in split]
    assert not any(c in "<>{}|_" for en, (es,) in items for c in en + es)
    assert not any("  " in es or set(es) <= set(string.punctuation) for _, (es,) in items)
    ratios = sorted(len(en) / len(es) for en, (es,) in items)
    assert ratios[len(ratios) // 100] > 0.6 and ratios[-len(ratios) // 100] < 1.9
