"""The user's own tagged sentences: CoNLL-U, or columns with the word first."""

import re
from collections.abc import Iterator
from pathlib import Path

from zoo.data.tagged import Sentence, Tagged, divided, without_repeats
from zoo.data.text import SPLITS, read_utf8
from zoo.errors import InputError

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
TOKEN_ID = re.compile(r"(\d+)([-.]\d+)?")
SUFFIXES = (".conllu", ".conll", ".bio", ".iob", ".tsv", ".txt")
NAMES = {"dev": "validation", "valid": "validation"} | {name: name for name in SPLITS}
LONGEST = 1000  # words of a sentence; more are a text without blank lines


def read_tagged(path: str | Path, column: str | None = None, seed: int = 0) -> Tagged:
    """The user's sentences, in the shape of `zoo.data.tagged.brown()`.

    path: a file, divided 80 / 10 / 10 by `seed` after sentences that are repeated word for word
    were left out; or a folder with a file for each split, named by the last part of its name, such
    as `en-train.conllu`, `en-dev.conllu`, `en-test.conllu` (without dev, a tenth of train is
    validation). There the test split keeps all, and training nothing that is in another.
    column: where the tag is, a number from 1, or in CoNLL-U a name, by default upos; elsewhere the
    last one.

    A file is CoNLL-U when its name ends so or its lines have ten cells that begin with a number.
    There comments, the lines of multiword tokens (3-4) and empty nodes (5.1) are skipped.
    Elsewhere a line is the word, then its tag or several cells, by tabs or else by spaces; lines
    of -DOCSTART- are skipped, and comments, which begin with # and have another number of cells.

    Raises `InputError`, with the line where there is one, for a missing file or split, another
    encoding than UTF-8, a row of another length, a word or tag that is empty or (in CoNLL-U) "_",
    a column that is not there, no blank lines, a single tag, and fewer than three sentences.
    """
    if Path(path).is_dir():
        found = _from_folder(Path(path), column, seed)
    else:
        sentences = read_sentences(path, column)
        found = divided(sentences, seed)
        if not all(found.values()):
            count = sum(map(len, found.values()))
            raise InputError(
                f"{str(path)!r} has {count} different sentence(s), expected 3 or more with a blank "
                "line between them: add some"
            )
    tags = {tag for _, tags in found["train"] for tag in tags}
    if len(tags) < 2:
        raise InputError(
            f"{str(path)!r} has one tag {next(iter(tags))!r}, expected two or more: choose another "
            "--column"
        )
    return found


def _from_folder(folder: Path, column: str | None, seed: int) -> Tagged:
    files: dict[str, list[Path]] = {name: [] for name in SPLITS}
    for path in sorted(folder.iterdir()):
        last = re.split(r"[-_.]", path.stem)[-1].lower()
        if path.suffix.lower() in SUFFIXES and last in NAMES:
            files[NAMES[last]].append(path)
    for name, paths in files.items():
        if len(paths) > 1:
            raise InputError(
                f"{str(folder)!r} has {paths[0].name} and {paths[1].name}, expected one file for "
                f"{name}: leave one of them"
            )
        if not paths and name != "validation":
            raise InputError(
                f"{str(folder)!r} has no file for {name}, expected a name like X-{name}.conllu: "
                "add it, or give one file"
            )
    found = {name: read_sentences(p, column) for name, paths in files.items() for p in paths}
    if "validation" not in found:
        parts = divided(found["train"], seed)
        found |= {"train": parts["train"] + parts["test"], "validation": parts["validation"]}
    found = without_repeats({name: found[name] for name in SPLITS})
    if not found["train"]:
        raise InputError(
            f"{str(folder)!r} has no sentence for training that is not in validation or test, too: "
            "check the files"
        )
    return found


