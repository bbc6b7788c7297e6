"""The five input/output architectures, drawn: each alone, and all on one sheet."""

from zoo.errors import InputError
from zoo.plots.boxes import BOX, PANEL, PITCH, Drawing, box, network
from zoo.plots.style import SMALL, TEXT, TITLE, Palette, canvas, palette, plain

_MARGIN, _HEAD = 0.22, 0.62  # inches; the head is the title and the example above the boxes
_X, _Y, _NONE = ("x_1", "x_2", "x_3"), ("y_1", "y_2", "y_3"), (None, None, None)
DRAWINGS = {
    "one_to_one": Drawing("one to one", "digit → class", ("x",), ("y",), (None,)),
    "one_to_many": Drawing(
        "one to many", "picture → words", ("x", None, None), _Y, (None, "y_1", "y_2")
    ),
    "many_to_one": Drawing("many to one", "values → the next", _X, (None, None, "y"), _NONE),
    "many_to_many_delayed": Drawing(
        "many to many, delayed",
        "letters → sounds: read all, then write",
        _X + _NONE,
        _NONE + _Y,
        (*_NONE, "y_0", "y_1", "y_2"),
    ),
    "many_to_many_aligned": Drawing("many to many, aligned", "sine → cosine", _X, _Y, _NONE),
}


def architecture(name: str, dark: bool = False):
    """The drawing of one architecture, without its title.

    Args:
        name: "one_to_one", "one_to_many", "many_to_one", "many_to_many_delayed" or
            "many_to_many_aligned".
        dark: light lines for a dark page.

    Returns: a Figure. Raises: InputError on another name.

    >>> figure = architecture("many_to_one")
    >>> sorted(text.get_text() for text in figure.axes[0].texts)[:2]
    ['$h_1$', '$h_2$']
    """
    if name not in DRAWINGS:
        raise InputError(f"no architecture {name!r}: choose one of {', '.join(DRAWINGS)}")
    drawing = DRAWINGS[name]
    # The half gap beside the outer boxes is cut, so that a page can align the drawing with text.
    edge, outside = 0.04, (PITCH - BOX) / 2
    figure, axes = _sheet(drawing.width - 2 * outside + 2 * edge, PANEL + 2 * edge, dark)
    network(axes, drawing, edge - outside, edge, palette(dark))
    return figure


def architectures(dark: bool = False, narrow: bool = False):
    """The five architectures on one sheet.

    Args:
        dark: light lines for a dark page.
        narrow: one below the other, for a phone.

    Returns: a Figure.

    >>> wide, tall = architectures(), architectures(narrow=True)
    >>> bool(wide.get_figwidth() > tall.get_figwidth())
    True
    """
    places, width, height = _stacked() if narrow else _grid()
    figure, axes = _sheet(width, height, dark)
    for name, (x, y) in places.items():
        _panel(axes, DRAWINGS[name], x, y, palette(dark))
    _legend(axes, palette(dark), narrow)
    return figure


def _grid() -> tuple[dict, float, float]:
    # The decoder of the delayed one stands right under one-to-many, its sibling.
    second, third = _MARGIN + 3 * PITCH, _MARGIN + 7 * PITCH
    low, high = 0.75, 0.75 + PANEL + _HEAD + 0.5
    places = {
        "one_to_one": (_MARGIN, high),
        "one_to_many": (second, high),
        "many_to_one": (third, high),
        "many_to_many_delayed": (_MARGIN, low),
        "many_to_many_aligned": (third, low),
    }
    return places, 10 * PITCH + 2 * _MARGIN + 0.12, high + PANEL + _HEAD + _MARGIN


def _stacked() -> tuple[dict, float, float]:
    step, foot = PANEL + _HEAD + 0.42, 1.15
    places = {name: (_MARGIN, foot + i * step) for i, name in enumerate(reversed(DRAWINGS))}
    return places, 6 * PITCH + 2 * _MARGIN, foot + 5 * step - 0.42 + _MARGIN


def _sheet(width: float, height: float, dark: bool):
    figure = canvas(width, height, dark, constrained=False)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return figure, axes


def _panel(axes, drawing: Drawing, x: float, y: float, colours: Palette) -> None:
    left, top = x + (PITCH - BOX) / 2, y + PANEL
    axes.text(left, top + 0.42, plain(drawing.title), size=TITLE, weight="bold", color=colours.ink)
    axes.text(left, top + 0.19, plain(drawing.example), size=SMALL, color=colours.muted)
    network(axes, drawing, x, y, colours)


def _legend(axes, colours: Palette, narrow: bool) -> None:
    left, top, low = _MARGIN + 0.2, 0.62 if narrow else 0.26, 0.3 if narrow else 0.26
    fed_back = "own previous output, fed back ($y_0$: begin)"
    entries = [
        ("input", "input", left, top),
        ("state", "state", left + 0.95, top),
        ("output", "output", left + 1.9, top),
        ("feedback", fed_back, left if narrow else left + 2.9, low),
    ]
    for kind, label, x, y in entries:
        box(axes, x, y, 0.2, 0.16, kind, colours)
        axes.text(x + 0.2, y, label, va="center", size=TEXT - 0.5, color=colours.muted)
