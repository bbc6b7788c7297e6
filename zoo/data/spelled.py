"""Words as a tagger reads them: an id of the word without its case, and the word's characters."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer, models, normalizers, trainers

from zoo.data import vocabulary
from zoo.data.vocabulary import SPECIALS

LONGEST = 18  # characters of a word, with the marks of its two ends


def known_words(words: Iterable[str], minimum_frequency: int) -> Tokenizer:
    """A vocabulary of whole words in lower case; a rarer one becomes [UNK].

    Unlike the other vocabularies it has no rule that cuts a text: a word may hold any character.

    >>> known_words(["New York", "new york"], 2).get_vocab_size()
    5
    """
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    trainer = trainers.WordLevelTrainer(
        min_frequency=minimum_frequency, special_tokens=SPECIALS, show_progress=False
    )
    tokenizer.train_from_iterator(words, trainer)
    return tokenizer


def rare_words(words: Iterable[str], minimum_frequency: int) -> list[str]:
    """The words in lower case that `known_words` leaves out, in order."""
    counts = Counter(word.lower() for word in words)
    return sorted(word for word, count in counts.items() if count < minimum_frequency)


@dataclass(frozen=True)
class Spelled:
    """Sentences as rows of numbers: each row says which distinct words it has.

    rows: a list of (T,), numbers from 1 of distinct words; words (N + 1,): the word id of each,
    characters (N + 1, C): its characters; entry 0 of both is padding.
    """

    rows: list[np.ndarray]
    words: np.ndarray
    characters: np.ndarray

    def inputs(self, numbers):
        """Padded rows (B, T) as the two inputs of a tagger, (B, T) and (B, T, C)."""
        return [self.words[numbers], self.characters[numbers]]


def spell(
    sentences: Sequence[Sequence[str]], words: Tokenizer, characters: Tokenizer, length=LONGEST
) -> Spelled:
    """Sentences, each a sequence of words, with the vocabularies of words and of characters.

    A word with more than `length` - 2 characters keeps its beginning and its end.

    >>> known = known_words(["the", "cat"], 1), vocabulary.characters(["thecat"])
    >>> found = spell([["The", "cat"], ["cat"]], *known, length=6)
    >>> found.rows[1].tolist(), [a.shape for a in found.inputs(np.array([[1, 2], [2, 0]]))]
    ([2], [(2, 2), (2, 2, 6)])
    """
    numbers: dict[str, int] = {}
    rows = [
        np.array([numbers.setdefault(word, len(numbers) + 1) for word in sentence], "int32")
        for sentence in sentences
    ]
    ids = [row[0] for row in vocabulary.encode(words, numbers)]
    spelled = vocabulary.encode(characters, numbers, begin=True, end=True)
    table = vocabulary.pad([_shortened(row, length) for row in spelled], length)
    nothing = np.zeros((1, length), "int32")
    return Spelled(rows, np.array([0, *ids], "int32"), np.concatenate([nothing, table]))


def _shortened(row, length):
    if len(row) <= length:
        return row
    half = length // 2
    return np.r_[row[: length - half], row[len(row) - half :]]
