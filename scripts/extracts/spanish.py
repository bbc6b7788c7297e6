"""Spanish public-domain scripture, verse for verse beside the English extract.

The file has the lines of `english.txt.gz`: a verse a line, a blank line after a chapter, and "-"
where the two have no verse in common.
"""

from pathlib import Path

from .english import BOOKS, clean, selected
from .files import gzipped

MODULE = "spaRV1909eb"
NONE = "-"

# Verses of the common numbering that the English text leaves empty: its extract has no line there.
NOT_IN_ENGLISH = {
    ("Luke", 17, 36),
    ("Acts", 8, 37),
    ("Acts", 15, 34),
    ("Acts", 24, 7),
    ("Romans", 16, 25),
    ("Romans", 16, 26),
    ("Romans", 16, 27),
    ("Revelation of John", 22, 21),
}


def beside(chapters: list[list[str]]) -> list[list[str]]:
    """The chapters with "-" for each verse of a chapter that is numbered in another way.

    Both modules use one numbering. Where the Spanish text follows another, its chapter ends early
    and an empty verse is left over; then verses of that chapter or the next one are out of step.

    >>> beside([["a", "b"], ["c", ""], ["d", "e"], ["f"]])
    [['a', 'b'], ['-', '-'], ['-', '-'], ['f']]
    """
    short = ["" in verses for verses in chapters]
    out = [here or before for here, before in zip(short, [False, *short], strict=False)]
    return [
        [NONE] * len(verses) if moved else verses
        for verses, moved in zip(chapters, out, strict=True)
    ]


def chapters(folder: Path) -> list[tuple[str, int, list[str]]]:
    """(book, chapter, its verses) in the English order; an empty verse is ""."""
    from pysword.modules import SwordModules

    modules = SwordModules(str(folder / "usr/share/sword"))
    modules.parse_modules()
    bible = modules.get_bible_from_module(MODULE)
    testaments = bible.get_structure().get_books().values()
    found = []
    for books, ends in zip(testaments, BOOKS, strict=True):
        for book in selected(books, *ends):
            for number in range(1, book.num_chapters + 1):
                raw = bible.get(books=[book.name], chapters=[number], clean=False, join="\x00")
                verses = [clean(verse).strip(".") and clean(verse) for verse in raw.split("\x00")]
                found.append((book.name, number, verses))
    return found


def make(folder: Path) -> bytes:
    """The chapters in order, read beside the English ones (`zoo.data.pairs.verses`)."""
    found = chapters(folder)
    aligned = beside([verses for _, _, verses in found])
    lines = [
        "\n".join(
            verse
            for place, verse in enumerate(verses, 1)
            if (book, number, place) not in NOT_IN_ENGLISH
        )
        for (book, number, _), verses in zip(found, aligned, strict=True)
    ]
    return gzipped("\n\n".join(lines) + "\n")
