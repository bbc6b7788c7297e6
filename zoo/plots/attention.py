"""Where a model looked: a matrix of weights, or a picture with a map for each word."""

from collections.abc import Sequence

import numpy as np

from zoo.errors import InputError
from zoo.plots.grids import show
from zoo.plots.style import DARK, SMALL, WIDTH, Palette, canvas, palette, plain, style_axes

_CELL, _LEAST = 0.4, 0.13  # inches: a cell's side where there is room, and where there is little
_AROUND = 1.25  # inches beside the cells: names of the rows, labels, the scale
_GAP, _FOOT, _SIDE = 0.12, 0.3, 0.84  # inches between maps, below each for its word, of each


def alignment(weights, source: Sequence[str], target: Sequence[str], dark: bool = False):
    """Where the model looked in the source while it wrote each symbol of the target.

    Args:
        weights: (T, M) attention weights, 0..1; row t is the t-th target.
        source: M names of what was read. target: T names of what was written.
        dark: light lines for a dark page.

    Returns: a Figure; read it row by row. Up to about 40 symbols each way keep their names
        readable; a long source makes it wider than the other figures.
    Raises: InputError where names and shape differ, a weight is not in 0..1, or there is none.

    >>> figure = alignment(np.eye(2), ["c", "at"], ["K", "AE T"])
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['c', 'at']
    """
    weights = _checked(weights, len(target), len(source), "source")
    colours = palette(dark)
    names = 0.08 * max(map(len, target))
    cell = float(np.clip((WIDTH - _AROUND - names) / len(source), _LEAST, _CELL))
    size = SMALL if cell > 0.17 else SMALL - 2.5
    turned = [len(name) * size / 72 * 0.75 > cell for name in source]
    aslant = [len(name) for name, turn in zip(source, turned, strict=True) if turn]
    head = 0.5 + 0.05 * max(aslant, default=0)
    wide, high = cell * len(source), cell * len(target)
    left, below = 0.42 + names, 0.12
    figure = canvas(left + wide + 0.83, below + max(high, 0.8) + head, dark, constrained=False)
    axes = figure.add_axes(_place(figure, left, head, wide, high))
    style_axes(axes, x="read", y="written", dark=dark).grid(visible=False)
    picture = axes.imshow(weights, cmap=_ramp(colours), vmin=0, vmax=1, aspect="auto")
    _label_cells(axes, source, target, turned, size, colours)
    tall = float(np.clip(high, 0.8, 1.7))
    _scale(figure, picture, _place(figure, left + wide + 0.15, head, 0.12, tall), colours)
    return figure


def alignment_maps(image, weights, grid, target: Sequence[str], dark: bool = False):
    """The picture that was read, and for each word that was written where the model looked in it.

    Args:
        image: (H, W) grey or (H, W, 3 or 4) colour, uint8 or 0..1.
        weights: (T, M) attention weights, 0..1; row t is the t-th word.
        grid: (height, width) of the M places, which lie in `weights` row by row.
        target: T words. dark: light lines for a dark page.

    Returns: a Figure; over each map the picture is drawn faintly.
    Raises: InputError where words, places and shape differ, a weight is not in 0..1, or there is
        none.

    >>> figure = alignment_maps(np.zeros((8, 8, 3)), np.eye(4)[:2], (2, 2), ["red", "hat"])
    >>> [axes.get_xlabel() for axes in figure.axes[:3]]
    ['picture', 'red', 'hat']
    """
    weights = _checked(weights, len(target), grid[0] * grid[1], "grid")
    colours, columns = palette(dark), min(4, 1 + len(target))
    rows = -(-(1 + len(target)) // columns)
    wide = _GAP + columns * (_SIDE + _GAP)
    figure = canvas(wide + 0.55, _GAP + rows * (_SIDE + _FOOT), dark, constrained=False)
    image = np.asarray(image)
    for k, word in enumerate(["picture", *target]):
        row, column = divmod(k, columns)
        left, top = _GAP + column * (_SIDE + _GAP), _GAP + row * (_SIDE + _FOOT)
        axes = figure.add_axes(_place(figure, left, top, _SIDE, _SIDE))
        if k == 0:
            show(axes, image)
        else:
            drawn = _map(axes, image, weights[k - 1].reshape(grid), colours)
        axes.spines[:].set_color(colours.line)
        size = min(SMALL, 72 * (_SIDE + _GAP) / (0.68 * len(word)))
        axes.set_xlabel(plain(word), fontsize=size, color=colours.ink if k else colours.muted)
    _scale(figure, drawn, _place(figure, wide, _GAP, 0.12, _SIDE), colours)
    return figure


def _checked(weights, rows: int, columns: int, what: str) -> np.ndarray:
    weights = np.asarray(weights, float)
    if weights.shape != (rows, columns) or weights.size == 0:
        raise InputError(
            f"weights of shape {weights.shape} for a target of {rows} and a {what} of {columns}: "
            "give one row per target, one column per place that was read, and one at least"
        )
    if not (weights.min() >= 0 and weights.max() <= 1 + 1e-4):
        raise InputError(
            f"weights from {weights.min():g} to {weights.max():g}, expected 0 to 1: "
            "give the weights behind the softmax"
        )
    return weights


def _place(figure, left: float, top: float, width: float, height: float) -> tuple[float, ...]:
    across, down = figure.get_size_inches()
    return left / across, 1 - (top + height) / down, width / across, height / down


def _ramp(colours: Palette):
    from matplotlib.colors import LinearSegmentedColormap

    # One hue, ever further from the paper: order is seen without seeing colour.
    dark = ["#18202b", "#2f6f9f", "#c4e6ff"]
    steps = dark if colours is DARK else ["#f1f4f8", "#5ea9dc", "#003a5d"]
    return LinearSegmentedColormap.from_list("zoo", steps)


def _map(axes, image: np.ndarray, weights: np.ndarray, colours: Palette):
    """The weights in the colours of the scale, the picture over them as a faint drawing in ink."""
    from matplotlib.colors import to_rgba

    high, wide = image.shape[:2]
    extent = (-0.5, wide - 0.5, high - 0.5, -0.5)
    drawn = axes.imshow(weights, cmap=_ramp(colours), vmin=0, vmax=1, extent=extent)
    grey = image / 255 if image.dtype == np.uint8 else image
    grey = grey[..., :3].mean(-1) if grey.ndim == 3 else grey
    ink = np.tile(to_rgba(colours.ink), (high, wide, 1))
    ink[..., 3] = 0.28 * (1 - grey.clip(0, 1))
    axes.imshow(ink, extent=extent, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    return drawn


def _label_cells(axes, source, target, turned, size: float, colours: Palette) -> None:
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(range(len(source)), [plain(name) for name in source], size=size)
    for label, aslant in zip(axes.get_xticklabels(), turned, strict=True):
        if aslant:
            label.set(rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(len(target)), [plain(name) for name in target], size=size)
    axes.tick_params(length=0, colors=colours.ink)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(1, len(source)) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, len(target)) - 0.5, minor=True)
    axes.grid(which="minor", color=colours.paper, linewidth=1.2 if size == SMALL else 0.6)
    axes.tick_params(which="minor", length=0)


def _scale(figure, picture, place, colours: Palette) -> None:
    bar = figure.colorbar(picture, cax=figure.add_axes(place), ticks=[0, 0.5, 1])
    bar.ax.set_yticklabels(["0", "½", "1"])
    bar.ax.tick_params(labelsize=SMALL, colors=colours.muted, length=0)
    bar.set_label("weight", fontsize=SMALL, color=colours.muted)
    bar.outline.set_visible(False)
