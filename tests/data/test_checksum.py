"""One sum for equal data, another for different data, whatever they are made of."""

from dataclasses import dataclass

import numpy as np
import pytest

from zoo.data.checksum import checksum

pytestmark = pytest.mark.neutral


@dataclass(frozen=True, eq=False)
class Series:
    values: np.ndarray
    times: np.ndarray


DIFFERENT = [
    "ab",
    b"ab",
    ["ab"],
    ["a", "b"],
    [["a"], ["b"]],
    [["a", "b"], []],
    [("word", ["W ER D", "W AO D"])],
    {"train": ["ab"], "test": []},
    {"train": [], "test": ["ab"]},
    1,
    1.0,
    "1",
    True,
    None,
    float("nan"),
    float("inf"),
    np.arange(6),
    np.arange(6).reshape(2, 3),
    np.arange(6).reshape(3, 2),
    np.arange(6, dtype="uint8"),
    np.arange(6, dtype="float32"),
    list(range(6)),
    [np.arange(3), np.arange(4)],
    [np.arange(3), np.arange(3)],
    np.array(["2020-01-01"], "datetime64[s]"),
    np.array(["2020-01-02"], "datetime64[s]"),
    Series(np.arange(3.0), np.array(["2020-01-01"], "datetime64[D]")),
    Series(np.arange(4.0), np.array(["2020-01-01"], "datetime64[D]")),
]


def test_different_data_have_different_sums():
    sums = [checksum(value) for value in DIFFERENT]
    assert len(set(sums)) == len(DIFFERENT)
    assert sums == [checksum(value) for value in DIFFERENT]


@pytest.mark.parametrize(
    "one, other",
    [
        (("a", 1), ["a", 1]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.float64(0.5), 0.5),
        (np.arange(6, dtype="float32"), np.arange(6, dtype="float64")),
        (np.array([1.5, np.nan]), np.array([1.5, -np.nan])),
        (np.array([0.0, 1.0]), np.array([-0.0, 1.0])),
        (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
        (np.arange(6, dtype="<i4"), np.arange(6, dtype=">i4")),
        (np.arange(6.0, dtype="<f4"), np.arange(6.0, dtype=">f4")),
        (np.array(["2020-01-01"], "datetime64[s]"), np.array(["2020-01-01"], "datetime64[D]")),
    ],
)
def test_equal_data_have_equal_sums(one, other):
    assert checksum(one) == checksum(other)


def test_the_last_bits_of_a_float_do_not_count():
    wave = np.sin(np.arange(1, 2000) / 10)
    assert checksum(wave) == checksum(np.nextafter(wave, 2)) != checksum(wave + 1e-5)


def test_what_has_no_order_or_no_values_is_refused():
    for value in ({"a", "b"}, object(), [lambda: 1]):
        with pytest.raises(TypeError, match="has no checksum"):
            checksum(value)
