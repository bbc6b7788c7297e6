"""The user's text, and the batches of a language model."""

import numpy as np
import pytest

from zoo.data import text
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


def written(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_text_is_split_in_order_and_nothing_is_lost(tmp_path):
    content = "".join(chr(97 + i % 26) for i in range(1000))
    splits = text.read_text(written(tmp_path, content))
    assert [len(part) for part in splits.values()] == [900, 50, 50]
    assert "".join(splits.values()) == content


def test_a_text_that_is_short_missing_or_not_utf8_is_refused(tmp_path):
    with pytest.raises(InputError, match="5 characters; expected 200"):
        text.read_text(written(tmp_path, "hello"))
    with pytest.raises(InputError, match="not UTF-8 \\(byte 3\\)"):
        text.read_text(written(tmp_path, b"caf\xe9 " * 100))
    with pytest.raises(InputError, match="no file"):
        text.read_text(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("hello".encode("utf-16"), "'.*file' is not UTF-8 but UTF-16; convert it to UTF-8 first"),
        ("two\nlines".encode("utf-16-le"), r"is no UTF-8 text \(a NUL in line 1\); convert it"),
        (b"PK\3\4\n\0", r"is no UTF-8 text \(a NUL in line 2\)"),
    ],
)
def test_what_is_no_text_is_refused_and_a_folder_too(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        text.read_utf8(written(tmp_path, content))
    with pytest.raises(InputError, match="is a folder; give the path of a text file"):
        text.read_utf8(tmp_path)
    with pytest.raises(InputError, match=r"cannot be read \(embedded null byte\)"):
        text.read_utf8("\0")


def test_line_ends_of_every_system_are_one(tmp_path):
    assert text.read_utf8(written(tmp_path, b"\xef\xbb\xbfa\r\nb\rc\n")) == "a\nb\nc\n"


def test_each_row_goes_on_where_it_ended_in_the_batch_before():
    inputs, targets = text.continuous_batches(np.arange(1000), batch=4, steps=7)
    assert inputs.shape == targets.shape == (35, 4, 7)
    np.testing.assert_array_equal(targets, inputs + 1)
    np.testing.assert_array_equal(inputs[1:, :, 0], inputs[:-1, :, -1] + 1)
    assert len(np.unique(inputs)) == inputs.size


def test_a_stream_of_one_batch_fits_and_a_shorter_one_is_refused():
    assert len(text.continuous_batches(np.arange(7), batch=2, steps=3)[0]) == 1
    with pytest.raises(InputError, match="6 tokens to train on, expected 7 or more"):
        text.continuous_batches(np.arange(6), batch=2, steps=3)
