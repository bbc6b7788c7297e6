"""Splits that stay the same on every machine: items are ordered by the hash of their key."""

import hashlib
from collections.abc import Iterable


def by_hash(keys: Iterable[str]) -> list[str]:
    """The keys in the order of their SHA-256: a shuffle without a random generator.

    >>> by_hash(["a", "b", "c"])
    ['c', 'b', 'a']
    """
    return sorted(keys, key=lambda key: hashlib.sha256(key.encode()).hexdigest())


def assign(keys: Iterable[str], validation: int, test: int) -> dict[str, str]:
    """Give `test` keys to the test split, `validation` to the validation split, the rest to train.

    >>> assign(["a", "b", "c"], validation=1, test=1)
    {'c': 'test', 'b': 'validation', 'a': 'train'}
    """
    names = ["test"] * test + ["validation"] * validation
    ordered = by_hash(keys)
    return dict(zip(ordered, names + ["train"] * (len(ordered) - len(names)), strict=True))
