"""The rows of `zoo bench` as one picture: how this project's layers stand to the others."""

import numpy as np

from zoo.errors import InputError
from zoo.plots.style import LIGHT, SMALL, WIDTH, canvas, plain, style_axes

# key of a row -> what it is called, its marker and colour
AGAINST = {
    "vs_keras": ("stock Keras", "o", LIGHT.blue),
    "vs_torch_nn": ("torch.nn", "s", LIGHT.orange),
    "vs_matmul": ("matrix products alone", "|", LIGHT.ink),
}


def ratios(rows: list[dict]):
    """The time of this project's layer over that of stock Keras, torch.nn and the products alone.

    rows: those of `zoo bench`; of several ways to run the layer the fastest is drawn. A panel for
    each backend and layer, a line for each shape, pass and mask; left of 1 is faster. Returns a
    Figure. Raises `InputError` where no row has a ratio.

    >>> row = {"backend": "jax", "layer": "gru", "direction": "forward", "shape_name": "small",
    ...        "pass": "forward", "mask": "none", "contender": "zoo", "ok": True, "median_ms": 1.0,
    ...        "vs_keras": 0.8, "vs_torch_nn": None, "vs_matmul": 1.4}
    >>> len(ratios([row]).axes)
    1
    """
    panels = {}
    for row in _fastest(rows):
        panels.setdefault((row["backend"], row["layer"], row["direction"]), []).append(row)
    if not panels:
        raise InputError("no ratio to draw: measure one of this project's layers beside another")
    heights = [0.17 * len(found) + 0.45 for found in panels.values()]
    figure = canvas(WIDTH, sum(heights) + 0.8)
    every = figure.subplots(
        len(panels), sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    for axes, (key, found) in zip(every, panels.items(), strict=True):
        _panel(axes, " ".join(part for part in key if part != "forward"), found)
    _scale(every[-1])
    _legend(figure, every)
    return figure


def _scale(axes):
    from matplotlib.ticker import LogLocator

    low, high = axes.get_xlim()
    subs = (1, 2, 5) if high / low < 50 else (1, 3) if high / low < 1000 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda value, _: "")
    axes.set_xlabel("time of this project's layer over theirs", fontsize=SMALL)


def _legend(figure, every):
    named = {}
    for axes in every:
        handles, labels = axes.get_legend_handles_labels()
        named |= dict(zip(labels, handles, strict=True))
    style = {"frameon": False, "fontsize": SMALL, "labelcolor": LIGHT.ink, "handletextpad": 0.2}
    figure.legend(
        named.values(), named, loc="outside lower center", ncols=3, columnspacing=1.2, **style
    )


def _fastest(rows):
    best = {}
    for row in rows:
        if row["ok"] and row["contender"].startswith("zoo") and any(row[key] for key in AGAINST):
            keys = ("backend", "layer", "direction", "shape_name", "pass", "mask")
            key = tuple(row[name] for name in keys)
            if key not in best or row["median_ms"] < best[key]["median_ms"]:
                best[key] = row
    return best.values()


def _panel(axes, title, rows):
    style_axes(axes, title)
    axes.set_xscale("log")
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=LIGHT.line, linewidth=0.6)
    axes.axvline(1, color=LIGHT.muted, linewidth=1)
    y = np.arange(len(rows))
    for key, (label, marker, colour) in AGAINST.items():
        x = np.array([row[key] or np.nan for row in rows], float)
        if np.isfinite(x).any():
            axes.plot(x, y, marker, color=colour, markersize=6, markeredgewidth=1.6, label=label)
    labels = [f"{row['shape_name']} {row['pass']} {row['mask']}" for row in rows]
    axes.set_yticks(y, map(plain, labels), size=SMALL - 1, color=LIGHT.ink)
    axes.set_ylim(len(rows) - 0.5, -0.5)
