"""Text cut into words: the Cantonese corpus and the user's own file."""

import gzip
import itertools
import re

import pytest

from zoo.data import segmented, sources
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


def letters(text):
    return "".join(re.findall(r"\w", text)).lower()


def test_no_utterance_is_in_two_splits_or_twice_in_one():
    rows = [letters(text) for split in segmented.cantonese().values() for text, _ in split]
    assert len(rows) == len(set(rows)) == sources.SOURCES["cantonese"].rows


def test_no_recording_is_in_two_splits():
    lines = gzip.decompress(sources.verify("cantonese").read_bytes()).decode().splitlines()[1:]
    found = {}
    for line in lines:
        recording, split, _ = line.split("\t")
        found.setdefault(split, set()).add(recording)
    assert {split: len(names) for split, names in found.items()} == {
        "train": 37,
        "validation": 6,
        "test": 6,
    }
    assert all(not a & b for a, b in itertools.combinations(found.values(), 2))


def test_words_make_the_text_and_end_where_units_end():
    for split in segmented.cantonese().values():
        for text, words in split:
            assert text.replace(" ", "") == "".join(words)
            units = [unit.group() for unit in segmented.units(text)]
            assert units == [unit.group() for word in words for unit in segmented.units(word)]


def test_own_sentences_are_read_and_split_by_seed(tmp_path):
    path = tmp_path / "cut.txt"
    rows = [f"第 {k} 句  call機 話 Hong Kong ." for k in range(30)]
    path.write_text("\n\n".join([*rows, rows[0].replace(" ", "")]) + "\n", "utf-8")
    splits = segmented.read_segmented(path)
    assert [len(split) for split in splits.values()] == [24, 3, 3]
    found = [item for split in splits.values() for item in split]
    assert sorted(words[1] for _, words in found) == sorted(str(k) for k in range(30))
    assert dict(found)["第7句call機話Hong Kong."][2] == "句"
    assert splits == segmented.read_segmented(path)
    assert splits != segmented.read_segmented(path, seed=1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 different sentence"),
        ("好 啊\n好 啊\n\n好啊".encode(), "1 different sentence"),
        ("早晨\n你好\n再見".encode(), "one word a line"),
        ("去 食 飯".encode("big5hkscs"), "not UTF-8"),
    ],
)
def test_unusable_files_are_one_line_errors(tmp_path, content, words):
    path = tmp_path / "cut.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as error:
        segmented.read_segmented(path)
    assert "\n" not in str(error.value) and "cut.txt" in str(error.value)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no file"):
        segmented.read_segmented(tmp_path / "none.txt")
