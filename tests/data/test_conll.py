"""The user's own tagged sentences: CoNLL-U, columns, splits, and what can be wrong with them."""

import pytest

from zoo.data.conll import read_sentences, read_tagged
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

UD = """# sent_id = 1
# text = Vámonos al mar
1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tVamos\tir\tVERB\tV\t_\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\tP\t_\t1\tobj\t_\t_
3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_
3\ta\ta\tADP\tE\t_\t5\tcase\t_\t_
4\tel\tel\tDET\tD\t_\t5\tdet\t_\t_
5\tmar\tmar\tNOUN\tS\t_\t1\tobl\t_\t_
5.1\tir\tir\tVERB\tV\t_\t_\t_\t_\t_

"""
NER = "-DOCSTART- -X- O\n\nJohn NNP B-PER\nSmith NNP I-PER\nsleeps VBZ O\n\n# NN O\n\n"


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def columns(count, separator="\t"):
    """`count` different sentences of two words and their tags."""
    rows = [f"word{k}{separator}NOUN\nruns{separator}VERB\n" for k in range(count)]
    return "\n".join(rows)


def test_conllu_skips_multiword_tokens_empty_nodes_and_comments(tmp_path):
    path = write(tmp_path / "a.conllu", UD)
    words = ("Vamos", "nos", "a", "el", "mar")
    assert read_sentences(path) == [(words, ("VERB", "PRON", "ADP", "DET", "NOUN"))]
    for column in ("xpos", "XPOS", "5"):
        assert read_sentences(path, column) == [(words, ("V", "P", "E", "D", "S"))]
    assert read_sentences(path, "deprel")[0][1][0] == "root"


def test_conllu_is_known_by_its_lines_too(tmp_path):
    assert read_sentences(write(tmp_path / "a.txt", UD))[0][1][0] == "VERB"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_columns_by_spaces_take_the_last_one_or_the_one_that_is_named(tmp_path, ending):
    path = write(tmp_path / "a.txt", NER.replace("\n", ending))
    assert read_sentences(path) == [
        (("John", "Smith", "sleeps"), ("B-PER", "I-PER", "O")),
        (("#",), ("O",)),
    ]
    assert read_sentences(path, "2")[0][1] == ("NNP", "NNP", "VBZ")


def test_a_comment_is_skipped_and_a_word_with_spaces_is_one_word(tmp_path):
    text = "# sentence 1\nNew York\tNOUN\nruns\tVERB\n"
    assert read_sentences(write(tmp_path / "a.tsv", text)) == [
        (("New York", "runs"), ("NOUN", "VERB"))
    ]


def test_a_file_is_divided_by_seed(tmp_path):
    path = write(tmp_path / "a.tsv", columns(40) + "\n" + columns(40))
    splits = read_tagged(path)
    assert [len(splits[name]) for name in ("train", "validation", "test")] == [32, 4, 4]
    assert splits == read_tagged(path) != read_tagged(path, seed=1)


def test_a_folder_names_its_splits(tmp_path):
    for name, count in {"train": 30, "dev": 5, "test": 3}.items():
        write(tmp_path / f"en_x-ud-{name}.conllu", UD.replace("mar", name) * count)
    write(tmp_path / "README.txt", "nothing")
    splits = read_tagged(tmp_path)
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 30,
        "validation": 5,
        "test": 3,
    }


def test_a_folder_without_dev_takes_it_from_train_and_training_loses_what_is_in_test(tmp_path):
    write(tmp_path / "train.txt", columns(40))
    write(tmp_path / "test.txt", columns(10))
    splits = read_tagged(tmp_path)
    assert len(splits["test"]) == 10
    assert not set(splits["train"]) & set(splits["test"])
    assert splits["validation"] and not set(splits["train"]) & set(splits["validation"])


LINES = UD.split("\n")
WRONG = {
    "a text without tags": ("one\ntwo\n", None, ("'one' has one cell", "add the tags")),
    "a row that is too short": ("a\tN\n\nb\n", None, ("line 3", "'b' has 1 cell(s)", "expected 2")),
    "a row that is too long": ("a N\nb N V\n", None, ("line 2", "has 3 cell(s), expected 2")),
    "a tag that is missing": ("a\tN\nb\t\n", None, ("line 2", "expected 2")),
    "a word that is missing": ("a\tN\n\tV\n", None, ("line 2", "word", "empty")),
    "no blank line": ("a N\n" * 1200, None, ("line 1001", "blank line between sentences")),
    "too few sentences": (columns(2), None, ("has 2 different sentence(s)", "3 or more")),
    "a single tag": (columns(9).replace("VERB", "NOUN"), None, ("one tag 'NOUN'", "--column")),
    "an empty file": ("\n\n", None, ("is empty", "expected sentences")),
    "comments only": ("# a\n# b\n", None, ("is empty", "expected sentences")),
    "a column past the last": (columns(9), "3", ("no column '3'", "of tags, expected 2: choose")),
    "the words' column": (columns(9), "1", ("no column '1'", "of tags, expected 2: choose")),
    "a named column": (columns(9), "upos", ("no column 'upos'", "of tags, expected 2: choose")),
}
WRONG_UD = {
    "no such column": (UD, "pos", ("no column 'pos'", "upos", "a number from 2 to 10")),
    "the number of a word": (UD, "id", ("no column 'id'", "expected form, lemma")),
    "tags that are left out": (UD.replace("\tV\t", "\t_\t"), "xpos", ("line 4", "'_' is empty")),
    "a row without tabs": (UD.replace("\tel\t", " el ", 1), None, ("line 8", "expected 10")),
    "an id that is no number": (UD.replace("\n4\t", "\nx\t"), None, ("line 8", "id 'x'")),
}


@pytest.mark.parametrize("case", [*WRONG, *WRONG_UD])
def test_what_is_wrong_is_told_in_one_line(tmp_path, case):
    name = "a.txt" if case in WRONG else "a.conllu"
    text, column, expected = (WRONG | WRONG_UD)[case]
    with pytest.raises(InputError) as error:
        read_tagged(write(tmp_path / name, text), column)
    assert "\n" not in str(error.value)
    assert all(words in str(error.value) for words in (name, *expected)), error.value


def test_missing_files_encodings_and_splits_are_told(tmp_path):
    with pytest.raises(InputError, match="no file"):
        read_tagged(tmp_path / "none.conllu")
    with pytest.raises(InputError, match="is not UTF-8"):
        read_tagged(write(tmp_path / "a.txt", "café N\n", "latin-1"))
    with pytest.raises(InputError, match=r"no file for train, expected a name like X-train"):
        read_tagged(tmp_path)
    write(tmp_path / "b-train.txt", columns(4))
    with pytest.raises(InputError, match="no file for test"):
        read_tagged(tmp_path)
    write(tmp_path / "c-train.txt", columns(4))
    with pytest.raises(InputError, match="expected one file for train"):
        read_tagged(tmp_path)
    (tmp_path / "c-train.txt").unlink()
    write(tmp_path / "b-test.txt", columns(4))
    with pytest.raises(InputError, match="no sentence for training"):
        read_tagged(tmp_path)
