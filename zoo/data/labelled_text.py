"""Texts with labels: mails, snippets of film reviews, and how texts are divided into splits."""

import csv
import gzip
import io
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

from zoo.data.fetch import fetch
from zoo.data.sources import verify
from zoo.data.text import SPLITS
from zoo.errors import InputError

Labelled = dict[str, tuple[list[str], list[str]]]
RATINGS = "additional_resources/hutto_ICWSM_2014.tar.gz"
SNIPPETS = "movieReviewSnippets_GroundTruth.txt"


@cache
def spam() -> Labelled:
    """SpamAssassin mails, subject and body on one line, labelled "ham" or "spam".

    Returns {"train", "validation", "test"} -> (texts, labels). Duplicates and near-duplicates
    were removed before the split; addresses are the words URL and EMAIL.

    >>> sorted(set(spam()["test"][1]))
    ['ham', 'spam']
    """
    with gzip.open(verify("spam"), "rt", encoding="utf-8", newline="") as file:
        return by_split(list(csv.DictReader(file)))


@cache
def movie_sentiment() -> Labelled:
    """Snippets of film reviews, "positive" or "negative" by the mean of about 15 people's ratings.

    Fetched when first used (`zoo.data.fetch`), because the texts are not ours to ship. Returns
    {"train", "validation", "test"} -> (texts, labels), 70 / 10 / 20 of each label, divided with a
    fixed seed after equal texts were dropped. Raises `InputError` as `fetch` does.
    Source: Hutto and Gilbert 2014.
    """
    (archive,) = fetch("movie_sentiment").values()
    return read_snippets(archive)


def read_snippets(archive: str | Path) -> Labelled:
    """`movie_sentiment` out of the package that holds it (a ZIP with a TAR in it).

    A mean rating above zero is positive, below zero negative; the few that are zero are left out.
    The numbers of the snippets do not say which film or review they are from, so snippets of one
    film may stand in two splits. Nothing is unpacked to disk.
    """
    try:
        with zipfile.ZipFile(archive) as outer:
            (inner,) = (name for name in outer.namelist() if name.endswith(RATINGS))
            with tarfile.open(fileobj=io.BytesIO(outer.read(inner))) as tar:
                (member,) = (m for m in tar.getmembers() if m.name.endswith(SNIPPETS))
                lines = tar.extractfile(member).read().decode("utf-8").split("\n")
        cells = [line.strip().split("\t") for line in lines if line.strip()]
        rated = [(float(rating), text.strip()) for _, rating, text in cells]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, tarfile.TarError):
        raise InputError(
            f"{str(archive)!r} is not the archive of rated snippets; remove it and run again"
        ) from None
    rows = [
        {"text": text, "label": "positive" if rating > 0 else "negative"}
        for rating, text in rated
        if rating != 0
    ]
    return by_split(divided(archive, unique(rows), seed=0))


def unique(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows whose text was not seen before, whatever its case and white space.

    >>> [row["text"] for row in unique([{"text": "A cat"}, {"text": "a  CAT "}, {"text": "b"}])]
    ['A cat', 'b']
    """
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(" ".join(row["text"].lower().split()), row)
    return list(found.values())


def divided(path: str | Path, rows: list[dict[str, str]], seed: int) -> list[dict[str, str]]:
    """The rows with a "split" each: 70 / 10 / 20 of every label, chosen by `seed`.

    Raises `InputError` for a label with fewer than three texts; `path` stands in its message.
    """
    random = np.random.default_rng(seed)
    for label in sorted({row["label"] for row in rows}):
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
    return rows


def by_split(rows: list[dict[str, str]]) -> Labelled:
    """Rows with text, label and split as {split: (texts, labels)}, in their order."""
    return {
        name: (
            [row["text"] for row in rows if row["split"] == name],
            [row["label"] for row in rows if row["split"] == name],
        )
        for name in SPLITS
    }