def read_sentences(path: str | Path, column: str | None = None) -> list[Sentence]:
    """All sentences of one file, as `read_tagged` reads it."""
    lines = read_utf8(path).split("\n")
    if not any(line.strip() and not line.startswith("#") for line in lines):
        raise InputError(f"{str(path)!r} is empty, expected sentences with tags: fill it")
    rows = _conllu if _is_conllu(path, lines) else _columns
    found, words, tags = [], [], []
    for number, row in rows(path, lines, column):
        if row is not None:
            words.append(row[0])
            tags.append(row[1])
        elif words:
            found.append((tuple(words), tuple(tags)))
            words, tags = [], []
        if len(words) > LONGEST:
            raise InputError(
                f"{str(path)!r} line {number}: a sentence of more than {LONGEST} words, expected a "
                "blank line between sentences: add them"
            )
    if not found:
        raise InputError(f"{str(path)!r} has no word with a tag, expected sentences: add them")
    return found


def _first(lines):
    return next(line for line in lines if line.strip() and not line.startswith("#"))


def _is_conllu(path, lines):
    if Path(path).suffix.lower() == ".conllu":
        return True
    cells = _first(lines).split("\t")
    return len(cells) == len(CONLLU) and bool(TOKEN_ID.fullmatch(cells[0]))


def _conllu(path, lines, column) -> Iterator:
    """(line, (word, tag)) for each word, (line, None) where a sentence ends."""
    place = _place(path, column or "upos", len(CONLLU), CONLLU)
    for number, line in enumerate([*lines, ""], 1):
        if not line.strip():
            yield number, None
        elif not line.startswith("#"):
            cells = line.split("\t")
            _check_count(path, number, line, len(cells), len(CONLLU))
            token = TOKEN_ID.fullmatch(cells[0])
            if token is None:
                raise InputError(
                    f"{str(path)!r} line {number}: id {cells[0]!r}, expected a number: correct it"
                )
            if token.group(2) is None:
                yield number, _checked(path, number, cells[1], cells[place], empty=("", "_"))


def _columns(path, lines, column) -> Iterator:
    """As `_conllu`, for lines that begin with the word."""
    first = _first(lines)
    separator = "\t" if "\t" in first else None
    count = len(first.strip().split(separator))
    if count < 2:
        raise InputError(
            f"{str(path)!r}: {first[:40]!r} has one cell, expected a word and its tag, parted by a "
            "tab or a space: add the tags"
        )
    place = _place(path, column or str(count), count)
    for number, line in enumerate([*lines, ""], 1):
        cells = line.strip().split(separator) if separator is None else line.rstrip().split("\t")
        if not line.strip():
            yield number, None
        elif len(cells) == count and cells[0] != "-DOCSTART-":
            yield number, _checked(path, number, cells[0], cells[place])
        elif cells[0] != "-DOCSTART-" and not line.startswith("#"):
            _check_count(path, number, line, len(cells), count)


def _place(path, column, count, names=()):
    """The index of a column that is given by number or by name."""
    if column.lower() in names[1:]:  # but for the id
        return names.index(column.lower())
    if not column.isdecimal() or not 2 <= int(column) <= count:
        known = f"{', '.join(names[1:])} or " if names else ""
        number = f"a number from 2 to {count}" if count > 2 else "2"
        raise InputError(
            f"{str(path)!r} has no column {column!r} of tags, expected {known}{number}: choose one "
            "with --column"
        )
    return int(column) - 1


def _check_count(path, number, line, found, expected):
    if found != expected:
        raise InputError(
            f"{str(path)!r} line {number}: {line[:40]!r} has {found} cell(s), expected {expected}: "
            "correct it"
        )


def _checked(path, number, word, tag, empty=("",)):
    for kind, value in {"word": word.replace("_", "-"), "tag": tag}.items():
        if value.strip() in empty:
            raise InputError(
                f"{str(path)!r} line {number}: {kind} {value!r} is empty, expected one: fill it, "
                "or choose another --column"
            )
    return word, tag.strip()
