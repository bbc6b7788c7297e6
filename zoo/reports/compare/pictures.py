"""The figures of `zoo compare` about speed: every model at a glance, and one model in detail.

A colour is a backend in every figure; a filled dot is this project's layers (or the exported
model), a hollow one stock Keras.
"""

from collections.abc import Mapping

import numpy as np

from zoo.errors import InputError
from zoo.plots.style import LIGHT, SMALL, WIDTH, canvas, plain, style_axes
from zoo.reports.compare import ways
from zoo.reports.compare.advice import candidates
from zoo.reports.compare.ways import USES, milliseconds, spread, times, way

COLOURS = {
    "tensorflow": LIGHT.orange,
    "jax": LIGHT.blue,
    "torch": LIGHT.purple,
    "onnxruntime": LIGHT.green,
}
OUTSIDE = "outside of its bar"
ROW = 0.21  # inches a line of a panel
LONGEST = 26  # characters of a name beside an axis


def colour(backend: str) -> str:
    """The colour of a backend in every figure of the report."""
    return COLOURS.get(backend, LIGHT.muted)


def short(text: str, longest: int = LONGEST) -> str:
    """A name that fits beside an axis, its middle left out where it is long.

    >>> short("a_model_with_a_very_long_name.keras", 20)
    'a_model_wi…ame.keras'
    """
    if len(text) > longest:
        text = f"{text[: longest // 2]}…{text[len(text) - longest // 2 + 1 :]}"
    return plain(text)


def stacked(heights, extra: float = 0.0, share: bool = False):
    """A figure of panels below one another, each as high as its lines need; returns both."""
    sizes = [ROW * lines + 0.7 for lines in heights]
    figure = canvas(WIDTH, sum(sizes) + extra)
    panels = figure.subplots(
        len(sizes), squeeze=False, sharex=share, gridspec_kw={"height_ratios": sizes}
    )
    return figure, panels[:, 0]


def panel(axes, title: str, labels, x: str, log: bool = True) -> np.ndarray:
    """House look for a panel whose lines are things and whose x is a size; returns the lines' y."""
    style_axes(axes, title)
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=LIGHT.line, linewidth=0.6)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(plain(x), fontsize=SMALL, color=LIGHT.muted)
    if log:
        axes.set_xscale("log")
    y = np.arange(len(labels))
    axes.set_yticks(y, labels, size=SMALL, color=LIGHT.ink)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    return y


