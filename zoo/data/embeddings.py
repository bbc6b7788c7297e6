"""Word vectors made elsewhere: files in the text format of GloVe, plain or gzipped."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from zoo.errors import InputError


def read_embeddings(path: str | Path, words: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of these words: float32 (V, F), NaN where there is none, and found, bool (V,).

    path: a word and its F numbers a line, between single spaces, UTF-8; `.gz` is unpacked on the
    way. A first line with two whole numbers (as word2vec writes it: words, F) is read as that. The
    file is read once, line by line, and only what is asked for is kept. A word that is not in the
    file gets the vector of its lower case, if that is there; of lines with one word, the first
    counts.
    Raises `InputError` with the line number for a line of another length, for a word of ours whose
    vector has no finite numbers, for another encoding, a damaged or an empty file, and when no
    word is found.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "vectors.txt"
    ...     _ = path.write_text("the 0.5 1\\ncat -1 2\\n")
    ...     read_embeddings(path, ["The", "dog", "cat"])[0].tolist()
    [[0.5, 1.0], [nan, nan], [-1.0, 2.0]]
    """
    exact = {word: k for k, word in enumerate(words)}
    lower: dict[str, list[int]] = {}
    for k, word in enumerate(words):
        if word != word.lower():
            lower.setdefault(word.lower(), []).append(k)
    vectors, size = None, None
    own, found = np.zeros((2, len(words)), bool)
    for number, line in enumerate(_lines(path), 1):
        cells = line.rstrip("\r\n").rstrip(" ").split(" ")
        if number == 1 and len(cells) == 2 and all(cell.isdigit() for cell in cells):
            size = int(cells[1])
            continue
        size = len(cells) - 1 if size is None else size
        word = _word(path, number, cells, size)
        if vectors is None:
            vectors = np.full((len(words), size), np.nan, "float32")
        places = [k for k in lower.get(word, ()) if not found[k]]
        if word in exact and not own[exact[word]]:
            places.append(exact[word])
            own[exact[word]] = True
        if places:
            vectors[places], found[places] = _vector(path, number, cells[-size:]), True
    if vectors is None:
        raise InputError(f"{str(path)!r} is empty, expected a word and its numbers a line: fill it")
    if not found.any():
        raise InputError(
            f"{str(path)!r} has none of the {len(words):,} words, such as {words[-1]!r}: "
            "give vectors of the same language"
        )
    return vectors, found


def _lines(path):
    """The lines of a file, as text; `InputError` where it cannot be read."""
    opened = gzip.open if str(path).endswith(".gz") else open
    number = 0
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="\n") as file:
            for line in file:
                number += 1
                yield line
    except FileNotFoundError:
        raise InputError(f"no file {str(path)!r}, expected vectors of words: check it") from None
    except IsADirectoryError:
        raise InputError(
            f"{str(path)!r} is a folder, expected vectors of words: check it"
        ) from None
    except UnicodeDecodeError:
        raise InputError(
            f"{str(path)!r} is not UTF-8 after line {number}, expected text: convert it"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(
            f"{str(path)!r} is damaged after line {number}, expected gzip: fetch it again"
        ) from None


def _word(path, number, cells, size):
    """The word of a line, which may itself have spaces; `InputError` for a line of another size."""
    extra = len(cells) - 1 - size
    if size < 1 or extra < 0 or (extra > 0 and _is_number(cells[1])):
        raise InputError(
            f"{str(path)!r} line {number} has {len(cells) - 1} numbers, expected "
            f"{max(size, 1)}: a word, then as many numbers on every line, a space between two"
        )
    return " ".join(cells[: extra + 1])


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _vector(path, number, cells):
    try:
        with np.errstate(over="ignore"):
            vector = np.array(cells, "float32")
    except ValueError:
        vector = np.array([np.nan])
    if not np.isfinite(vector).all():
        raise InputError(
            f"{str(path)!r} line {number}: {' '.join(cells)[:40]!r} are no finite numbers: fix it"
        )
    return vector
