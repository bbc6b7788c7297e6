"""The user's own captions: a CSV of path and text, and what can be wrong with it."""

import numpy as np
import pytest
from PIL import Image

from zoo.data import captions
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures of one colour each, 0.png to 11.png, and a copy of the first."""
    (tmp_path / "some").mkdir()
    for k in range(12):
        Image.new("RGB", (20, 10), (20 * k, 0, 0)).save(tmp_path / "some" / f"{k}.png")
    Image.new("RGB", (20, 10), (0, 0, 0)).save(tmp_path / "copy.png")
    return tmp_path


def written(folder, *rows, header="path,text"):
    path = folder / "captions.csv"
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def texts(split):
    return [found for _, found in split]


def numbered(count):
    return [f"some/{k}.png,Number {k}" for k in range(count)]


def test_pictures_are_scaled_and_equal_ones_are_one_with_all_their_captions(folder):
    path = written(folder, *numbered(12), 'copy.png,"Black,  they say"', "some/0.png,number 0")
    splits = captions.read_captions(path, size=8)
    assert [len(split) for split in splits.values()] == [10, 1, 1]
    items = [item for split in splits.values() for item in split]
    assert all(image.shape == (8, 8, 3) and image.dtype == np.uint8 for image, _ in items)
    texts = {int(image[0, 0, 0]): texts for image, texts in items}
    assert texts[0] == ["number 0", "black, they say"]
    assert texts[20] == ["number 1"]


def test_the_split_depends_on_the_seed_or_on_a_column(folder):
    path = written(folder, *numbered(12))
    first, again, other = (captions.read_captions(path, seed=seed)["train"] for seed in (0, 0, 1))
    assert texts(first) == texts(again) != texts(other)
    splits = ("test", "train", "train")
    rows = [f"{row},{split}" for row, split in zip(numbered(3), splits, strict=True)]
    split = captions.read_captions(written(folder, *rows, header="path,text,split"))
    assert [len(part) for part in split.values()] == [2, 0, 1]


@pytest.mark.parametrize(
    ("header", "rows", "words"),
    [
        (
            "path,caption",
            ["some/0.png,a"],
            "no column 'text'; its columns are: path, caption; give it a",
        ),
        ("path,text", [], "has a header only"),
        ("path,text,text", ["some/0.png,a,b"], "has 2 columns 'text'; keep one"),
        ("path,text", ["some/0.png,a", "copy.png,b"], "1 different picture"),
        ("path,text", ["some/0.png, "], "line 2: empty text"),
        ("path,text", [",a"], "line 2: empty path"),
        ("path,text", ["some/0.png,a,b"], "line 2: 3 cells, expected 2"),
        ("path,text", ["some/99.png,a"], "line 2: no file"),
        ("path,text", ["some,a"], "line 2: .* is not a readable picture"),
        ("path,text", ["captions.csv,a"], "line 2: .* is not a readable picture"),
        ("path,text,split", ["some/0.png,a,dev"], "line 2: split 'dev'; expected train"),
        ("path,text,split", ["some/0.png,a,test", "copy.png,a,train"], "in the splits 'test' and"),
        (
            "path,text,split",
            [f"{row},train" for row in numbered(3)],
            "no row whose split is 'test'",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(folder, header, rows, words):
    with pytest.raises(InputError, match=words) as error:
        captions.read_captions(written(folder, *rows, header=header))
    assert "\n" not in str(error.value)


def test_an_empty_file_and_another_encoding_are_errors(folder):
    path = folder / "captions.csv"
    path.write_bytes(b"")
    with pytest.raises(InputError, match="is empty; expected a header with 'path' and 'text'"):
        captions.read_captions(path)
    path.write_bytes("path,text\nsome/0.png,café\n".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        captions.read_captions(path)
