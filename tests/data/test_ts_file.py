"""The `.ts` format: what is read, and what is refused with its line."""

import numpy as np
import pytest

from zoo.data import ts_file
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

HEADER = """# two gestures

@problemName Gestures
@timeStamps false
@missing true
@univariate false
@dimensions 2
@equalLength false
@classLabel true left right
@data
"""
FIRST = len(HEADER.split("\n"))  # the number of the first line of data


def written(tmp_path, content):
    path = tmp_path / "series.ts"
    path.write_text(content, encoding="utf-8")
    return path


def read(tmp_path, content):
    return ts_file.read_ts(written(tmp_path, content))


def test_series_of_any_length_with_missing_values(tmp_path):
    series, labels = read(tmp_path, HEADER + "1,2,?:4,5e-1,-6:left\n\n# more\n7 : NaN : right\n")
    assert labels == ["left", "right"]
    assert [x.dtype for x in series] == ["float32", "float32"]
    np.testing.assert_array_equal(series[0], [[1, 4], [2, 0.5], [np.nan, -6]])
    np.testing.assert_array_equal(series[1], [[7, np.nan]])


@pytest.mark.parametrize(
    ("header", "line", "shape", "label"),
    [
        ("@univariate true\n@classLabel true a b\n", "1,2,3:b", (3, 1), ["b"]),
        ("@CLASSLABEL True a b\n", "1:2:3:b", (1, 3), ["b"]),
        ("@dimension 2\n@classLabel false\n", "1,2:3,4", (2, 2), None),
        ("@classLabel true\n@seriesLength 2\n@equalLength true\n", "1,2:any", (2, 1), ["any"]),
        ("@targetLabel false\n@classLabel false\n", "1,2", (2, 1), None),
    ],
)
def test_headers_say_what_a_line_holds(tmp_path, header, line, shape, label):
    (series,), labels = read(tmp_path, f"{header}@data\n{line}\r\n")
    assert (series.shape, labels) == (shape, label)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2:3,4:5,6:left", "3 channels, expected 2: correct the line, or @dimensions"),
        ("1,2:left", "1 channels, expected 2"),
        ("left", "one part only, expected channels and then the label"),
        ("1,2:3:left", "channel 2 has 1 values, expected 2 as in channel 1"),
        ("1,2:3,four:left", "'four' in channel 2, expected a finite number, or [?] for a missing"),
        ("1,2:3,:left", "'' in channel 2, expected a finite number"),
        ("1,inf:3,4:left", "'inf' in channel 1, expected a finite number"),
        ("1,1e39:3,4:left", "'1e39' in channel 1, expected a finite number"),
        ("1,2:3,4:up", "the label 'up', expected one of left, right: correct it, or add it to @c"),
        ("1,2:3,4:", "the label '', expected one of left, right"),
        ("1,2:3,4", "the label '3,4', expected one of left, right"),
        ("(0,1),(1,2):(0,3),(1,4):left", r"'\(0' in channel 1, expected a finite number"),
    ],
)
def test_a_malformed_series_is_named_with_its_line(tmp_path, line, message):
    with pytest.raises(InputError, match=f"line {FIRST + 1}: {message}") as caught:
        read(tmp_path, f"{HEADER}1,2:3,4:left\n{line}\n")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "line", "message"),
    [
        ("", "1,2:a", "line 1: '1,2:a', expected a line of the header, such as @data"),
        ("@clasLabel true a\n@data\n", "1:a", "line 1: '@clasLabel', expected one of @problemname"),
        ("@classLabel true a\n", "", "has no line @data"),
        ("@data\n", "1:a", "has no line @classLabel before @data"),
        ("@classLabel a b\n@data\n", "1:a", "line 1: @classLabel 'a', expected true or false"),
        ("@univariate\n", "1:a", "line 1: @univariate '', expected true or false"),
        ("@dimensions two\n", "1:a", "line 1: @dimensions 'two', expected a whole number from 1"),
        ("@dimensions 0\n", "1:a", "line 1: @dimensions '0', expected a whole number from 1"),
        ("@timeStamps true\n", "1:a", "line 1: @timeStamps true, expected no time stamps: write"),
        ("@targetLabel true\n", "1:a", "line 1: @targetLabel true, expected no targets of a reg"),
        ("@classLabel true a\n@data\n", "", "has nothing behind @data, expected one series a li"),
        ("@classLabel true a\n@data\n1:2:a\n", "1:a", "line 4: 1 channels, expected 2"),
        (
            "@equalLength true\n@classLabel true a\n@data\n1,2:a\n",
            "1:a",
            "line 5: 1 steps, expected 2 as @equalLength: correct the line, or say @equalLength",
        ),
        (
            "@equalLength true\n@seriesLength 3\n@classLabel true a\n@data\n",
            "1:a",
            "line 5: 1 steps, expected 3",
        ),
    ],
)
def test_a_malformed_header_is_named(tmp_path, header, line, message):
    with pytest.raises(InputError, match=message) as caught:
        read(tmp_path, f"{header}{line}\n")
    assert "\n" not in str(caught.value) and "series.ts" in str(caught.value)


def test_a_missing_empty_or_binary_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no file"):
        ts_file.read_ts(tmp_path / "none.ts")
    with pytest.raises(InputError, match="has no line @data"):
        read(tmp_path, "")
    (tmp_path / "series.ts").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not UTF-8"):
        ts_file.read_ts(tmp_path / "series.ts")
