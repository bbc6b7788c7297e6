"""The user's text and CSV, and the batches of a language model."""

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


def rows(count, label):
    return "".join(f"{label} text number {i},{label}\n" for i in range(count))


def test_a_csv_is_split_by_label_and_seed(tmp_path):
    path = written(tmp_path, "text,label\n" + rows(100, "good") + rows(20, "bad"))
    splits = text.read_labelled_csv(path)
    assert [labels.count("good") for _, labels in splits.values()] == [70, 10, 20]
    assert [labels.count("bad") for _, labels in splits.values()] == [14, 2, 4]
    assert splits == text.read_labelled_csv(path)
    assert splits != text.read_labelled_csv(path, seed=1)


def test_equal_texts_are_dropped_before_the_split(tmp_path):
    copies = "text,label\n" + rows(10, "a") + rows(10, "a").upper() + rows(10, "b")
    splits = text.read_labelled_csv(written(tmp_path, copies))
    everything = [mail.lower() for texts, _ in splits.values() for mail in texts]
    assert len(everything) == len(set(everything)) == 20


def test_named_columns_and_a_split_column_are_obeyed(tmp_path):
    content = 'mood,words,split\nsad,"a, b",test\nglad,c,train\nsad,d,train\n'
    splits = text.read_labelled_csv(written(tmp_path, content), text="words", label="mood")
    assert splits["test"] == (["a, b"], ["sad"])
    assert splits["train"] == (["c", "d"], ["glad", "sad"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("body,label\na,b\n", "no column 'text'; its columns are: body, label"),
        ("text,label\n", "0 label"),
        ("text,label\na,x\nb,x\n", "1 label"),
        ("text,label\na,x\n,y\n", "line 3: empty text"),
        ("text,label\na,x\nb\n", "line 3: empty label"),
        ('text,label\na,x\n"' + "b" * 200_000, "line 3 is not CSV"),
        ("text,label\na,x\nb,x\nc,x\nd,y\n", "1 different text.* labelled 'y'"),
        ("text,label,split\na,x,dev\nb,y,train\n", "line 2: split 'dev'"),
        ("text,label,split\na,x,train\nb,y,train\n", "no row whose split is 'test'"),
    ],
)
def test_a_bad_csv_is_refused_with_the_reason(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        text.read_labelled_csv(written(tmp_path, content))


def test_each_row_goes_on_where_it_ended_in_the_batch_before():
    inputs, targets = text.continuous_batches(np.arange(1000), batch=4, steps=7)
    assert inputs.shape == targets.shape == (35, 4, 7)
    np.testing.assert_array_equal(targets, inputs + 1)
    np.testing.assert_array_equal(inputs[1:, :, 0], inputs[:-1, :, -1] + 1)
    assert len(np.unique(inputs)) == inputs.size


def test_a_stream_of_one_batch_fits_and_a_shorter_one_is_refused():
    assert len(text.continuous_batches(np.arange(7), batch=2, steps=3)[0]) == 1
    with pytest.raises(InputError, match=r"6 tokens; .* needs 7"):
        text.continuous_batches(np.arange(6), batch=2, steps=3)
