"""The synthetic probes: every answer is right by a reading of its own, no split knows another."""

import numpy as np
import pytest

from zoo.data import probes
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

SIZES = (60, 20, 20)


def copied(text):
    """The symbols of a sequence that are neither blank nor a question."""
    return "".join(symbol for symbol in text if symbol not in ".?")


def odd(text):
    """For each prefix, whether its ones are odd in number, counted anew."""
    return "".join(str(text[: t + 1].count("1") % 2) for t in range(len(text)))


def recalled(text):
    """For each question the symbol behind the first place of the key before it."""
    keys = [text[t - 1] for t, symbol in enumerate(text) if symbol == "?"]
    return "".join(text[text.index(key) + 1] for key in keys)


TEXTS = [
    (probes.selective_copying, copied),
    (probes.parity, odd),
    (probes.associative_recall, recalled),
]


@pytest.mark.parametrize("generator, reading", TEXTS)
def test_every_answer_is_right(generator, reading):
    for rows in generator(sizes=SIZES, seed=3).values():
        assert [answer for _, answer in rows] == [reading(text) for text, _ in rows]


@pytest.mark.parametrize("generator, reading", TEXTS)
def test_no_sequence_is_there_twice(generator, reading):
    data = generator()
    texts = [text for split in probes.SPLITS for text, _ in data[split]]
    assert [len(data[split]) for split in probes.SPLITS] == list(probes.SIZES)
    assert len(set(texts)) == len(texts)


def test_short_bits_are_there_once_too():
    data = probes.parity(shortest=1, longest=6, longer=20, sizes=(100, 13, 13))
    texts = [text for split in probes.SPLITS for text, _ in data[split]]
    assert len(set(texts)) == 126 == sum(2**n for n in range(1, 7))  # all that there are
    assert {len(text) for text, _ in data["longer"]} == {20} and len(data["longer"]) == 13


def test_more_sequences_than_there_are_is_refused():
    with pytest.raises(InputError, match="17 different sequences, found 16 at most"):
        probes.selective_copying(length=2, tokens=2, symbols=4, sizes=(9, 4, 4))


def test_a_sum_is_that_of_one_marked_number_in_each_half():
    data = probes.adding(length=11, sizes=SIZES, seed=1)
    for series, sums in data.values():
        assert series.dtype == sums.dtype == np.float32
        for values, total in zip(series, sums, strict=True):
            (first, second) = (t for t in range(11) if values[t, 1])
            assert first < 5 <= second and set(values[:, 1]) == {0, 1}
            assert total == pytest.approx(values[first, 0] + values[second, 0])
    rows = np.concatenate([series.reshape(len(series), -1) for series, _ in data.values()])
    assert len(np.unique(rows, axis=0)) == sum(SIZES)


def test_the_mean_as_the_sum_has_the_error_that_the_papers_say():
    _, sums = probes.adding(length=4, sizes=(20_000, 1, 1))["train"]
    assert np.mean((sums - 1) ** 2) == pytest.approx(1 / 6, abs=0.005)


@pytest.mark.parametrize(
    "generator",
    [probes.selective_copying, probes.parity, probes.associative_recall, probes.adding],
)
def test_a_seed_says_all(generator):
    same, again, other = (generator(sizes=SIZES, seed=seed) for seed in (1, 1, 2))
    for split in same:
        for a, b, c in zip(same[split], again[split], other[split], strict=True):
            assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_the_pixels_of_a_digit_come_row_by_row():
    from sklearn.datasets import load_digits

    series, labels = probes.sequential_digits()["test"]
    images, truth = load_digits().images[-360:] / 16, load_digits().target[-360:]
    assert labels == [str(label) for label in truth]
    for x, image in zip(series, images, strict=True):
        np.testing.assert_allclose(x[:, 0], [v for row in image for v in row], rtol=1e-6)


@pytest.mark.parametrize(
    "make, line",
    [
        (lambda: probes.selective_copying(length=3, tokens=4), "tokens is 4, expected 1 to 3"),
        (lambda: probes.selective_copying(symbols=27), "symbols is 27, expected 2 to 26"),
        (lambda: probes.associative_recall(pairs=9), "keys is 5, expected 9 to 26"),
        (lambda: probes.associative_recall(queries=5), "queries is 5, expected 1 to 3"),
        (lambda: probes.parity(longer=40), "longer is 40, expected 41 or more"),
        (lambda: probes.adding(length=1), "length is 1, expected 2 or more"),
    ],
)
def test_what_cannot_be_is_one_line(make, line):
    with pytest.raises(InputError, match=line) as error:
        make()
    assert "\n" not in str(error.value)
