"""FreeDink's animated figures: walking and attacking, as clips of small colour frames.

The game draws all frames of a sequence with one corner in common, so pasted by that corner they
show the motion. White is the background. A clip is cropped around what its *first* frame shows, by
a square that is to the character's walking clips as everyone's: neither where a figure stands nor
how large it is tells what comes later, or whether its character can attack.
"""

import io
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .files import npz
from .splits import by_hash

SIZE = 40
FOLDS = 5
INSIDE, MARGIN = 0.98, 1.3  # the square is that much wider than most of a walking figure
GAME = "usr/share/games/dink/dink"
PLACES = ("animals", "dink", "effects/magic", "foes", "people")
LINE = re.compile(r"load_sequence(?:_now)?\s+graphics\\(\S+?)\s+(\d+)\b", re.IGNORECASE)
WALK, ATTACK = re.compile(r"w\d-$|\dw-?$"), re.compile(r"/(attack2?|hit)/")
DIRECTIONS = ("-", "SW", "S", "SE", "W", "-", "E", "NW", "N", "NE")  # of a number pad
DOINGS = ("attack", "attack2", "bow", "hit", "magic", "normal", "sword", "walk")
NAMES = {"peasant2": "peasant", "slayers": "slayer", "stonegnt": "stone giant"}


@dataclass
class Clip:
    """One sequence; frames are (H, W, 3) uint8, equally large, white where nothing is."""

    path: str
    direction: str
    action: str
    frames: list

    @property
    def parts(self) -> list[str]:
        """Character, and then the variant where there is one.

        >>> Clip("people/knight/red/attack/c05a2-", "S", "attack", []).parts
        ['knight', 'red']
        """
        if "/seth" in self.path:
            return ["seth"]
        first, *others = self.path.split("/")[:-1]
        kept = [part for part in others if part not in DOINGS]
        return ["dink"] if first == "dink" else [NAMES.get(kept[0], kept[0]), *kept[1:]]


def archive(path: Path) -> dict[str, bytes]:
    """Name -> content of the files in a `dir.ff`."""
    data = path.read_bytes()
    (count,) = struct.unpack_from("<I", data)
    entries = [struct.unpack_from("<I13s", data, 4 + 17 * k) for k in range(count)]
    names = [name.split(b"\0")[0].decode("ascii").lower() for _, name in entries]
    starts = [start for start, _ in entries]  # the last entry only says where the file ends
    return {name: data[a:b] for name, a, b in zip(names, starts, starts[1:], strict=False)}


def sequences(game: Path) -> dict[str, int]:
    """Path and prefix of each sequence -> its number, from Dink.ini and then the scripts."""
    found: dict[str, int] = {}
    for file in (game / "Dink.ini", *sorted((game / "Story").iterdir())):
        for path, number in LINE.findall(file.read_text("latin-1")):
            found.setdefault(path.replace("\\", "/").lower(), int(number))
    return found


def doing(path: str) -> str | None:
    """What a sequence shows: "attack", "walk" or something else, None.

    >>> doing("dink/sword/hit/d-sa2-"), doing("animals/duck/dk1w-"), doing("dink/die/ds-x3-")
    ('attack', 'walk', None)
    """
    if ATTACK.search(path):
        return "attack"
    return "walk" if WALK.search(path) else None


def clips(folder: Path) -> list[Clip]:
    """Every walk and attack of a figure, equal ones once, in the order of their paths."""
    game = folder / GAME
    archives = {
        file.parent.relative_to(game / "graphics").as_posix().lower(): file
        for file in game.glob("graphics/**/dir.ff")
    }
    found, seen = [], set()
    for path, number in sorted(sequences(game).items()):
        place, _, prefix = path.rpartition("/")
        if not path.startswith(PLACES) or not (action := doing(path)) or place not in archives:
            continue
        frames = pictures(archive(archives[place]), prefix)
        key = b"".join(frame.tobytes() for frame in frames)
        if len(frames) > 1 and key not in seen:
            seen.add(key)
            found.append(Clip(path, DIRECTIONS[number % 10], action, frames))
    return found


