"""Colour emoji with their English names, split by held-out combinations and unseen concepts."""

import re
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .files import npz
from .splits import assign, by_hash

SIZE = 32
GLYPH = (136, 128)
FONT = "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
LAST = "\N{REGIONAL INDICATOR SYMBOL LETTER Z}"
SPOKEN = {"#": " hash ", "*": " asterisk ", "&": " and ", "’": "", "'": ""}
VARIES = re.compile(
    r"\b((medium )?(light|dark|medium) skin tone|(red|curly|white|blond) hair|bald|beard"
    r"|man|woman|men|women|person|people|boy|girl)\b"
)


def plain_name(code: str) -> str:
    """The words of an emoji's name.

    >>> plain_name(":man_medium-light_skin_tone:")
    'man medium light skin tone'
    """
    name = code.strip(":").lower().replace("_", " ")
    for sign, word in SPOKEN.items():
        name = name.replace(sign, word)
    return " ".join(re.sub(r"[^\w]", " ", name).split())


def concept(name: str) -> str:
    """The name without skin tone, gender and hair: what its variants have in common.

    >>> concept("woman firefighter medium dark skin tone")
    'firefighter'
    """
    return " ".join(VARIES.sub(" ", name).split()) or "person"


def render(font: ImageFont.FreeTypeFont, text: str) -> np.ndarray:
    """One glyph on white, `(SIZE, SIZE, 3)` uint8."""
    glyph = Image.new("RGBA", GLYPH)
    ImageDraw.Draw(glyph).text((0, 0), text, font=font, embedded_color=True)
    side = max(GLYPH)
    page = Image.new("RGBA", (side, side), "white")
    page.alpha_composite(glyph, ((side - GLYPH[0]) // 2, (side - GLYPH[1]) // 2))
    return np.asarray(page.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS))


def drawn(folder: Path) -> dict[str, np.ndarray]:
    """Name -> image of each emoji that the font has as one glyph; equal images appear once."""
    from emoji import EMOJI_DATA, STATUS

    font = ImageFont.truetype(str(folder / FONT), 109)
    found, seen = {}, set()
    for text, entry in EMOJI_DATA.items():
        if entry["status"] != STATUS["fully_qualified"] or round(font.getlength(text)) != GLYPH[0]:
            continue
        image = render(font, text)
        if image.tobytes() not in seen:
            seen.add(image.tobytes())
            prefix = "flag " if "\N{REGIONAL INDICATOR SYMBOL LETTER A}" <= text[0] <= LAST else ""
            found.setdefault(prefix + plain_name(entry["en"]), image)
    return found


def splits(names: list[str]) -> dict[str, str]:
    """One concept in ten is unseen; of the others with 4 variants or more, 3 in 20 are test."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(concept(name), []).append(name)
    unseen = set(by_hash(groups)[: len(groups) // 10])
    split = {}
    for base, members in groups.items():
        few = len(members) < 4
        test = 0 if few else max(1, len(members) * 3 // 20)
        validation = 0 if len(members) < 6 else max(1, len(members) // 20)
        chosen = assign(members, validation, test)
        split |= dict.fromkeys(members, "unseen") if base in unseen else chosen
    return split


def make(folder: Path) -> bytes:
    """Arrays `images` (N, 32, 32, 3) uint8, `names` and `split` (N,) text, in name order."""
    found = drawn(folder)
    names = sorted(found)
    split = splits(names)
    return npz(
        {
            "images": np.stack([found[name] for name in names]),
            "names": np.array(names),
            "split": np.array([split[name] for name in names]),
        }
    )
