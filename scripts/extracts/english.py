"""English public-domain scripture text (altered): a verse a line, a blank line after a chapter."""

import re
from pathlib import Path

from .files import gzipped

MODULE = "engWEB2015eb"
BOOKS = ("Genesis", "Malachi"), ("Matthew", "Revelation of John")


def clean(markup: str) -> str:
    """One verse of OSIS markup as plain text; notes and titles go, letter spacing is repaired.

    >>> clean('<w lemma="x">In</w> <w>it</w>,<note>see <b>1</b></note><w>God</w> <l/>spoke .')
    'In it, God spoke.'
    """
    text = re.sub(r"<(note|title)\b(?:[^>]*[^/])?>.*?</\1>", " ", markup, flags=re.S)
    text = re.sub(r"</?(div|lg|l|lb|p|milestone)\b[^>]*>", " ", text)
    text = re.sub(r"<[^>]*>", "", text)
    text = re.sub(r"\s+([,.;:!?’”)])", r"\1", re.sub(r"\s+", " ", text))
    return re.sub(r"([“‘(])\s+", r"\1", text).strip()


def selected(books: list, first: str, last: str) -> list:
    names = [book.name for book in books]
    return books[names.index(first) : names.index(last) + 1]


def chapters(folder: Path) -> list[list[str]]:
    from pysword.modules import SwordModules

    modules = SwordModules(str(folder / "usr/share/sword"))
    modules.parse_modules()
    bible = modules.get_bible_from_module(MODULE)
    testaments = bible.get_structure().get_books().values()
    found = []
    for books, ends in zip(testaments, BOOKS, strict=True):
        for book in selected(books, *ends):
            for chapter in range(1, book.num_chapters + 1):
                raw = bible.get(
                    books=[book.name], chapters=[chapter], clean=False, join="\x00"
                ).split("\x00")
                found.append([verse for verse in map(clean, raw) if verse])
    found[-1].pop()  # the module's last verse carries a glossary of 17,000 characters
    return found


def make(folder: Path) -> bytes:
    """The chapters in order, split later by their number (`zoo.data.text.english`)."""
    return gzipped("\n\n".join("\n".join(verses) for verses in chapters(folder)) + "\n")
