"""The house look: one palette in two lights, one kind of axes, text that always draws.

Colours are the Okabe-Ito set (Okabe and Ito, Color Universal Design, 2008), whose members stay
apart for every common kind of colour blindness; the dark ones are lightened to keep contrast.
Figures are 4.4 inches wide with 10-point text, so that text is still about 10 pixels high when
a phone of 360 pixels shows the whole figure.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

WIDTH = 4.4  # inches
TEXT, SMALL, TITLE = 10, 9, 11  # points


@dataclass(frozen=True)
class Palette:
    """The colours of one light. The names say the role, or the hue where several share a role."""

    paper: str
    ink: str
    muted: str
    line: str
    grey: str
    blue: str
    orange: str
    green: str
    purple: str
    blue_soft: str
    orange_soft: str
    green_soft: str


LIGHT = Palette(
    paper="#ffffff",
    ink="#1c2430",
    muted="#5b6675",
    line="#d5dae1",
    grey="#a3adba",
    blue="#0072b2",
    orange="#c44f00",
    green="#007a5a",
    purple="#a4487e",
    blue_soft="#dcebf7",
    orange_soft="#fce8d9",
    green_soft="#d9f0e8",
)
DARK = Palette(
    paper="#0d1117",
    ink="#e8ecf1",
    muted="#9aa6b4",
    line="#333c48",
    grey="#6b7787",
    blue="#62b5ec",
    orange="#ff9a57",
    green="#3fcb9f",
    purple="#e396c1",
    blue_soft="#14304a",
    orange_soft="#47290f",
    green_soft="#0f3a2e",
)


def palette(dark: bool = False) -> Palette:
    """The light or the dark palette."""
    return DARK if dark else LIGHT


def canvas(width: float, height: float, dark: bool = False, constrained: bool = True):
    """An empty matplotlib Figure of `width` x `height` inches with its own Agg canvas."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(width, height),
        facecolor=palette(dark).paper,
        layout="constrained" if constrained else None,
    )
    FigureCanvasAgg(figure)
    if constrained:
        figure.get_layout_engine().set(w_pad=0.06, h_pad=0.06)
    return figure


def style_axes(axes, title: str = "", x: str = "", y: str = "", dark: bool = False):
    """Put the house look on `axes` and return them."""
    colours = palette(dark)
    axes.set_facecolor("none")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(colours.line)
    axes.tick_params(labelsize=SMALL, colors=colours.muted, length=3, width=0.8)
    axes.tick_params(which="minor", length=0)
    axes.grid(axis="y", color=colours.line, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_title(plain(title), loc="left", fontsize=TITLE, color=colours.ink, weight="bold")
    axes.set_xlabel(plain(x), fontsize=TEXT, color=colours.muted)
    axes.set_ylabel(plain(y), fontsize=TEXT, color=colours.muted)
    return axes


def legend_above(axes, columns: int = 2, tight: bool = False) -> None:
    """A frameless legend between the title and the data, where it covers nothing.

    tight: five short names fit beside each other.
    """
    handles, labels = axes.get_legend_handles_labels()
    box = axes.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        frameon=False,
        fontsize=SMALL,
        labelcolor=LIGHT.ink,
        borderaxespad=0.2,
        handlelength=1.1 if tight else 1.6,
        handletextpad=0.4 if tight else 0.8,
        borderpad=0,
        columnspacing=0.9 if tight else 1.4,
    )
    title = axes.get_title(loc="left")
    axes.set_title("", loc="left")
    box.set_title(title, prop={"size": TITLE, "weight": "bold"})
    box.get_title().set_color(LIGHT.ink)
    box.set_alignment("left")


def pi_ticks(axes, low: float, high: float, intervals: int = 6) -> None:
    """Ticks along x at multiples of pi/4, pi/2, pi, 2 pi, ...: at most `intervals` + 1."""
    step = 0.25
    while (high - low) / (step * np.pi) > intervals + 1e-6:
        step *= 2
    first, last = np.ceil(low / np.pi / step - 1e-9), np.floor(high / np.pi / step + 0.02)
    multiples = np.arange(first, last + 1) * step
    axes.set_xticks(multiples * np.pi, [_pi(m) for m in multiples])


def _pi(multiple: float) -> str:
    if multiple == 0:
        return "0"
    factor = f"{abs(multiple):g}" if abs(multiple) != 1 else ""
    return f"{'−' if multiple < 0 else ''}{factor}π"


def number(value: float | None) -> str:
    """A number for people: three significant digits, thousands apart, a dash for none.

    >>> number(0.97), number(0.01651), number(12345), number(1.2e-07), number(None)
    ('0.970', '0.0165', '12,345', '1.2e-07', '–')
    """
    if value is None or not np.isfinite(value):
        return "–" if value is None else str(float(value))
    if isinstance(value, int | np.integer) or abs(value) >= 1000:
        return f"{value:,.0f}"
    if value == 0:
        return "0"
    if abs(value) < 1e-3:
        return f"{value:.2g}"
    return f"{value:#.3g}".rstrip(".")


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def plain(text: object) -> str:
    """`text` as matplotlib can draw it: dollars are dollars, and a character that the font
    lacks (an emoji, a Chinese word) becomes one replacement mark instead of a warning.

    >>> plain("5 $ and 6 $") == r"5 \\$ and 6 \\$"
    True
    """
    known = _glyphs()
    kept = "".join(c if c == "\n" or ord(c) in known else "\ufffd" for c in str(text))
    return kept.replace("$", r"\$")
