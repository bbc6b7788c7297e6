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


@pytest.mark.parametrize("row", ["alone", "a\tb\tc", "a\t", "\tb"])
def test_a_malformed_row_is_named_with_its_line(tmp_path, row):
    with pytest.raises(InputError, match=r"line 3: .* is not 'source TAB target'"):
        pairs.read_tsv(written(tmp_path, f"a\tb\n\n{row}\n"))


def test_too_few_sources_are_refused(tmp_path):
    with pytest.raises(InputError, match="1 different source"):
        pairs.read_tsv(written(tmp_path, "a\tb\na\tc\n"))
