"""Video clips: a game's figures that walk or attack, and pictures of any size as small frames."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from zoo.data.sources import verify
from zoo.errors import InputError

FOLDS = 5
FOLD = 5  # held out unless said otherwise: the one with the fewest attacks
WATCHED = ("slayer", "bonca")  # the character for validation: the first that is not in the test
DIAGONALS = ("SW", "SE", "NW", "NE")
Labelled = dict[str, tuple[list[np.ndarray], list[str]]]


@dataclass(frozen=True)
class Clip:
    """One clip: frames (T, 40, 40, 3) uint8 on white, and what it shows.

    character: a figure with all its colour variants; variant: its colour or kind, "" for one alone;
    action: "walk" or "attack"; direction: "N", "NE", ..., "-" for none; fold: 1 to 5, one and the
    same for all clips of a character; path: where the game has it.
    """

    frames: np.ndarray
    character: str
    variant: str
    action: str
    direction: str
    fold: int
    path: str


@cache
def sprites() -> tuple[Clip, ...]:
    """235 clips of 4 to 10 frames of the game FreeDink: 166 that walk, 69 that attack.

    Beware of two things that give the action away without any motion: an attack has 5 or 6 frames
    and most walks have 8 or 10; and most attacks go N, E, S or W, most walks go between.

    >>> len(sprites()), sprites()[0].frames.shape
    (235, (4, 40, 40, 3))
    """
    with np.load(verify("sprites"), allow_pickle=False) as data:
        clips = np.split(data["frames"], np.cumsum(data["lengths"], dtype=int)[:-1])
        columns = [
            data[name].tolist()
            for name in ("character", "variant", "action", "direction", "fold", "path")
        ]
    return tuple(Clip(*row) for row in zip(clips, *columns, strict=True))


def actions(fold: int = FOLD) -> Labelled:
    """All clips with "walk" or "attack"; see `by_character`."""
    return by_character(sprites(), "action", fold)


def directions(fold: int = FOLD) -> Labelled:
    """The clips that walk or attack in a diagonal direction, with it; see `by_character`."""
    diagonal = tuple(clip for clip in sprites() if clip.direction in DIAGONALS)
    return by_character(diagonal, "direction", fold)


def by_character(clips: tuple[Clip, ...], label: str, fold: int) -> Labelled:
    """Splits in which no character is twice, not even in another colour.

    test is `fold`, validation one character of another fold (enough to watch, too little to choose
    by), train all others. Returns {"train", "validation", "test"} -> (clips uint8 (T, 40, 40, 3),
    labels). Raises `InputError` for a fold that is none of 1 to 5.

    >>> [len(labels) for _, labels in actions(fold=1).values()]
    [181, 8, 46]
    """
    if fold not in range(1, FOLDS + 1):
        raise InputError(f"fold {fold!r}, expected a number from 1 to {FOLDS}: choose one")
    tested = {clip.character for clip in clips if clip.fold == fold}
    watched = next(name for name in WATCHED if name not in tested)
    parts = {"train": ([], []), "validation": ([], []), "test": ([], [])}
    for clip in clips:
        other = "validation" if clip.character == watched else "train"
        frames, labels = parts["test" if clip.fold == fold else other]
        frames.append(clip.frames)
        labels.append(getattr(clip, label))
    return parts
