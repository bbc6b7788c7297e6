"""Text: mails with labels, running English, the user's own files, batches for a language model."""

import csv
import gzip
import io
from functools import cache
from pathlib import Path

import numpy as np

from zoo.data.sources import verify
from zoo.errors import InputError

SPLITS = ("train", "validation", "test")
SHORTEST_TEXT = 200
Labelled = dict[str, tuple[list[str], list[str]]]


@cache
def spam() -> Labelled:
    """SpamAssassin mails, subject and body on one line, labelled "ham" or "spam".

    Returns {"train", "validation", "test"} -> (texts, labels). Duplicates and near-duplicates
    were removed before the split; addresses are the words URL and EMAIL.

    >>> sorted(set(spam()["test"][1]))
    ['ham', 'spam']
    """
    with gzip.open(verify("spam"), "rt", encoding="utf-8", newline="") as file:
        return _by_split(list(csv.DictReader(file)))


@cache
def english() -> dict[str, str]:
    """Running English (public-domain scripture, altered), one verse a line.

    Returns {"train", "validation", "test"} -> text of whole chapters with a blank line between
    them. Of every 20 chapters the 10th is validation and the 20th test.

    >>> english()["train"][:16]
    'In the beginning'
    """
    with gzip.open(verify("english"), "rt", encoding="utf-8") as file:
        chapters = file.read().strip().split("\n\n")
    held_out = {9: "validation", 19: "test"}
    texts: dict[str, list[str]] = {name: [] for name in SPLITS}
    for number, chapter in enumerate(chapters):
        texts[held_out.get(number % 20, "train")].append(chapter)
    return {name: "\n\n".join(parts) for name, parts in texts.items()}


def read_utf8(path: str | Path) -> str:
    """A whole UTF-8 file; `InputError` if it is missing or in another encoding."""
    try:
        return Path(path).read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except (FileNotFoundError, IsADirectoryError):
        raise InputError(f"no file {str(path)!r}; give the path of a text file") from None
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{str(path)!r} is not UTF-8 (byte {error.start}); convert it to UTF-8 first"
        ) from None


def read_text(path: str | Path) -> dict[str, str]:
    """The user's text: its first 90% for training, then 5% validation and 5% test.

    Raises `InputError` for a missing file, another encoding than UTF-8, and a text that is too
    short to split.
    """
    text = read_utf8(path)
    if len(text.strip()) < SHORTEST_TEXT:
        raise InputError(
            f"{str(path)!r} has {len(text.strip())} characters; expected {SHORTEST_TEXT} or more"
        )
    first, second = len(text) * 90 // 100, len(text) * 95 // 100
    return {"train": text[:first], "validation": text[first:second], "test": text[second:]}


def read_labelled_csv(
    path: str | Path, text: str = "text", label: str = "label", seed: int = 0
) -> Labelled:
    """The user's CSV with a header, in the shape of `spam()`.

    text, label: names of the two columns. Rows with a text seen before are dropped. A column
    "split" (train, validation, test) decides the split; without it each label is divided
    70 / 10 / 20 by `seed`.
    Raises `InputError` for a missing column, an empty file or cell, a single class, a label with
    fewer than three texts, and a "split" that is unknown or leaves train or test empty.
    """
    rows = _unique(_rows(path, text, label))
    labels = sorted({row["label"] for row in rows})
    if len(labels) < 2:
        raise InputError(f"{str(path)!r} has {len(labels)} label(s) {labels}; expected two or more")
    if "split" not in rows[0]:
        _divide(path, rows, labels, seed)
    split = _by_split(rows)
    if empty := [name for name in ("train", "test") if not split[name][0]]:
        raise InputError(f"{str(path)!r} has no row whose split is {empty[0]!r}; add some")
    return split


def _rows(path: str | Path, text: str, label: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(read_utf8(path), newline=""))
    try:
        return _checked(path, reader, text, label)
    except csv.Error as error:
        raise InputError(
            f"{str(path)!r} line {reader.line_num + 1} is not CSV ({error}); check its quotes"
        ) from None


def _checked(
    path: str | Path, reader: csv.DictReader, text: str, label: str
) -> list[dict[str, str]]:
    columns = reader.fieldnames or []
    if not columns:
        raise InputError(f"{str(path)!r} is empty; expected a header with {text!r} and {label!r}")
    if lacking := [name for name in (text, label) if name not in columns]:
        raise InputError(
            f"{str(path)!r} has no column {lacking[0]!r}; its columns are: {', '.join(columns)}"
        )
    rows = []
    for raw in reader:
        row = {"text": (raw[text] or "").strip(), "label": (raw[label] or "").strip()}
        if "split" in columns:
            row["split"] = (raw["split"] or "").strip()
        _check(path, reader.line_num, row)
        rows.append(row)
    return rows


def _check(path: str | Path, line: int, row: dict[str, str]) -> None:
    for name, value in row.items():
        if not value:
            raise InputError(f"{str(path)!r} line {line}: empty {name}; fill it or remove the row")
    if row.get("split", "train") not in SPLITS:
        raise InputError(
            f"{str(path)!r} line {line}: split {row['split']!r}; expected {', '.join(SPLITS)}"
        )


def _unique(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(" ".join(row["text"].lower().split()), row)
    return list(found.values())


def _divide(path: str | Path, rows: list[dict[str, str]], labels: list[str], seed: int) -> None:
    random = np.random.default_rng(seed)
    for label in labels:
        members = [row for row in rows if row["label"] == label]
        if len(members) < 3:
            raise InputError(
                f"{str(path)!r} has {len(members)} different text(s) labelled {label!r}; expected "
                "3 or more: add some or give a column 'split'"
            )
        validation, test = max(1, len(members) // 10), max(1, len(members) // 5)
        for place, index in enumerate(random.permutation(len(members))):
            part = (place >= test) + (place >= test + validation)
            members[index]["split"] = ("test", "validation", "train")[part]


def _by_split(rows: list[dict[str, str]]) -> Labelled:
    return {
        name: (
            [row["text"] for row in rows if row["split"] == name],
            [row["label"] for row in rows if row["split"] == name],
        )
        for name in SPLITS
    }


def continuous_batches(
    ids: np.ndarray, batch: int = 32, steps: int = 35
) -> tuple[np.ndarray, np.ndarray]:
    """Cut one stream of ids into batches that carry on, for truncated backpropagation.

    ids: (N,). Returns inputs and targets (n, B, T), targets one step ahead. Row b of batch k + 1
    goes on where row b of batch k ends, so a carried state stays valid; the rest is dropped.
    Raises `InputError` when N is too small for one batch.

    >>> inputs, targets = continuous_batches(np.arange(13), batch=2, steps=3)
    >>> inputs[:, 1].tolist(), targets[:, 1].tolist()
    ([[6, 7, 8], [9, 10, 11]], [[7, 8, 9], [10, 11, 12]])
    """
    ids = np.asarray(ids)
    count = (len(ids) - 1) // (batch * steps)
    if count < 1:
        raise InputError(
            f"{len(ids)} tokens; one batch of {batch} rows with {steps} steps needs "
            f"{batch * steps + 1}: give a longer text, or fewer rows or steps"
        )
    used = batch * count * steps
    cut = [part.reshape(batch, count, steps) for part in (ids[:used], ids[1 : used + 1])]
    return cut[0].swapaxes(0, 1), cut[1].swapaxes(0, 1)
