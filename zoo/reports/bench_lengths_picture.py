"""Time for each step against length on logarithmic axes: what is linear in T is a level line."""

from itertools import groupby

from zoo.errors import InputError
from zoo.plots.style import SMALL, TEXT, WIDTH, canvas, palette, plain, style_axes
from zoo.reports import bench_lengths

# layer -> colour, line, marker: those with a wall are dashed
STYLES = {
    "gru": ("orange", (0, (4, 1.5)), "s"),
    "lstm": ("muted", (0, (4, 1.5)), "o"),
    "min_gru": ("blue", "-", "^"),
    "min_lstm": ("green", "-", "D"),
    "rg_lru": ("purple", "-", "v"),
}
USUAL = dict(device="cpu", precision="float32", direction="forward", mask="none")
USUAL["pass"] = "training"
OTHERS = ("ink", "-.", "X")


def times(rows: list[dict], dark: bool = False):
    """Microseconds of each layer for each of its T steps, against T, a panel for each backend.

    Both axes are logarithmic; a layer whose time is linear in T is a level line.

    rows: those of `zoo bench --lengths`; of several ways to run a layer the fastest is drawn, with
    a band from the 25th to the 75th percentile. Returns a Figure. Raises `InputError` where no
    length was measured.

    >>> row = dict.fromkeys(bench_lengths.WHERE, "here") | {"layer": "gru", "together": True,
    ...     "ok": True, "shape": {"T": 64}, "median_ms": 2.0, "p25_ms": 1.9, "p75_ms": 2.2}
    >>> times([row]).axes[0].get_xscale()
    'log'
    """
    panels = {
        title: list(found) for title, found in groupby(bench_lengths.best(rows), key=_panel_title)
    }
    if not panels:
        raise InputError("no length to draw: measure some with --lengths")
    figure = canvas(WIDTH, 0.9 + 1.9 * len(panels), dark)
    every = figure.subplots(len(panels), sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, (title, found) in zip(every, panels.items(), strict=True):
        style_axes(axes, title, dark=dark)
        _panel(axes, found, palette(dark))
    _scales(figure, every, rows, palette(dark))
    _legend(figure, every, palette(dark))
    return figure


def _panel_title(row):
    others = [row[key] for key, value in USUAL.items() if row[key] not in (None, value)]
    return plain(", ".join([row["backend"], *others]))


def _panel(axes, rows, colours):
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    for layer, found in groupby(rows, lambda row: row["layer"]):
        found = list(found)
        colour, line, marker = STYLES.get(layer, OTHERS)
        lengths = [row["shape"]["T"] for row in found]
        times, low, high = (
            [row[key] * 1000 / row["shape"]["T"] for row in found]
            for key in ("median_ms", "p25_ms", "p75_ms")
        )
        style = {"color": getattr(colours, colour), "linestyle": line, "marker": marker}
        axes.plot(lengths, times, linewidth=1.6, markersize=4.5, label=plain(layer), **style)
        axes.fill_between(lengths, low, high, color=style["color"], alpha=0.18, linewidth=0)


def _scales(figure, every, rows, colours):
    from matplotlib.ticker import LogLocator

    lengths = sorted({row["shape"]["T"] for row in bench_lengths.best(rows)})
    for axes in every:
        axes.set_xticks(lengths, [f"{T:,}" for T in lengths], minor=False)
        axes.xaxis.minorticks_off()
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.yaxis.minorticks_off()
        axes.grid(axis="x", color=colours.line, linewidth=0.6)
    style = {"fontsize": TEXT, "color": colours.muted}
    every[-1].set_xlabel("time steps T", **style)
    figure.supylabel("microseconds for each step", **style)


def _legend(figure, every, colours):
    handles, labels = every[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=SMALL,
        labelcolor=colours.ink, columnspacing=1.4, handlelength=2.4,
    )  # fmt: skip
