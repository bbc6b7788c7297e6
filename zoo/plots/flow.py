"""How far back the gradient reaches: one line for each cell, on a logarithmic axis."""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo.errors import InputError
from zoo.plots.style import SMALL, TEXT, WIDTH, canvas, palette, plain, style_axes

_STYLES = [
    ("blue", "-", "o"),
    ("orange", "--", "s"),
    ("green", "-.", "^"),
    ("purple", ":", "D"),
    ("ink", (0, (5, 1, 1, 1, 1, 1)), "v"),
    ("muted", "-", "X"),
]
_LEAST = 1e-35  # below this a float32 has underflowed
_APART = 0.062  # of the height of a tall panel: two names may not stand closer


def gradient_flow(rows: Sequence[Mapping], dark: bool = False):
    """How much of the gradient is left after so many steps back, on a log axis.

    Args:
        rows: [{"cell": "lstm", "steps_back": (T,), "norm": (T,)}, ...]: the norm of the gradient
            of the loss at the last step with respect to the state that many steps earlier; also,
            where they are known, "name" in place of "cell", "low" and "high" (T,) for a band,
            "rate", the factor for each step, and "panel", rows of which share a panel. A norm of 0
            (underflow) has no logarithm and is left out.
        dark: in the dark palette.

    Returns: a Figure, each line with its name and rate at its end.
    Raises: InputError where there is no row.

    >>> figure = gradient_flow([{"cell": "gru", "steps_back": [0, 1], "norm": [1.0, 0.5]}])
    >>> figure.axes[0].get_yscale()
    'log'
    """
    if not rows:
        raise InputError("no gradient to draw: measure at least one cell")
    panels = {}
    for row in rows:
        panels.setdefault(row.get("panel", "What is left of a gradient"), []).append(row)
    figure = canvas(WIDTH, 3.4 if len(panels) == 1 else 0.6 + 1.7 * len(panels), dark)
    every = figure.subplots(len(panels), sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, (title, found) in zip(every, panels.items(), strict=True):
        style_axes(axes, title, dark=dark)
        _panel(axes, found, palette(dark))
    farthest = max(np.max(row["steps_back"]) for row in rows)
    axes.set_xlim(0, max(farthest, 1))
    axes.xaxis.get_major_locator().set_params(integer=True)
    style = {"color": palette(dark).muted, "fontsize": TEXT}
    axes.set_xlabel("steps back from the loss", **style)
    figure.supylabel("norm of the gradient (log scale)", **style)
    for axes, found in zip(every, panels.values(), strict=True):  # behind all lines: the scale
        _name(axes, found, palette(dark), _APART * (1 if len(panels) == 1 else 2.5))
    return figure


def _panel(axes, rows, colours):
    axes.set_yscale("log")
    axes.axhline(1, color=colours.muted, linewidth=0.8)
    for k, (row, style) in enumerate(zip(rows, _styles(len(rows)), strict=True)):
        _line(axes, row, style, colours, k / len(rows))


def _styles(count):
    return [_STYLES[k % len(_STYLES)] for k in range(count)]


def _drawn(values):
    values = np.asarray(values, float)
    return np.where((values > _LEAST) & np.isfinite(values), values, np.nan)


def _line(axes, row, style, colours, shift):
    colour, line, marker = getattr(colours, style[0]), *style[1:]
    steps = np.asarray(row["steps_back"], float)
    every = max(1, len(steps) // 6)
    every = (int(every * shift), every)  # lines on top of each other keep their own markers
    axes.plot(
        steps, _drawn(row["norm"]), color=colour, linestyle=line, linewidth=1.8, marker=marker,
        markersize=5, markevery=every, label=plain(_title(row)),
    )  # fmt: skip
    if "low" in row:
        axes.fill_between(
            steps, _drawn(row["low"]), _drawn(row["high"]), color=colour, alpha=0.15, linewidth=0
        )


def _title(row):
    return row.get("name") or row["cell"]


def _name(axes, rows, colours, apart):
    """The name and rate of each line where it ends, moved apart where they would touch."""
    low, high = np.log(axes.get_ylim())
    ends = [_drawn(row["norm"]) for row in rows]
    ends = [np.log(line[np.isfinite(line)][-1:]) for line in ends]
    heights = [(end[0] - low) / (high - low) if len(end) else 0.0 for end in ends]
    for k, height in zip(*_apart(heights, apart), strict=True):
        rate = rows[k].get("rate")
        text = plain(_title(rows[k])) + ("" if rate is None else f"  ×{rate:#.3g}")
        axes.annotate(
            text, (1, height), (5, 0), xycoords="axes fraction", textcoords="offset points",
            va="center", fontsize=SMALL, color=getattr(colours, _styles(len(rows))[k][0]),
        )  # fmt: skip


def _apart(heights, apart):
    """Which names from below, and heights for them that are `apart` from each other."""
    order = np.argsort(heights, kind="stable")
    placed = []
    for k in order:
        placed.append(max(heights[k], placed[-1] + apart) if placed else heights[k])
    ceiling = 1.0
    for k in reversed(range(len(placed))):  # what was pushed over the top comes down again
        placed[k] = min(placed[k], ceiling)
        ceiling = placed[k] - apart
    return order, placed
