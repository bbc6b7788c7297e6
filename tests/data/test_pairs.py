"""The user's two-column file."""

import pytest

from zoo.data import pairs
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


def written(tmp_path, content):
    path = tmp_path / "pairs.tsv"
    path.write_text(content, encoding="utf-8")
    return path


def test_rows_with_one_source_become_one_item_in_one_split(tmp_path):
    lines = [f"w{i}\tt{i}\nw{i}\tu{i}\nw{i}\tt{i}\n" for i in range(50)]
    splits = pairs.read_tsv(written(tmp_path, "\n".join(lines)))
    assert [len(items) for items in splits.values()] == [40, 5, 5]
    items = [item for split in splits.values() for item in split]
    assert sorted(items) == sorted((f"w{i}", [f"t{i}", f"u{i}"]) for i in range(50))


def test_the_split_depends_on_the_seed_only(tmp_path):
    path = written(tmp_path, "".join(f"w{i}\tt{i}\n" for i in range(50)))
    assert pairs.read_tsv(path) == pairs.read_tsv(path)
    assert pairs.read_tsv(path) != pairs.read_tsv(path, seed=1)


def test_a_third_column_names_the_splits(tmp_path):
    rows = "a\tb\ttrain\nc\td\ttest\ne\tf\tvalidation\na\tg\ttrain\n"
    splits = pairs.read_tsv(written(tmp_path, rows))
    assert splits == {"train": [("a", ["b", "g"])], "validation": [("e", ["f"])]} | {
        "test": [("c", ["d"])]
    }


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("a\tb\ttrain\nc\td\n", "line 2 has 2 columns, the first has 3"),
        ("a\tb\nc\td\ttest\n", "line 2 has 3 columns, the first has 2"),
        ("a\tb\tdev\n", "line 1: split 'dev'; expected train, validation, test"),
        ("a\tb\ttrain\na\tc\ttest\n", "line 2: 'a' is in train and in test"),
        ("a\tb\ttrain\nc\td\ttrain\ne\tf\ttrain\n", "no row whose split is 'test'"),
        ("", "0 different source"),
    ],
)
def test_splits_that_do_not_hold_are_refused(tmp_path, rows, words):
    with pytest.raises(InputError, match=words):
        pairs.read_tsv(written(tmp_path, rows))


def test_a_missing_file_and_another_encoding_are_refused(tmp_path):
    with pytest.raises(InputError, match="no file"):
        pairs.read_tsv(tmp_path / "none.tsv")
    (tmp_path / "latin.tsv").write_bytes("año\tyear\n".encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8"):
        pairs.read_tsv(tmp_path / "latin.tsv")


@pytest.mark.parametrize("row", ["alone", "a\tb\tc\td", "a\t", "\tb"])
def test_a_malformed_row_is_named_with_its_line(tmp_path, row):
    with pytest.raises(InputError, match=r"line 3: .* is not 'source TAB target'"):
        pairs.read_tsv(written(tmp_path, f"a\tb\n\n{row}\n"))


def test_too_few_sources_are_refused(tmp_path):
    with pytest.raises(InputError, match="1 different source"):
        pairs.read_tsv(written(tmp_path, "a\tb\na\tc\n"))
