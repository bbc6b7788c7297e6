"""Tagged sentences: the Brown Corpus with its three sets of tags, and words as a tagger reads."""

import itertools

import numpy as np
import pytest
from tokenizers import Tokenizer

from zoo.data import sources, spelled, tagged, vocabulary
from zoo.data.brown_tags import UNIVERSAL, simple, universal
from zoo.data.sentences import words_of

pytestmark = pytest.mark.neutral


def test_no_sentence_is_in_two_splits_and_counts_are_as_recorded():
    splits = tagged.brown()
    words = [{words for words, _ in split} for split in splits.values()]
    assert all(not (a & b) for a, b in itertools.combinations(words, 2))
    assert [len(split) for split in splits.values()] == [45_467, 5_826, 5_562]
    assert sum(map(len, splits.values())) == sources.SOURCES["brown"].rows
    assert all(len(words) == len(tags) > 0 for s in splits.values() for words, tags in s)


def test_the_three_sets_of_tags_have_12_92_and_472():
    counts = [
        len({tag for split in tagged.brown(name).values() for _, tags in split for tag in tags})
        for name in ("universal", "simple", "raw")
    ]
    assert counts == [12, 92, 472]


def test_tags_are_mapped_as_petrov_et_al_published():
    published = {
        "NN+HVZ-TL": "PRT", "WRB+DOD*": "PRT", "RP+IN": "PRT", "WRB+IN": "PRT", "JJ$-TL": "PRT",
        "VB+PPO": "VERB", "MD+HV": "VERB", "TO+VB": "PRT", "NN+IN": "NOUN", "RBR+CS": "ADV",
        "IN+PPO": "ADP", "DO+PPSS": "X", "FW-AT+NN-TL": "X", "FW-*-TL": "X", "NIL": "X",
        "AP+AP-NC": "ADJ", "---HL": ".", "(-HL": ".", "PP$": "DET", "PP$$": "PRON", "CD$": "NOUN",
        "BED*": "VERB", "*-NC": "ADV", "ABN": "PRT", "PN+MD": "PRT", "VB+VB-NC": "VERB",
    }  # fmt: skip
    assert {tag: universal(tag) for tag in published} == published
    assert len(UNIVERSAL) == 12
    assert len({tag for tags in UNIVERSAL.values() for tag in tags.split()}) == 92


def test_simple_tags_drop_place_language_and_contraction():
    raw = ("VBN-TL-HL", "FW-PPSS+HV", "WPS+BEZ-NC", "BEDZ*", "NNS$-TL", "--", "*-HL")
    assert [simple(tag) for tag in raw] == ["VBN", "PPSS", "WPS", "BEDZ", "NNS$", "--", "*"]


def test_dividing_counts_a_repeated_sentence_once():
    sentences = [((f"word{k % 20}", "."), ("NOUN", ".")) for k in range(40)]
    parts = tagged.divided(sentences)
    assert {name: len(part) for name, part in parts.items()} == {
        "train": 16,
        "validation": 2,
        "test": 2,
    }
    assert len({words for part in parts.values() for words, _ in part}) == 20
    assert parts == tagged.divided(sentences) != tagged.divided(sentences, seed=1)


def test_given_splits_lose_what_is_in_two():
    a, b, c = ((word,) * 2 for word in "abc")
    splits = {"train": [(a, b), (b, b), (c, b)], "validation": [(b, b), (c, b)], "test": [(c, b)]}
    kept = tagged.without_repeats(splits)
    assert kept == {"train": [(a, b)], "validation": [(b, b)], "test": [(c, b)]}


def test_words_are_read_without_case_and_characters_with_it():
    words = ["The", "the", "cat", "THE", "dog"]
    known, letters = spelled.known_words(words, 2), vocabulary.characters(words)
    found = spelled.spell([["The", "cat"], ["the"]], known, letters, length=5)
    the, cat, lower = found.words[1:]
    assert the == lower and cat == vocabulary.UNKNOWN
    assert found.characters.shape == (4, 5) and not found.characters[0].any()
    assert not np.array_equal(found.characters[1], found.characters[3])
    assert spelled.rare_words(words, 2) == ["cat", "dog"]


def test_a_long_word_keeps_both_ends_and_an_odd_one_is_read():
    letters = vocabulary.characters(["abcdefghij"])
    known = Tokenizer.from_str(spelled.known_words(["a b", "a b"], 2).to_str())
    found = spelled.spell([["abcdefghij", "A B", "[PAD]"]], known, letters, length=6)
    ids = vocabulary.encode(letters, ["abij"], begin=True, end=True)[0]
    assert found.characters[1].tolist() == ids.tolist()
    assert known.id_to_token(int(found.words[2])) == "a b"
    assert found.words[3] == vocabulary.UNKNOWN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat sat.", "The cat sat ."),
        ("Mr. Fox isn't in the U.S. now.", "Mr. Fox isn't in the U.S. now ."),
        ('"No," he said -- twice (!)', '" No , " he said -- twice ( ! )'),
        ("It cost $3.50... really?!", "It cost $3.50 ... really ? !"),
        ("Who saw Mr.", "Who saw Mr ."),
        ("well-known, 3.5% of John's", "well-known , 3.5% of John's"),
        ("...", "..."),
        ("  ", ""),
    ],
)
def test_a_sentence_is_cut_by_the_rule_that_is_written_down(text, words):
    assert words_of(text, known={"mr."}) == words.split()


def test_quotation_marks_become_those_of_the_corpus_that_has_them():
    found = words_of('"Yes," she "said".', known={"``"})
    assert " ".join(found) == "`` Yes , '' she `` said '' ."