def pictures(files: dict[str, bytes], prefix: str) -> list[np.ndarray]:
    """The frames prefix01.bmp, prefix02.bmp, ... on pages of one size."""
    frames = []
    while (name := f"{prefix}{len(frames) + 1:02d}.bmp") in files:
        frames.append(Image.open(io.BytesIO(files[name])).convert("RGB"))
    size = tuple(max((f.size[k] for f in frames), default=1) for k in (0, 1))
    pages = []
    for frame in frames:
        page = Image.new("RGB", size, "white")
        page.paste(frame)
        pages.append(np.asarray(page))
    return pages


def middle(clip: Clip) -> np.ndarray:
    """(y, x) of the middle of what the first frame shows."""
    shown = np.argwhere((clip.frames[0] < 255).any(-1))
    return (shown.min(0) + shown.max(0) + 1) / 2


def side(group: list[Clip]) -> float:
    """The side of the square for all clips of a character, from those in which it walks."""
    reach = [
        np.abs(np.argwhere((frame < 255).any(-1)) + 0.5 - middle(clip)).max(1)
        for clip in group
        for frame in clip.frames
        if clip.action == "walk"
    ]
    return 2 * MARGIN * float(np.quantile(np.concatenate(reach), INSIDE))


def scaled(clip: Clip, length: float) -> np.ndarray:
    """Its frames as (T, SIZE, SIZE, 3) uint8, cropped to a square of that side."""
    top, left = middle(clip) - length / 2
    box = (left, top, left + length, top + length)
    return np.stack([_square(Image.fromarray(frame), box) for frame in clip.frames])


def _square(picture: Image.Image, box: tuple) -> np.ndarray:
    margin = int(box[2] - box[0]) + 1  # white all round, so that the square lies inside
    page = Image.new("RGB", [n + 2 * margin for n in picture.size], "white")
    page.paste(picture, (margin, margin))
    moved = tuple(v + margin for v in box)
    return np.asarray(page.resize((SIZE, SIZE), Image.Resampling.BOX, box=moved))


def folds(found: list[Clip]) -> dict[str, int]:
    """Character -> fold, 1 to `FOLDS`: those with most attacks first, each to the fold with fewest
    of them, and then the others, each to the fold with fewest clips."""
    count = {c.parts[0]: np.zeros(2, int) for c in found}
    for clip in found:
        count[clip.parts[0]] += (clip.action == "attack", 1)
    totals, chosen = np.zeros((FOLDS, 2), int), {}
    for name in sorted(by_hash(count), key=lambda name: tuple(-count[name])):
        order = totals if count[name][0] else totals[:, ::-1]
        chosen[name] = min(range(FOLDS), key=lambda fold: tuple(order[fold]))
        totals[chosen[name]] += count[name]
    return {name: fold + 1 for name, fold in chosen.items()}


def make(folder: Path) -> bytes:
    """Arrays `frames` (all clips' frames one after the other, SIZE, SIZE, 3) uint8 and, for each
    clip, `lengths`, `character`, `variant`, `action`, `direction`, `fold`, `path`."""
    found = clips(folder)
    fold = folds(found)
    by_character = {name: [c for c in found if c.parts[0] == name] for name in fold}
    sides = {name: side(group) for name, group in by_character.items()}
    columns = {
        "character": [c.parts[0] for c in found],
        "variant": [" ".join(c.parts[1:]) for c in found],
        "action": [c.action for c in found],
        "direction": [c.direction for c in found],
        "path": [c.path for c in found],
    }
    return npz(
        {
            "frames": np.concatenate([scaled(c, sides[c.parts[0]]) for c in found]),
            "lengths": np.array([len(c.frames) for c in found], "uint8"),
            "fold": np.array([fold[c.parts[0]] for c in found], "uint8"),
            **{name: np.array(values) for name, values in columns.items()},
        }
    )
