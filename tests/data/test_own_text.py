"""The user's labelled texts: CSV, TSV, JSON lines, a file a split, and what is wrong with them."""

import json

import pytest

from zoo.data import own_text
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


@pytest.fixture
def written(tmp_path):
    """`written(content, name)` -> the path of a file with that content."""

    def write(content, name="file.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rows(count, label):
    return "".join(f"{label} text number {i},{label}\n" for i in range(count))


def lines(*items):
    return "".join(f"{json.dumps(item)}\n" for item in items)


def test_a_csv_is_split_by_label_and_seed(written):
    path = written("text,label\n" + rows(100, "good") + rows(20, "bad"))
    splits = own_text.read_labelled(path)
    assert [labels.count("good") for _, labels in splits.values()] == [70, 10, 20]
    assert [labels.count("bad") for _, labels in splits.values()] == [14, 2, 4]
    assert splits == own_text.read_labelled(path)
    assert splits != own_text.read_labelled(path, seed=1)


def test_equal_texts_are_dropped_before_the_split(written):
    copies = "text,label\n" + rows(10, "a") + rows(10, "a").upper() + rows(10, "b")
    splits = own_text.read_labelled(written(copies))
    everything = [text.lower() for texts, _ in splits.values() for text in texts]
    assert len(everything) == len(set(everything)) == 20


SPLIT = {
    "train": (["c", "d"], ["glad", "sad"]),
    "validation": ([], []),
    "test": (["a, b"], ["sad"]),
}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('mood,words,split\nsad,"a, b",test\nglad,c,train\nsad,d,train\n', "a.csv"),
        ("mood\twords\tsplit\nsad\ta, b\ttest\nglad\tc\ttrain\nsad\td\ttrain\n", "a.tsv"),
        (
            lines(
                {"words": "a, b", "mood": "sad", "split": "test", "more": [1]},
                {"words": "c", "mood": "glad", "split": "train"},
                {"words": "d", "mood": "sad", "split": "train"},
            ),
            "a.jsonl",
        ),
    ],
)
def test_every_format_obeys_named_columns_and_a_split_column(content, name, written):
    found = own_text.read_labelled(written(content, name), text="words", label="mood")
    assert found == SPLIT


def test_a_folder_has_a_file_for_each_split_in_any_format(written):
    written("text,label\na b,x\nc d,y\n", "data/train.csv")
    written(lines({"text": "e", "label": "x"}), "data/validation.jsonl")
    path = written("text\tlabel\nf\ty\nA B\tx\n", "data/test.tsv")
    assert own_text.read_labelled(path.parent) == {
        "train": (["a b", "c d"], ["x", "y"]),
        "validation": (["e"], ["x"]),
        "test": (["f"], ["y"]),  # the other stands in train
    }


def test_tsv_knows_no_quotes_and_labels_may_be_numbers(written):
    tsv = 'text\tlabel\tsplit\n"so" it ends\t1\ttrain\n"open\t0\ttrain\nlast\t1\ttest\n'
    assert own_text.read_labelled(written(tsv, "a.tsv"))["train"][0] == ['"so" it ends', '"open']
    numbered = [{"text": f"{k}", "label": k % 2} for k in range(8)]
    numbered += [{"text": f"b{k}", "label": True} for k in range(3)]
    found = own_text.read_labelled(written(lines(*numbered), "a.jsonl"))
    assert set(found["train"][1]) == {"0", "1", "true"}


BAD_CSV = [
    ("", "is empty"),
    ("body,label\na,b\n", "no column 'text'; its columns are: body, label; name it with --text"),
    ("text,mood\na,b\n", "no column 'label'; .* name it with --label"),
    ("text,label,text\na,b,c\n", "has 2 columns 'text'; keep one"),
    ("text,label\n", "has a header only; expected rows below it"),
    ("text,label\na,x\nb,x\n", "1 label"),
    ("text,label\na,x\n,y\n", "line 3: empty text"),
    ("text,label\na,x\nb\n", "line 3: empty label"),
    ("text,label\na,x\nwell, well,x\n", 'line 3: 3 cells, expected 2 .* put quotes .". round'),
    ('text,label\na,x\n"' + "b" * 200_000, "line 3 is not CSV"),
    ("text,label\na,x\nb,x\nc,x\nd,y\n", "1 different text.* labelled 'y'"),
    ("text,label,split\na,x,dev\nb,y,train\n", "line 2: split 'dev'"),
    ("text,label,split\na,x,train\nb,y,train\n", "no row whose split is 'test'"),
    (
        "text,label,split\na,x,train\nb,y,train\nc,x,test\nd,z,validation\n",
        "the label 'z' in validation and not in train, expected one of x, y: correct it",
    ),
    (b"text,label\ncaf\xe9,x\n", r"not UTF-8 \(byte 14\)"),
]
BAD_LINES = [
    ("", "is empty; expected a line of JSON"),
    ('{"text": "a", "label": "x"}\n{"text": "a"', r"line 2: .* is not JSON; correct it"),
    ("[" * 100_000, "line 1: .* is not JSON"),
    ("[1, 2]\n", "line 1: .*; expected an object with 'text', 'label'"),
    ('\n{"body": "a", "label": "x"}\n', "line 2 has no 'text'; its keys are: body, label; name it"),
    ('{"text": ["a"], "label": "x"}\n', "line 1: 'text' is .*; expected a text"),
    ('{"text": "a", "label": null}\n', "line 1: empty label"),
    ('{"text": "\\ud83d", "label": "x"}\n', "line 1: 'text' has half of a character"),
    ('{"text": "a", "label": "x", "split": "dev"}\n', "line 1: split 'dev'"),
]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("bad.csv", *row) for row in BAD_CSV]
    + [("bad.jsonl", *row) for row in BAD_LINES]
    + [("bad.tsv", "text\tlabel\na\tx\tmore\n", "line 2: 3 cells, expected 2 .* remove the extra")],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_a_bad_file_is_refused_with_the_reason(name, content, message, written):
    with pytest.raises(InputError, match=message) as error:
        own_text.read_labelled(written(content, name))
    assert "\n" not in str(error.value)


def test_a_bad_folder_is_refused(written, tmp_path):
    path = written("text,label\na,x\n", "data/train.csv")
    with pytest.raises(InputError, match=r"has no test.csv, test.tsv or test.jsonl"):
        own_text.read_labelled(path.parent)
    written("text\tlabel\na\tx\n", "data/train.tsv")
    with pytest.raises(InputError, match=r"has train.csv and train.tsv; leave one"):
        own_text.read_labelled(path.parent)
    with pytest.raises(InputError, match="no file"):
        own_text.read_labelled(tmp_path / "none.jsonl")
