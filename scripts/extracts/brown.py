"""The Brown Corpus: sentences of words with their part-of-speech tags, split by file."""

import lzma
import re
from pathlib import Path

Tagged = tuple[str, ...]  # "word/tag" of a sentence

HELD_OUT = {0: "test", 1: "validation"}  # of every ten files in the order of their names


def sentences(folder: Path) -> dict[str, list[Tagged]]:
    """File name -> its sentences, in the corpus's order."""
    files = [p for p in (folder / "package").iterdir() if re.fullmatch(r"c[a-r]\d\d", p.name)]
    return {
        path.name: [tuple(line.split()) for line in path.read_text("ascii").splitlines() if line]
        for path in sorted(files)
    }


def words(sentence: Tagged) -> Tagged:
    """The words alone; a tag never has a slash.

    >>> words(("and/or/cc", "./."))
    ('and/or', '.')
    """
    return tuple(token.rpartition("/")[0] for token in sentence)


def without_repeats(found: dict[str, list[Tagged]], split: dict[str, str]):
    """The same without what would be in two splits: validation keeps no sentence of the test
    files, training none of either. Within a split a sentence stays as often as it was written."""
    seen: set[Tagged] = set()
    kept = {}
    for part in ("test", "validation", "train"):
        files = [name for name in found if split[name] == part]
        for name in files:
            kept[name] = [s for s in found[name] if words(s) not in seen]
        seen |= {words(s) for name in files for s in kept[name]}
    return {name: kept[name] for name in found}


def make(folder: Path) -> bytes:
    """Blocks with a blank line between them: `file split`, then a sentence a line."""
    found = {name: [s for s in rows if s] for name, rows in sentences(folder).items()}
    split = {name: HELD_OUT.get(k % 10, "train") for k, name in enumerate(found)}
    blocks = [
        "\n".join([f"{name} {split[name]}", *map(" ".join, rows)])
        for name, rows in without_repeats(found, split).items()
    ]
    return lzma.compress(
        "\n\n".join(blocks).encode("ascii") + b"\n", preset=9 | lzma.PRESET_EXTREME
    )
