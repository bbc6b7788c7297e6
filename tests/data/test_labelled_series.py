"""Spoken vowels and the user's `.ts` file: which series is in which split."""

import numpy as np
import pytest

from zoo.data import labelled_series, sources
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


def written(tmp_path, rows, channels=2, name="mine.ts", labelled="true"):
    """A `.ts` file with (label, steps) rows; values say which row they are of."""
    lines = []
    for k, (label, steps) in enumerate(rows):
        values = ":".join([",".join([str(k)] * steps)] * channels)
        lines.append(f"{values}:{label}" if labelled == "true" else values)
    header = f"@dimensions {channels}\n@classLabel {labelled}\n@data\n"
    path = tmp_path / name
    path.write_text(header + "\n".join(lines))
    return path


def rows_of(split):
    return [int(values[0, 0]) for values in split[0]]


TWENTY = [("ab"[k % 2], 3 + k % 4) for k in range(20)]


def test_the_published_parts_of_vowels_are_kept():
    splits = labelled_series.vowels()
    assert {name: len(labels) for name, (_, labels) in splits.items()} == {
        "train": 243,
        "validation": 27,
        "test": 370,
    }
    assert sum(len(labels) for _, labels in splits.values()) == sources.SOURCES["vowels"].rows
    speakers = [str(k) for k in range(1, 10)]
    assert [splits["train"][1].count(s) for s in speakers] == [27] * 9
    assert [splits["validation"][1].count(s) for s in speakers] == [3] * 9
    test = [splits["test"][1].count(s) for s in speakers]
    assert test == [31, 35, 88, 44, 29, 24, 40, 50, 29]


def test_speakers_are_mixed():
    for _, labels in labelled_series.vowels().values():
        assert len(set(labels[:20])) > 5


def test_no_series_of_vowels_is_in_two_splits():
    series = [values for split, _ in labelled_series.vowels().values() for values in split]
    assert len({values.tobytes() for values in series}) == 640
    assert {values.shape[1] for values in series} == {12}
    assert (min(map(len, series)), max(map(len, series))) == (7, 29)
    assert all(np.isfinite(values).all() for values in series)


def test_a_file_is_divided_by_label_and_seed(tmp_path):
    path = written(tmp_path, TWENTY)
    splits = labelled_series.read_labelled_ts(path)
    assert {name: sorted(labels) for name, (_, labels) in splits.items()} == {
        "train": ["a"] * 7 + ["b"] * 7,
        "validation": ["a", "b"],
        "test": ["a", "a", "b", "b"],
    }
    rows = [row for split in splits.values() for row in rows_of(split)]
    assert sorted(rows) == list(range(20))
    for series, labels in splits.values():
        found = [TWENTY[row] for row in rows_of((series, labels))]
        assert found == [(of, len(x)) for of, x in zip(labels, series, strict=True)]
    again, other = (labelled_series.read_labelled_ts(path, seed=s) for s in (0, 1))
    assert rows_of(again["test"]) == rows_of(splits["test"]) != rows_of(other["test"])


def test_a_pair_keeps_its_test_split(tmp_path):
    train = written(tmp_path, TWENTY, name="Mine_TRAIN.ts")
    test = written(tmp_path, [("a", 9), ("b", 8)], name="Mine_TEST.ts")
    splits = labelled_series.read_labelled_ts(train)
    assert [len(labels) for _, labels in splits.values()] == [18, 2, 2]
    assert {len(x): label for x, label in zip(*splits["test"], strict=True)} == {9: "a", 8: "b"}
    written(tmp_path, [("a", 9), ("b", 8)], channels=3, name="Mine_TEST.ts")
    with pytest.raises(InputError, match=r"has 3 channels, expected 2 as in .*TRAIN"):
        labelled_series.read_labelled_ts(train)
    written(tmp_path, [("a", 9), ("c", 8)], name="Mine_TEST.ts")
    with pytest.raises(InputError, match=r"the label 'c', expected one of a, b as in .*TRAIN"):
        labelled_series.read_labelled_ts(train)
    test.unlink()
    assert len(labelled_series.read_labelled_ts(train)["test"][1]) == 4


@pytest.mark.parametrize(
    ("rows", "labelled", "message"),
    [
        ([("a", 3)] * 5, "true", "has one label only .'a'., expected two or more"),
        ([("a", 3)] * 5 + [("b", 3)] * 2, "true", "has 2 series labelled 'b', expected 3 or more"),
        ([("a", 3)] * 5, "false", "has no labels .@classLabel false., expected one behind each"),
    ],
)
def test_what_cannot_be_divided_is_refused(tmp_path, rows, labelled, message):
    with pytest.raises(InputError, match=message) as caught:
        labelled_series.read_labelled_ts(written(tmp_path, rows, labelled=labelled))
    assert "\n" not in str(caught.value)
