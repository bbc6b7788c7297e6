"""Synthetic probes: small tasks that show what a recurrent cell can keep, count and find again.

Each function draws the splits {"train", "validation", "test"} of one probe from a seed, and no
sequence stands in two splits, or twice in one. Symbols are single characters, so that a sequence is
a string: `ASK` at a step asks for a symbol there, and the answer has one for each such step.
"""

import string
from functools import cache

import numpy as np

from zoo.data.images import digits
from zoo.errors import InputError

BLANK, ASK = ".", "?"
SPLITS = ("train", "validation", "test")
SIZES = (16_000, 500, 1_000)
DRAWS = 100  # without a new sequence, before it is said that there are no more


def selective_copying(length=35, tokens=5, symbols=8, sizes=SIZES, seed=0):
    """Tokens at random places among blanks, then to be written in their order.

    length: steps of the blanks and tokens together; tokens: how many; symbols: how many kinds;
    sizes: of the splits. Returns split -> [(sequence, answer)], a sequence of `length + tokens`
    symbols. Source: Jing et al. 2019, "Gated orthogonal recurrent units", section 5.2 (denoising);
    Gu and Dao 2023, "Mamba", section 4.1.1.

    >>> text, answer = selective_copying(length=9, tokens=3)["test"][0]
    >>> len(text), text.replace(".", "") == answer + "???"
    (12, True)
    """
    _check(symbols=(symbols, 2, 26), tokens=(tokens, 1, length))
    alphabet = np.array(list(string.ascii_lowercase[:symbols]))

    def draw(random, count):
        places = np.sort(random.random((count, length)).argsort(1)[:, :tokens], axis=1)
        answers = alphabet[random.integers(symbols, size=(count, tokens))]
        body = np.full((count, length), BLANK)
        np.put_along_axis(body, places, answers, axis=1)
        return zip((text + ASK * tokens for text in _texts(body)), _texts(answers), strict=True)

    return _splits(draw, sizes, (seed, 1))


def parity(shortest=3, longest=40, longer=256, sizes=SIZES, seed=0):
    """Bits in, at every step whether the ones so far are odd in number.

    shortest, longest: lengths of the sequences, each as likely; longer: the length of those of a
    fourth split, "longer", of as many as the test split. Returns split -> [(bits, parities)].
    Source: Delétang et al. 2023, "Neural networks and the Chomsky hierarchy" (parity check);
    answers at every step as in Merrill, Petty and Sabharwal 2024, "The illusion of state in
    state-space models".

    >>> bits, parities = parity()["test"][0]
    >>> [sum(map(int, bits[: t + 1])) % 2 for t in range(len(bits))] == [int(p) for p in parities]
    True
    """
    _check(shortest=(shortest, 1, longest), longer=(longer, longest + 1, None))

    def draw(random, count, lengths=(shortest, longest)):
        bits = random.integers(2, size=(count, lengths[1]))
        ends = random.integers(lengths[0], lengths[1] + 1, count)
        pairs = zip(_texts(bits), _texts(bits.cumsum(1) % 2), ends, strict=True)
        return ((text[:end], answer[:end]) for text, answer, end in pairs)

    found = _splits(draw, sizes, (seed, 2))
    random = np.random.default_rng((seed, 3))
    return found | {"longer": list(draw(random, sizes[2], (longer, longer)))}


