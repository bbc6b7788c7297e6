"""Word vectors in GloVe's format: read, found by word, and refused where they are unsound."""

import gzip

import numpy as np
import pytest

from zoo.data.embeddings import read_embeddings
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

LINES = "the 0.1 0.2 0.3\ncat 1 2 3\n. . . 7 8 9\nparis -1 -2 -3\ncat 9 9 9\n"


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text(LINES)
    return path


def test_words_get_their_vectors_and_others_none(vectors):
    found, known = read_embeddings(vectors, ["[PAD]", "cat", ". . .", "dog"])
    assert known.tolist() == [False, True, True, False]
    np.testing.assert_array_equal(found[known], [[1, 2, 3], [7, 8, 9]])  # the first "cat" counts
    assert found.dtype == np.float32 and np.isnan(found[~known]).all()


def test_a_word_takes_the_vector_of_its_lower_case_unless_it_has_its_own(vectors):
    found, _ = read_embeddings(vectors, ["CAT", "cat", "Cat"])
    assert (found == [1, 2, 3]).all()
    vectors.write_text(LINES + "CAT 5 5 5\n")
    assert read_embeddings(vectors, ["CAT", "cat"])[0].tolist() == [[5, 5, 5], [1, 2, 3]]


def test_gzip_a_header_a_mark_and_carriage_returns_are_tolerated(vectors, tmp_path):
    expected = read_embeddings(vectors, ["the", "paris"])[0]
    variants = {
        "a.txt.gz": gzip.compress(LINES.encode()),
        "header.txt": b"5 3\n" + LINES.encode(),
        "marked.txt": LINES.encode("utf-8-sig"),
        "windows.txt": LINES.replace("\n", " \r\n").encode(),
    }
    for name, content in variants.items():
        (tmp_path / name).write_bytes(content)
        np.testing.assert_array_equal(
            read_embeddings(tmp_path / name, ["the", "paris"])[0], expected
        )


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is empty, expected a word and its numbers"),
        (b"5 3\n", "is empty"),
        (b"the 1 2 3\ncat 1 2\n", "line 2 has 2 numbers, expected 3"),
        (b"the 1 2 3\ncat 1 2 3 4\n", "line 2 has 4 numbers, expected 3"),
        (b"the 1 2 3\n\ncat 1 2 3\n", "line 2 has 0 numbers, expected 3"),
        (b"word\n", "line 1 has 0 numbers, expected 1"),
        (b"the 1 2 3\ncat 1 two 3\n", "line 2: '1 two 3' are no finite numbers"),
        (b"the 1 2 3\ncat 1e39 2 3\n", "line 2: '1e39 2 3' are no finite numbers"),
        (b"the 1 2 3\ncat 1 nan 3\n", "line 2: '1 nan 3' are no finite numbers"),
        (b"the 1 2 3\n\xff\xfe 1 2 3\n", "is not UTF-8 after line"),
        (b"hund 1 2 3\n", "has none of the 1 words, such as 'cat'"),
    ],
)
def test_unsound_files_are_refused_in_one_line(content, message, tmp_path):
    (tmp_path / "vectors.txt").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_embeddings(tmp_path / "vectors.txt", ["cat"])
    assert "\n" not in str(caught.value)


def test_missing_and_damaged_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no file"):
        read_embeddings(tmp_path / "none.txt", ["cat"])
    with pytest.raises(InputError, match="is a folder"):
        read_embeddings(tmp_path, ["cat"])
    whole = gzip.compress("\n".join(f"w{k} {k} 1 2" for k in range(9999)).encode())
    for content in (whole[: len(whole) // 2], b"the 1 2 3\n"):
        (tmp_path / "a.gz").write_bytes(content)
        with pytest.raises(InputError, match="is damaged after line"):
            read_embeddings(tmp_path / "a.gz", ["cat"])
