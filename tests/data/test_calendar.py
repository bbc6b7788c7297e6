"""Times: read from text, steps found and carried on, cycles as features."""

import numpy as np
import pytest

from zoo.data import calendar
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2010-01-31", "2010-01-31T00:00:00"),
        (" 2010/01/31 14:05 ", "2010-01-31T14:05:00"),
        ("2010-01-31T14:05:06", "2010-01-31T14:05:06"),
        ("2010-01-31T14:00+02:00", "2010-01-31T12:00:00"),
        ("2010-03", "2010-03-01T00:00:00"),
        ("1700", "1700-01-01T00:00:00"),
    ],
)
def test_time_stamps_are_read_as_they_are_written(cell, expected):
    assert calendar.parse_time(cell) == np.datetime64(expected)


@pytest.mark.parametrize("cell", ["", "yesterday", "2010-13-01", "31.01.2010", "5"])
def test_what_is_no_time_is_refused(cell):
    with pytest.raises(ValueError):
        calendar.parse_time(cell)


@pytest.mark.parametrize(
    ("start", "frequency"),
    [
        ("2010-01-01T00:00:30", "30s"),
        ("2010-01-01", "15min"),
        ("2010-01-01", "h"),
        ("2010-01-01", "D"),
        ("2010-01-01", "2W"),
        ("2010-01-31", "M"),
        ("2010-01-01", "3M"),
        ("1896-01-01", "Y"),
    ],
)
def test_times_that_are_carried_on_have_their_frequency(start, frequency):
    start = np.datetime64(start, "s")
    times = np.r_[start, calendar.later(start, frequency, 40)]
    assert calendar.infer_frequency(times).lower() == frequency.lower()
    assert calendar.first_gap(times, frequency) is None
    assert calendar.first_gap(np.delete(times, 7), frequency) == 7
    assert (np.diff(times).astype(int) > 0).all()


def test_months_end_where_they_end():
    later = calendar.later(np.datetime64("2012-01-31", "s"), "M", 3)
    assert later.astype("M8[D]").astype(str).tolist() == ["2012-02-29", "2012-03-31", "2012-04-30"]


@pytest.mark.parametrize("text", ["", "0h", "hourly", "1.5h", "-1D", "h2"])
def test_an_unknown_frequency_is_refused(text):
    with pytest.raises(InputError, match="for example h or 15min"):
        calendar.parse_frequency(text)


def test_features_come_round_with_their_cycle():
    times = calendar.later(np.datetime64("2010-01-03T23", "s"), "h", 24 * 14)
    day, week = (calendar.features(times, [name]) for name in ("day", "week"))
    np.testing.assert_allclose(day[:24], day[24:48], atol=1e-12)
    np.testing.assert_allclose(week[:168], week[168:], atol=1e-12)
    np.testing.assert_allclose(week[0], [0, 1], atol=1e-12)  # a Monday
    assert len(np.unique(week[:168].round(6), axis=0)) == 7
    every = calendar.features(times, ["day", "week", "year"])
    np.testing.assert_allclose((every**2).reshape(-1, 3, 2).sum(-1), 1)
    assert calendar.features(times, []).shape == (len(times), 0)
