"""Interpolated n-grams: how well the next token can be foreseen by counting.

Every order is a share of what was counted and the rest times the next lower order, down to equal
chances for all tokens. Two ways to divide, both without anything to tune:

    kneser_ney    modified Kneser-Ney (Chen & Goodman 1999, "An empirical study of smoothing
                  techniques for language modeling", section 3.3): discounts by count, and in lower
                  orders a token counts by how many different ones it follows
    witten_bell   the rest grows with the number of different tokens seen (section 2.6 there)
"""

from dataclasses import dataclass

import numpy as np

from zoo.errors import InputError

SMOOTHINGS = ("kneser_ney", "witten_bell")


@dataclass(frozen=True)
class Level:
    """One order, sorted: `shares` of n-grams `keys`, and the `rests` of their `contexts`."""

    keys: np.ndarray
    shares: np.ndarray
    contexts: np.ndarray
    rests: np.ndarray


class NGram:
    """An interpolated n-gram over tokens 0 .. size - 1.

    ids: (N,) training tokens; order: n, 5 looks at four tokens before; smoothing: see above.
    Raises `InputError` for tokens out of range, fewer of them than `order`, an unknown smoothing,
    and n-grams too many for a whole number of 63 bits.

    >>> model = NGram([0, 1, 0, 1, 0, 2], size=3, order=2, smoothing="witten_bell")
    >>> model.probabilities([0, 1]).round(4).tolist()  # "0" by itself, then "1" behind it
    [0.4444, 0.5333]
    """

    def __init__(self, ids, size, order, smoothing="kneser_ney"):
        ids = _checked(ids, size)
        if smoothing not in SMOOTHINGS:
            raise InputError(
                f"smoothing {smoothing!r} is not one of {', '.join(SMOOTHINGS)}: choose one of them"
            )
        if len(ids) < order:
            raise InputError(f"{len(ids)} tokens, expected {order} or more: give a longer text")
        if size**order >= 2**63:
            raise InputError(f"order {order} with {size} tokens is too high: choose a lower order")
        self.size, self.order, self.smoothing = size, order, smoothing
        self.levels = _levels(ids, size, order, smoothing)

    def probabilities(self, ids):
        """Of each of ids (N,) behind those before it, as many as the order looks at: (N,)."""
        ids = _checked(ids, self.size)
        p = np.full(len(ids), 1 / self.size)
        for k, level in enumerate(self.levels, 1):
            keys = _keys(ids, k, self.size)
            seen, share = _find(level.keys, level.shares, keys)
            known, rest = _find(level.contexts, level.rests, keys // self.size)
            lower = p[k - 1 :]
            p[k - 1 :] = np.where(known, np.where(seen, share, 0) + rest * lower, lower)
        return p

    def nats(self, ids):
        """-log p of each of ids (N,) but the first, behind those before it: (N - 1,)."""
        return -np.log(self.probabilities(ids)[1:])


def best(ids, validation, size, order):
    """The `NGram` of either smoothing that foresees `validation` better."""
    models = [NGram(ids, size, order, smoothing) for smoothing in SMOOTHINGS]
    return min(models, key=lambda model: model.nats(validation).mean())


def _checked(ids, size):
    ids = np.asarray(ids, "int64")
    if ids.size and not 0 <= ids.min() <= ids.max() < size:
        raise InputError(
            f"tokens from {ids.min()} to {ids.max()}, expected 0 to {size - 1}: give their number"
        )
    return ids


def _keys(ids, k, size):
    """The k-gram that ends at each of ids[k - 1 :], as one number."""
    keys = np.zeros(max(len(ids) - k + 1, 0), "int64")
    for j in range(k):
        keys = keys * size + ids[j : j + len(keys)]
    return keys


def _find(sorted_keys, values, keys):
    """Which keys are there, and their values (of those that are not: any)."""
    at = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return sorted_keys[at] == keys, values[at]


def _levels(ids, size, order, smoothing):
    """The levels from the unigram up."""
    levels, above = [], None
    for k in range(order, 0, -1):
        if above is None or smoothing == "witten_bell":
            keys, counts = np.unique(_keys(ids, k, size), return_counts=True)
        else:
            keys, counts = np.unique(above % size**k, return_counts=True)
        levels.append(_level(keys, counts, size, smoothing))
        above = keys
    return levels[::-1]


def _level(keys, counts, size, smoothing):
    contexts, place, different = np.unique(keys // size, return_inverse=True, return_counts=True)
    totals = np.bincount(place, counts)
    if smoothing == "witten_bell":
        totals = totals + different
        return Level(keys, counts / totals[place], contexts, different / totals)
    discounts = _discounts(counts)[np.minimum(counts, 3)]
    rests = np.bincount(place, discounts) / totals
    return Level(keys, (counts - discounts) / totals[place], contexts, rests)


def _discounts(counts):
    """What is taken from a count of 0, 1, 2, and 3 or more (Chen & Goodman, equation 17)."""
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(float)
    if not n[1:4].all():  # too few n-grams to tell
        return np.array([0.0, 0.5, 0.5, 0.5])
    y = n[1] / (n[1] + 2 * n[2])
    wanted = [k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3)]
    return np.array([0.0, *np.clip(wanted, 0.1, (1, 2, 3))])
