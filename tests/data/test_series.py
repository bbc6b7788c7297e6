"""Sine recipes, windows, numbers from a CSV."""

import math

import numpy as np
import pytest

from zoo.data import series
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


def test_sine_excludes_the_end_and_keeps_its_step():
    values = series.sine()
    assert values.shape == (3142,) and values.dtype == np.float32
    np.testing.assert_allclose(values[100], math.sin(-50 * math.pi + 10.0), atol=1e-6)
    assert series.sine(0, 1, 0.25).shape == (4,)


def test_a_window_is_followed_by_its_target():
    values = np.arange(20.0).reshape(10, 2)
    inputs, targets = series.windows(values, 4)
    assert inputs.shape == (6, 4, 2) and targets.shape == (6, 2)
    for n in range(6):
        np.testing.assert_array_equal(inputs[n], values[n : n + 4])
        np.testing.assert_array_equal(targets[n], values[n + 4])


def test_a_series_of_window_plus_one_gives_one_window_and_a_shorter_one_is_refused():
    assert len(series.windows(np.arange(5.0), 4)[0]) == 1
    with pytest.raises(InputError, match="4 values; a window of 4 needs 5"):
        series.windows(np.arange(4.0), 4)
    with pytest.raises(InputError, match="window=0"):
        series.windows(np.arange(4.0), 0)


def test_series_are_padded_behind_and_none_is_cut():
    values, lengths = series.pad([np.ones((2, 3)), np.ones((4, 3))], length=5)
    assert values.shape == (2, 5, 3) and values.dtype == np.float32
    np.testing.assert_array_equal(values.sum((1, 2)), lengths * 3)
    np.testing.assert_array_equal(values[0, 2:], 0)
    with pytest.raises(InputError, match="4 steps does not fit into 3"):
        series.pad([np.ones((4, 1))], length=3)


def test_segments_are_pi_long_and_continue_one_another():
    sines, cosines = series.sine_cosine_segments(segments=3, steps=5)
    time = np.arange(15) * math.pi / 5
    np.testing.assert_allclose(sines.ravel(), np.sin(time), atol=1e-6)
    np.testing.assert_allclose(cosines.ravel(), np.cos(time), atol=1e-6)


def written(tmp_path, content):
    path = tmp_path / "series.csv"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("content", ["1\n2.5\n-3\n", "value\n1\n2.5\n-3\n", "1\r\n2.5\r\n\r\n-3"])
def test_a_column_is_read_with_and_without_a_header(tmp_path, content):
    np.testing.assert_allclose(series.read_csv(written(tmp_path, content)), [1, 2.5, -3])


def test_a_column_is_chosen_by_name_or_position(tmp_path):
    path = written(tmp_path, "year,spots\n1700,5\n1701,11\n")
    np.testing.assert_allclose(series.read_csv(path, "spots"), [5, 11])
    np.testing.assert_allclose(series.read_csv(path, "2"), [5, 11])
    with pytest.raises(
        InputError, match=r"several columns \(year, spots\), expected one: keep one"
    ):
        series.read_csv(path)
    with pytest.raises(InputError, match="no column 'moons'"):
        series.read_csv(path, "moons")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1\nnan\n3\n", "line 2: 'nan' is not a finite number"),
        ("x\n1\nhello\n", "line 3: 'hello' is not a finite number"),
        ("x\n1\ninf\n", "line 3: 'inf'"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cells, expected 2 as in the first line"),
        ("b\n2\n3,5\n", "line 3 has 2 cells, expected 1"),
        ("1\n1e300\n", "line 2: '1e300' is not a finite number"),
        ("", "is empty"),
        ("x\n1\n" + "2" * 200_000, "line 3 is not CSV"),
        ("value\n", "header only"),
    ],
)
def test_what_is_no_number_is_named_with_its_line(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        series.read_csv(written(tmp_path, content), None if "," not in content else "b")


def test_a_missing_csv_is_named(tmp_path):
    with pytest.raises(InputError, match="no file"):
        series.read_csv(tmp_path / "none.csv")