def plain_ticks(axes) -> None:
    """Ticks of a logarithmic axis as plain numbers: 1, 2, 5, 10 and so on, as many as fit."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = axes.get_xlim()
    span = high / low
    subs = (1, 2, 5) if span < 60 else (1, 3) if span < 900 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.9g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def legend(figure, found, columns: int | None = None, **also) -> None:
    """Above all panels what the colours and marks mean: {label: handle}."""
    columns = columns or (len(found) if len(found) < 5 else 3)
    style = {"frameon": False, "fontsize": SMALL, "labelcolor": LIGHT.ink, "columnspacing": 1.0}
    figure.legend(
        found.values(), found, loc="outside upper left", ncols=columns, borderaxespad=0.1,
        **{"handletextpad": 0.1} | style | also,
    )  # fmt: skip


def dot(backend: str, hollow: bool = False, marker: str = "o"):
    """The handle of a legend for one backend."""
    from matplotlib.lines import Line2D

    face = LIGHT.paper if hollow else colour(backend)
    return Line2D([], [], linestyle="none", marker=marker, markersize=6.5, markeredgewidth=1.4,
                  markerfacecolor=face, markeredgecolor=colour(backend))  # fmt: skip


def overview(document: Mapping):
    """Each model's time on each backend over that of its fastest way: a panel for each use.

    Of a backend's ways the fastest with this project's layers (or the exported model) is drawn; a
    cross is one whose numbers are not within their bar, so that it cannot be the fastest.
    Returns a Figure. Raises `InputError` where no time was measured.
    """
    found = {use: _standing(document, use) for use in USES}
    found = {use: standing for use, standing in found.items() if standing}
    if not found:
        raise InputError("no time to draw: none was measured")
    figure, panels = stacked([len(standing) for standing in found.values()], 0.3)
    seen = {}
    for axes, (use, standing) in zip(panels, found.items(), strict=True):
        _standings(axes, use, standing, seen)
    legend(figure, {name: seen[name] for name in sorted(seen, key=order)})
    return figure


def _standings(axes, use, standing, seen):
    highest = max(ratio for ratios in standing.values() for ratio, _ in ratios.values())
    labels = list(map(short, standing))
    y = panel(axes, _upper(USES[use]), labels, "times as long as the fastest", log=highest > 4)
    axes.axvline(1, color=LIGHT.muted, linewidth=1)
    for line, ratios in zip(y, standing.values(), strict=True):
        ends = [ratio for ratio, _ in ratios.values()]
        axes.plot([min(1, *ends), max(1, *ends)], [line] * 2, color=LIGHT.line, linewidth=1.2)
        for backend, (ratio, wrong) in sorted(ratios.items(), key=lambda pair: -pair[1][0]):
            seen[backend] = dot(backend)
            if wrong:
                seen[OUTSIDE] = dot("", marker="X")
            axes.plot(ratio, line, "X" if wrong else "o", markersize=8 if wrong else 6.5,
                      color=colour(backend))  # fmt: skip
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.93), max(high, 1.6))
    if highest > 4:
        plain_ticks(axes)


def _upper(text):
    return text[0].upper() + text[1:]


def order(backend: str) -> int:
    """Where a backend stands in legends."""
    return list(COLOURS).index(backend) if backend in COLOURS else len(COLOURS)


def _standing(document, use):
    """{model: {backend: (its best time over the best of all, whether it is wrong)}}."""
    standing = {}
    for model in ways.names(document):
        every = [one for one in candidates(document, model, use)
                 if one.row["contender"] != "keras"]  # fmt: skip
        best = {}
        for one in [*(one for one in every if not one.wrong), *every]:
            best.setdefault(one.row["backend"], (one.ms, bool(one.wrong)))
        if best:
            least = min(best.values(), key=lambda pair: (pair[1], pair[0]))[0]
            standing[model] = {name: (ms / least, wrong) for name, (ms, wrong) in best.items()}
    return standing


def overview_alt(document: Mapping) -> str:
    """What the overview shows, in words."""
    told = []
    for use in USES:
        firsts = [
            f"{model} {min(ratios, key=lambda name: ratios[name][::-1])}"
            for model, ratios in _standing(document, use).items()
        ]
        if firsts:
            told.append(f"{USES[use]}: {', '.join(firsts)}")
    start = "Dots of each model's time on each backend over that of the fastest, which is for"
    return f"{start} {'; '.join(told)}."


def speed(document: Mapping, model: str):
    """The median time of every way for one model, with its spread: a panel for each use.

    Returns a Figure. Raises `InputError` where no time was measured.
    """
    found = {use: ways.speeds(document, model, use) for use in USES}
    found = {use: _grouped(rows) for use, rows in found.items() if rows}
    if not found:
        raise InputError(f"no time of {model!r} to draw: none was measured")
    also = ways.varied(row for rows in found.values() for row in rows)
    figure, panels = stacked([len(rows) for rows in found.values()])
    for axes, (use, rows) in zip(panels, found.items(), strict=True):
        _times(axes, use, rows, also)
    return figure


def _grouped(rows):
    """By backend, the backend with the fastest way first; in it the fastest way first."""
    first = {}
    for row in rows:
        first.setdefault(row["backend"], row["median_ms"])
    return sorted(rows, key=lambda row: (first[row["backend"]], row["median_ms"]))


def _times(axes, use, rows, also):
    unit = "milliseconds" + {"train": " a step", "batch": " a batch", "latency": ""}[use]
    labels = [short(way(row, also), 34) for row in rows]
    y = panel(axes, _upper(USES[use]), labels, unit)
    low, high = rows_range(rows)
    axes.set_xlim(low, high)
    for line, row in zip(y, rows, strict=True):
        ms, shade = row["median_ms"], colour(row["backend"])
        end = ms * (1 + spread(row))
        around = [[ms * min(spread(row), 0.99)], [min(end, high) - ms]]
        face = LIGHT.paper if row["contender"] == "keras" else shade
        axes.errorbar(ms, line, xerr=around, color=shade, elinewidth=1.6, capsize=2.5)
        axes.plot(ms, line, "o", markersize=6, color=shade, markerfacecolor=face)
        fits = end * (high / low) ** 0.2 < high  # else the number stands above its dot
        axes.annotate(
            milliseconds(ms), (end if fits else ms, line), (6, 0) if fits else (0, 4),
            va="center" if fits else "bottom", ha="left" if fits else "center",
            textcoords="offset points", fontsize=SMALL - 1, color=LIGHT.muted,
        )  # fmt: skip
    for line, (row, before) in enumerate(zip(rows[1:], rows, strict=False)):
        if row["backend"] != before["backend"]:
            axes.axhline(line + 0.5, color=LIGHT.line, linewidth=0.6)
    plain_ticks(axes)


def rows_range(rows) -> tuple[float, float]:
    """From where to where an axis goes, with room for the number beside the last dot.

    >>> low, high = rows_range([{"median_ms": 10.0}, {"median_ms": 20.0}])
    >>> low < 10 and high > 40
    True
    """
    times_of = [row["median_ms"] for row in rows]
    low, high = min(times_of), max(times_of)
    return low / 1.25, max(high, low * 3) * max(high / low, 3.0) ** 0.36


def speed_alt(document: Mapping, model: str) -> str:
    """What the figure of one model's times shows, in words."""
    told = []
    for use in USES:
        rows = ways.speeds(document, model, use)
        if rows:
            first, last = rows[0], rows[-1]
            ratio = times(last["median_ms"] / first["median_ms"])
            told.append(f"{USES[use]} from {way(first)} with {milliseconds(first['median_ms'])} "
                        f"to {way(last)}, {ratio} times that")  # fmt: skip
    return f"Median times of {model} with their spread: {'; '.join(told)}."