def associative_recall(pairs=3, queries=1, keys=5, values=6, sizes=SIZES, seed=0):
    """Pairs of a key and its value, then keys, for each of which its value is asked.

    pairs: how many, their keys all different; queries: keys that are asked for, different ones
    too; keys, values: how many kinds. Returns split -> [(sequence, answer)], such as
    ("c9k8c?", "9"). Source: Ba et al. 2016, "Using fast weights to attend to the recent past",
    section 4.1; with several queries Arora et al. 2023, "Zoology", section 3.

    >>> text, answer = associative_recall(pairs=3, queries=2)["test"][0]
    >>> [text[text.index(text[6 + 2 * k]) + 1] for k in range(2)] == list(answer)
    True
    """
    _check(keys=(keys, pairs, 26), values=(values, 2, 10), queries=(queries, 1, pairs))
    letters, figures = np.array(list(string.ascii_lowercase)), np.array(list(string.digits))

    def draw(random, count):
        key = random.random((count, keys)).argsort(1)[:, :pairs]
        value = random.integers(values, size=(count, pairs))
        asked = random.random((count, pairs)).argsort(1)[:, :queries]
        told = np.stack([letters[key], figures[value]], -1).reshape(count, -1)
        ask = letters[np.take_along_axis(key, asked, 1)]
        ask = np.stack([ask, np.full_like(ask, ASK)], -1).reshape(count, -1)
        answers = figures[np.take_along_axis(value, asked, 1)]
        return zip(_texts(np.concatenate([told, ask], 1)), _texts(answers), strict=True)

    return _splits(draw, sizes, (seed, 4))


def adding(length=100, sizes=SIZES, seed=0):
    """Numbers in [0, 1), two of them marked, and their sum.

    Returns split -> (series float32 (N, length, 2), sums float32 (N,)): the first channel has the
    numbers, the second 1 at two steps, one in each half, and 0 elsewhere. Source: Hochreiter and
    Schmidhuber 1997, "Long short-term memory", section 5.4, in the form of Le, Jaitly and Hinton
    2015, "A simple way to initialize recurrent networks of rectified linear units", section 4.1.

    >>> series, sums = adding(length=10, sizes=(3, 1, 1))["train"]
    >>> bool(np.allclose((series[..., 0] * series[..., 1]).sum(1), sums))
    True
    """
    _check(length=(length, 2, None))
    random, found = np.random.default_rng((seed, 5)), {}
    for split, count in zip(SPLITS, sizes, strict=True):
        series = np.zeros((count, length, 2), "float32")
        series[..., 0] = random.random((count, length), "float32")
        for low, high in ((0, length // 2), (length // 2, length)):
            series[np.arange(count), random.integers(low, high, count), 1] = 1
        found[split] = series, (series[..., 0] * series[..., 1]).sum(1)
    return found


@cache
def sequential_digits():
    """Handwritten digits one pixel after the other, row by row; the splits of `images.digits`.

    Returns split -> (list of series float32 (64, 1) in 0..1, list of labels "0" to "9"). Source:
    Le, Jaitly and Hinton 2015, section 4.2, with 28 x 28 pixels.

    >>> series, labels = sequential_digits()["test"]
    >>> len(series), series[0].shape, labels[0]
    (360, (64, 1), '2')
    """
    return {
        split: (list(pictures.reshape(-1, 64, 1)), [str(label) for label in labels])
        for split, (pictures, labels) in digits().items()
    }


def _texts(characters):
    """Rows of an array of characters, or of one-figure numbers, as strings."""
    return ["".join(row) for row in characters.astype("U1").tolist()]


def _splits(draw, sizes, seed):
    """{split: items} of different items (sequence, answer), from `draw(random, count)`."""
    random, found, total, fruitless = np.random.default_rng(seed), {}, sum(sizes), 0
    while (missing := total - len(found)) > 0:
        before = len(found)
        found.update(draw(random, missing + 16))
        fruitless = fruitless + 1 if len(found) == before else 0
        if fruitless == DRAWS:
            raise InputError(
                f"{total} different sequences, found {before} at most: ask for longer ones, for "
                "more symbols, or for smaller splits"
            )
    items, ends = list(found.items()), np.cumsum(sizes)
    cuts = zip(SPLITS, ends - sizes, ends, strict=True)
    return {split: items[start:end] for split, start, end in cuts}


def _check(**given):
    for name, (value, least, most) in given.items():
        if value < least or (most is not None and value > most):
            expected = f"{least} or more" if most is None else f"{least} to {most}"
            raise InputError(f"{name} is {value}, expected {expected}: choose another")
