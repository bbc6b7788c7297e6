"""What a report page is made of beside its tables: paragraphs, pictures, examples, commands.

Every block is a frozen dataclass with one method, html(name), which returns escaped HTML; `name`
is unique on the page and starts the ids inside the block.
"""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from zoo.errors import InputError
from zoo.plots import to_svg
from zoo.reports.tables import shown


@dataclass(frozen=True)
class Paragraph:
    """Plain text.

    >>> Paragraph("a < b").html("p")
    '<p>a &lt; b</p>'
    """

    text: str

    def html(self, name: str) -> str:
        return f"<p>{escape(self.text)}</p>"


@dataclass(frozen=True)
class Code:
    """A command or a listing, kept as it is."""

    text: str

    def html(self, name: str) -> str:
        return f"<pre><code>{escape(self.text)}</code></pre>"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str

    def html(self, name: str) -> str:
        return f"<h3>{escape(self.text)}</h3>"


@dataclass(frozen=True)
class Answers:
    """What a report leads with: for each question the answer, large, and its reason below.

    Each item: {"question": str, "answer": str, "reason": str}.

    >>> "<dd>jax</dd>" in Answers([{"question": "train", "answer": "jax", "reason": ""}]).html("a")
    True
    """

    items: Sequence[Mapping]

    def html(self, name: str) -> str:
        parts = (tuple(escape(str(item[k])) for k in ("question", "answer", "reason"))
                 for item in self.items)  # fmt: skip
        cards = "\n".join(
            f'<div><dt>{asked}</dt><dd>{answer}</dd><dd class="reason">{reason}</dd></div>'
            for asked, answer, reason in parts
        )
        return f'<dl class="answers">\n{cards}\n</dl>'


@dataclass(frozen=True)
class Picture:
    """A matplotlib Figure (inlined as SVG, it follows light and dark) or the bytes of a PNG.

    `alt` says what the picture shows to whoever cannot see it, and must not be empty.
    """

    figure: object
    alt: str
    caption: str = ""

    def html(self, name: str) -> str:
        if not self.alt.strip():
            raise InputError("a picture without alt text: say in one line what it shows")
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        return f"<figure>{self._image(name)}{caption}</figure>"

    def _image(self, name: str) -> str:
        if isinstance(self.figure, bytes):
            return _png_element(self.figure, self.alt)
        width = round(1.2 * 96 * self.figure.get_figwidth())  # 10-point text as large as the page's
        opening = f'<svg role="img" aria-label="{escape(self.alt)}" width="{width}"'
        rest = to_svg(self.figure, name).removeprefix("<svg")
        return opening + re.sub(r' (width|height)="[\d.]+pt"', "", rest, count=2)


def _png_element(data: bytes, alt: str) -> str:
    if not data.startswith(b"\x89PNG"):
        raise InputError("the bytes of a picture are not a PNG: give a Figure or PNG bytes")
    text = base64.b64encode(data).decode()
    return f'<img src="data:image/png;base64,{text}" alt="{escape(alt)}">'


@dataclass(frozen=True)
class Examples:
    """Input -> answer beside the truth, each marked right or wrong.

    Each item: {"input": str, "answer": str, "truth": str, "right": True, False or None,
    "image": optional uint8 (H, W) or (H, W, 1, 3 or 4), array or nested lists}.
    """

    items: Sequence[Mapping]

    def html(self, name: str) -> str:
        longest = max((len(str(item.get("input", ""))) for item in self.items), default=0)
        wide = " long" if longest > 60 else ""
        items = "\n".join(_example(item) for item in self.items)
        return f'<ul class="examples{wide}">\n{items}\n</ul>'


def _example(item: Mapping) -> str:
    image = item.get("image")
    picture = "" if image is None else _png_element(png(image), f"input: {item.get('input', '')}")
    parts = [(k, item[k]) for k in ("input", "answer", "truth") if item.get(k) is not None]
    pairs = "".join(f"<dt>{key}</dt><dd>{escape(shown(value))}</dd>" for key, value in parts)
    return f"<li>{picture}<dl>{pairs}</dl>{_mark(item.get('right'))}</li>"


def _mark(right: bool | None) -> str:
    if right is None:
        return ""
    sign, word = ("✓", "right") if right else ("✗", "wrong")
    signs = f'<span aria-hidden="true">{sign}</span><span class="hidden">{word}</span>'
    return f'<span class="mark {word}">{signs}</span>'


def png(image) -> bytes:
    """PNG bytes of a uint8 image, (H, W) or (H, W, 1, 3 or 4), array or nested lists.

    >>> png([[0, 255]])[1:4]
    b'PNG'
    """
    from PIL import Image

    pixels = np.asarray(image)
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    colour = pixels.ndim == 3 and pixels.shape[-1] in (3, 4)
    if not (pixels.ndim == 2 or colour) or not np.all((pixels >= 0) & (pixels <= 255)):
        raise InputError(
            f"image of shape {pixels.shape}: give (H, W) or (H, W, 1, 3 or 4) values 0 to 255"
        )
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
