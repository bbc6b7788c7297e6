"""Hong Kong Cantonese Corpus: utterances cut into words, split by recording."""

import re
from collections import Counter
from pathlib import Path

from .files import gzipped
from .splits import by_hash

FOLDER = "pycantonese/data/hkcancor"
SHARES = {"test": 0.15, "validation": 0.1}  # of the words; the rest is for training
LETTER = re.compile(r"\w")


def recording(name: str) -> str:
    """The recording that a file belongs to: one conversation may be cut into several files.

    >>> recording("FC-022b_v.cha")
    'FC-022'
    """
    return re.fullmatch(r"([A-Z]+-[A-Z]*\d+)[a-z]?_v\d*\.cha", name).group(1)


def utterances(chat: str) -> list[str]:
    """The words of each utterance of a CHAT file, separated by single spaces.

    >>> utterances("@Begin\\n*XXA:\\t係 啊 .\\n%mor:\\tv|hai6 y|aa3 .\\n*XXB:\\t好\\n\\t食 .\\n")
    ['係 啊 .', '好 食 .']
    """
    lines = chat.replace("\n\t", " ").split("\n")
    found = [" ".join(line.partition(":")[2].split()) for line in lines if line.startswith("*")]
    return [utterance for utterance in found if LETTER.search(utterance)]


def core(utterance: str) -> str:
    """What makes two utterances the same: their letters and digits, however they are cut.

    >>> core("Hong Kong , 係 啊 !")
    'hongkong係啊'
    """
    return "".join(LETTER.findall(utterance)).lower()


def unique(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """(recording, utterance) without repetitions: where the same was said first, cut into words
    in the way that is most frequent for it."""
    ways: dict[str, Counter] = {}
    for _, utterance in rows:
        ways.setdefault(core(utterance), Counter())[utterance] += 1
    first = {core(utterance): where for where, utterance in reversed(rows)}
    return [(first[key], counts.most_common(1)[0][0]) for key, counts in ways.items()]


def splits(rows: list[tuple[str, str]]) -> dict[str, str]:
    """Recording -> split: whole recordings until a split has its share of the words."""
    sizes = Counter()
    for where, utterance in rows:
        sizes[where] += len(utterance.split())
    ordered = by_hash(sizes)
    split, total = {}, sizes.total()
    for name, share in SHARES.items():
        words = 0
        while words < share * total:
            where = ordered.pop(0)
            split[where] = name
            words += sizes[where]
    return split | dict.fromkeys(ordered, "train")


def make(folder: Path) -> bytes:
    """Rows `recording, split, words`, the words separated by spaces, in the corpus's order."""
    rows = [
        (recording(path.name), utterance)
        for path in sorted((folder / FOLDER).glob("*.cha"))
        for utterance in utterances(path.read_text("utf-8"))
    ]
    rows = unique(rows)
    split = splits(rows)
    lines = [f"{where}\t{split[where]}\t{utterance}" for where, utterance in rows]
    return gzipped("recording\tsplit\twords\n" + "\n".join(lines) + "\n")
