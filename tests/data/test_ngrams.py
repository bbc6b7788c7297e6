"""Interpolated n-grams: by hand, against a plain count, and all chances together make one."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from zoo.data import text, vocabulary
from zoo.data.ngrams import SMOOTHINGS, NGram, best
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

LONG = np.random.default_rng(0).choice(9, 3000, p=np.arange(1, 10) / 45)


def chances(model, history):
    """The probability of each token behind `history`."""
    return np.array([model.probabilities([*history, w])[-1] for w in range(model.size)])


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_chances_sum_to_one_behind_anything(order, smoothing):
    model = NGram(LONG, size=11, order=order, smoothing=smoothing)
    for history in ([], [3], [8, 8, 8, 8], [1, 2, 3, 4, 5], [9, 10], [10, 1, 0, 10]):
        found = chances(model, history)
        assert (found > 0).all()
        np.testing.assert_allclose(found.sum(), 1, rtol=1e-12)


def test_witten_bell_by_hand():
    # "0" 3 times, "1" twice, "2" once; behind "0": "1" twice and "2" once; behind "1": "0" twice.
    model = NGram([0, 1, 0, 1, 0, 2], size=4, order=2, smoothing="witten_bell")
    one = [c / 9 + 3 / 9 / 4 for c in (3, 2, 1, 0)]
    np.testing.assert_allclose(chances(model, []), one)
    behind_0 = [c / 5 + 2 / 5 * p for c, p in zip((0, 2, 1, 0), one, strict=True)]
    np.testing.assert_allclose(chances(model, [0]), behind_0)
    np.testing.assert_allclose(chances(model, [3]), one)  # never seen: the lower order
    np.testing.assert_allclose(model.probabilities([0, 2]), [one[0], behind_0[2]])


def test_kneser_ney_by_hand():
    """Too few n-grams to estimate discounts: each is 1/2."""
    # Pairs: 01 twice, 10 twice, 02 once. So each token follows one other: "0" the 1, "1" and "2"
    # the 0.
    model = NGram([0, 1, 0, 1, 0, 2], size=4, order=2)
    one = [c / 3 + 1.5 / 3 / 4 for c in (0.5, 0.5, 0.5, 0)]
    np.testing.assert_allclose(chances(model, []), one)
    behind_0 = [c / 3 + 1 / 3 * p for c, p in zip((0, 1.5, 0.5, 0), one, strict=True)]
    np.testing.assert_allclose(chances(model, [0]), behind_0)


def test_kneser_ney_equals_a_plain_count():
    """The same equations, one n-gram at a time."""

    def level(k):
        grams = [tuple(LONG[i : i + k]) for i in range(len(LONG) - k + 1)]
        if k == 3:
            return Counter(grams)
        longer = {tuple(LONG[i : i + k + 1]) for i in range(len(LONG) - k)}
        return Counter(gram[1:] for gram in longer)

    def discounts(counts):
        n = Counter(counts.values())
        if not (n[1] and n[2] and n[3]):
            return {1: 0.5, 2: 0.5, 3: 0.5}
        y = n[1] / (n[1] + 2 * n[2])
        return {k: float(np.clip(k - (k + 1) * y * n[k + 1] / n[k], 0.1, k)) for k in (1, 2, 3)}

    def chance(gram):
        if not gram:
            return 1 / 9
        counts = level(len(gram))
        d, behind = discounts(counts), defaultdict(dict)
        for g, c in counts.items():
            behind[g[:-1]][g] = c
        found = behind.get(gram[:-1])
        if not found:
            return chance(gram[1:])
        total = sum(found.values())
        rest = sum(d[min(c, 3)] for c in found.values()) / total
        c = found.get(gram, 0)
        return (c - d[min(c, 3)] if c else 0) / total + rest * chance(gram[1:])

    model = NGram(LONG, size=9, order=3)
    for gram in [(8, 8, 8), (0, 1, 2), (0, 0, 0), (3, 0, 5)]:
        np.testing.assert_allclose(model.probabilities(gram)[-1], chance(gram), rtol=1e-10)


def test_what_was_seen_is_likelier_and_more_context_helps_on_real_text():
    words = text.english()["train"][:60_000]
    tokenizer = vocabulary.characters([words])
    ids = vocabulary.encode(tokenizer, [words])[0] - vocabulary.END
    size = tokenizer.get_vocab_size() - vocabulary.END
    train, rest = ids[:50_000], ids[50_000:]
    nats = [best(train, rest, size, order).nats(rest).mean() for order in (1, 2, 3)]
    assert nats[0] > nats[1] > nats[2] > 0.5
    assert len(best(train, rest, size, 2).nats(rest)) == len(rest) - 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: NGram([0, 5], 5, 1), "tokens from 0 to 5, expected 0 to 4"),
        (lambda: NGram([0, -1], 5, 1), "tokens from -1 to 0"),
        (lambda: NGram([0, 1], 5, 3), "2 tokens, expected 3 or more"),
        (lambda: NGram([0, 1], 5, 1, "laplace"), "smoothing 'laplace' is not one of kneser_ney"),
        (lambda: NGram([0] * 9, 10**6, 4), "order 4 with 1000000 tokens is too high"),
        (lambda: NGram([0, 1], 5, 1).nats([0, 7]), "tokens from 0 to 7"),
    ],
)
def test_bad_input_is_one_line(call, words):
    with pytest.raises(InputError) as error:
        call()
    assert words in str(error.value) and "\n" not in str(error.value)
