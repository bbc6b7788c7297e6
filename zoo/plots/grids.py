"""Answers to look at: images with captions, metrics beside baselines."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np

from zoo.errors import InputError
from zoo.plots.style import LIGHT, SMALL, TEXT, WIDTH, canvas, number, plain

_GAP = 0.1  # inches between images


def images_with_captions(images, captions: Sequence[str], truths: Sequence[str]):
    """Images in a grid, each with the model's caption, and the truth where that differs.

    Args:
        images: N images (H, W) grey or (H, W, 3 or 4) colour, uint8 or 0..1.
        captions: N answers. truths: N true captions.

    Returns: a Figure. A tick or a cross says right or wrong, the colour says it again.
    Raises: InputError where the three differ in number, or are none.

    >>> figure = images_with_captions(np.zeros((2, 8, 8)), ["0", "1"], ["0", "7"])
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['✓ 0', '✗ 1\\ntruth: 7']
    """
    if not len(images) == len(captions) == len(truths) > 0:
        raise InputError(
            f"{len(images)} images, {len(captions)} captions, {len(truths)} truths: "
            "give as many of each, and one at least"
        )
    columns = min(len(images), 6 if max(map(len, [*captions, *truths])) <= 4 else 3)
    texts = [_caption(*pair, 54 // columns) for pair in zip(captions, truths, strict=True)]
    side = (WIDTH - _GAP) / columns - _GAP
    heights = [
        side + 0.16 * max(text.count("\n") + 1 for text in texts[i : i + columns]) + 0.2
        for i in range(0, len(texts), columns)
    ]
    figure = canvas(WIDTH, sum(heights) + _GAP, constrained=False)
    for i, (image, text) in enumerate(zip(images, texts, strict=True)):
        row, column = divmod(i, columns)
        left, top = _GAP + column * (side + _GAP), _GAP + sum(heights[:row])
        axes = figure.add_axes(_fractions(figure, left, top, side))
        show(axes, np.asarray(image))
        axes.set_xlabel(text, fontsize=SMALL, color=_mark_colour(captions[i] == truths[i]))
    return figure


def _fractions(figure, left: float, top: float, side: float) -> tuple[float, ...]:
    # Placed by hand: a layout engine would shrink square images to make room for long captions.
    width, height = figure.get_size_inches()
    return left / width, 1 - (top + side) / height, side / width, side / height


def _mark_colour(right: bool) -> str:
    return LIGHT.blue if right else LIGHT.orange


def _caption(caption: str, truth: str, width: int) -> str:
    right = caption == truth
    lines = textwrap.wrap(f"{'✓' if right else '✗'} {caption}", width)
    if not right:
        lines += textwrap.wrap(f"truth: {truth}", width)
    return plain("\n".join(lines))


def show(axes, image: np.ndarray) -> None:
    """An image (H, W), (H, W, 1) or in colour as it is, without ticks."""
    grey = image.ndim == 2 or image.shape[-1] == 1
    shown = image.reshape(image.shape[:2]) if grey else image
    axes.imshow(shown, cmap="gray" if grey else None, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(LIGHT.line)


def bars(rows: Sequence[Mapping]):
    """Each model's metric beside its trivial baseline, every pair on its own scale from zero.

    Metrics differ, so lengths compare within a pair only. A score between 0 and 1 of which more
    is better is drawn against 1; any other pair against the larger of its two values.

    Args:
        rows: [{"name": "digits", "value": 0.97, "baseline": 0.91, "metric": "accuracy",
            "higher_is_better": True}, ...]; "value" or "baseline" may be None: no bar then.

    Returns: a Figure; both values are printed, a sign says which is better.
    Raises: InputError where there is no row.

    >>> figure = bars([{"name": "sine", "value": 0.02, "baseline": 0.7, "metric": "RMSE",
    ...                 "higher_is_better": False}])
    >>> figure.axes[0].texts[0].get_text()
    'sine'
    """
    if not rows:
        raise InputError("no rows to draw: evaluate at least one model")
    figure = canvas(WIDTH, 0.78 * len(rows) + 0.48, constrained=False)
    axes = figure.add_axes((0.02, 0, 0.96, 1))
    axes.set(xlim=(0, 1), ylim=(-0.615, len(rows)))
    axes.set_axis_off()
    for i, row in enumerate(rows):
        _pair(axes, row, len(rows) - 1 - i)
    note = (
        "Blue: the model; grey: its baseline; ✓ the model is better.\n"
        "Each pair is on its own scale, from zero."
    )
    axes.text(0, -0.12, note, size=SMALL - 0.5, color=LIGHT.muted, va="top", linespacing=1.4)
    return figure


def _pair(axes, row: Mapping, y: float) -> None:
    value, baseline, higher = row.get("value"), row.get("baseline"), row["higher_is_better"]
    limit = max([abs(v) for v in (value, baseline) if v is not None], default=0.0)
    if higher and limit <= 1:
        limit = 1.0
    axes.text(0, y + 0.74, plain(row["name"]), size=TEXT, weight="bold", color=LIGHT.ink)
    arrow, word = ("↑", "higher") if higher else ("↓", "lower")
    sense = f"{row['metric']}, {word} is better"
    if len(sense) + len(row["name"]) > 48:
        sense = f"{row['metric']} {arrow}"
    axes.text(0.95, y + 0.74, plain(sense), size=SMALL, color=LIGHT.muted, ha="right")
    if value is not None and baseline is not None:
        better = (value > baseline) == higher and value != baseline
        sign, colour = ("✓", LIGHT.blue) if better else ("✗", LIGHT.orange)
        axes.text(1, y + 0.74, sign, size=TEXT, weight="bold", color=colour, ha="right")
    for level, amount, colour in ((0.46, value, LIGHT.blue), (0.18, baseline, LIGHT.grey)):
        _bar(axes, y + level, amount, limit, colour)


def _bar(axes, y: float, amount: float | None, limit: float, colour: str) -> None:
    full = 0.84  # leaves room for the value at the end of the longest bar
    length = full * abs(amount) / limit if amount and limit else 0.0
    if limit == 1.0:
        axes.barh(y, full, height=0.2, color=LIGHT.line, alpha=0.45, linewidth=0)
    axes.barh(y, length, height=0.2, color=colour, linewidth=0)
    end = full if limit == 1.0 else length
    axes.text(end + 0.015, y, number(amount), size=SMALL, color=LIGHT.ink, va="center")
