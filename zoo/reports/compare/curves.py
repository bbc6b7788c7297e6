"""The figures of `zoo compare` about being right, and about memory."""

from collections.abc import Mapping

import numpy as np

from zoo.errors import InputError
from zoo.plots.style import LIGHT, SMALL, WIDTH, canvas, style_axes
from zoo.reports.compare import ways
from zoo.reports.compare.pictures import (
    OUTSIDE,
    colour,
    dot,
    legend,
    order,
    panel,
    short,
    stacked,
)
from zoo.reports.compare.ways import finite, way

APART = 1e-3  # of the reference's loss: from there on two curves are apart
LEAST, MOST = 1e-10, 1.0  # what is outside is drawn there: a logarithm has no zero
DASHES = ((0, ()), (0, (5, 2)), (0, (1.5, 1.5)), (0, (5, 1.5, 1, 1.5)))
KINDS = {"outputs": "Outputs", "loss": "Loss", "gradient": "Gradients"}


def curves(document: Mapping, model: str):
    """The losses of the first training steps beside the reference, and how far they are from it.

    Returns a Figure: above the losses, below, where there is a reference, each curve's distance
    over it, with the line from which curves count as apart. Raises `InputError` without a curve.
    """
    rows = ways.find(document["rows"], measure="curve", model=model)
    rows = [row for row in rows if row["losses"]]
    if not rows:
        raise InputError(f"no loss curve of {model!r} to draw: none was measured")
    reference = next((row["reference_losses"] for row in rows if row["reference_losses"]), None)
    figure = canvas(WIDTH, 4.4 if reference else 2.8)
    panels = figure.subplots(2 if reference else 1, squeeze=False, sharex=True)[:, 0]
    _losses(panels[0], rows, reference, ways.varied(rows))
    if reference:
        _distances(panels[1], rows)
    panels[-1].set_xlabel("training step", fontsize=SMALL, color=LIGHT.muted)
    found = dict(zip(*panels[0].get_legend_handles_labels()[::-1], strict=True))
    legend(figure, found, columns=2 if max(map(len, found)) > 14 else 4, handlelength=1.8,
           handletextpad=0.5)  # fmt: skip
    figure.align_ylabels()
    return figure


def _losses(axes, rows, reference, also):
    style_axes(axes, "Loss")
    axes.set_ylabel("loss", fontsize=SMALL, color=LIGHT.muted)
    if reference:
        axes.plot(_steps(reference), _array(reference), color=LIGHT.grey, linewidth=4, alpha=0.6,
                  label="reference", solid_capstyle="round")  # fmt: skip
    for k, row in enumerate(rows):
        axes.plot(_steps(row["losses"]), _array(row["losses"]), color=colour(row["backend"]),
                  linewidth=1.5, linestyle=DASHES[k % len(DASHES)],
                  label=short(way(row, also)))  # fmt: skip


def _distances(axes, rows):
    style_axes(axes, "Distance from the reference")
    axes.set_ylabel("relative difference", fontsize=SMALL, color=LIGHT.muted)
    axes.set_yscale("log")
    axes.axhline(APART, color=LIGHT.muted, linewidth=1)
    for k, row in enumerate(rows):
        if not row["reference_losses"]:
            continue
        gap = _gap(row)
        axes.plot(_steps(gap), gap, color=colour(row["backend"]), linewidth=1.3,
                  linestyle=DASHES[k % len(DASHES)])  # fmt: skip
        step = row["parts_at"]
        if step is not None and step <= len(gap) and np.isfinite(gap[step - 1]):
            axes.plot(step, gap[step - 1], "o", markersize=7, color=colour(row["backend"]),
                      markerfacecolor=LIGHT.paper, markeredgewidth=1.6)  # fmt: skip
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, LEAST / 10), max(high, APART * 30))
    axes.annotate("apart from here on", (0.01, APART), (0, 3), xycoords=("axes fraction", "data"),
                  textcoords="offset points", fontsize=SMALL - 1, color=LIGHT.muted)  # fmt: skip


def _array(values):
    found = np.array([np.nan if value is None else value for value in values], float)
    return np.where(np.isfinite(found), found, np.nan)


def _steps(values):
    return np.arange(1, len(values) + 1)


def _gap(row):
    count = min(len(row["losses"]), len(row["reference_losses"]))
    losses, reference = (_array(row[key][:count]) for key in ("losses", "reference_losses"))
    scale = np.maximum(np.abs(reference), 0.01 * abs(reference[0]) + 1e-30)  # as parts_at has it
    return np.maximum(np.abs(losses - reference) / scale, LEAST)


def curves_alt(document: Mapping, model: str) -> str:
    """What the figure of the losses shows, in words."""
    told = []
    for row in ways.find(document["rows"], measure="curve", model=model):
        at = row["parts_at"]
        told.append(f"{way(row)} {'stays with it' if at is None else f'parts at step {at}'}")
    return f"Losses of {model} by training step beside the reference: {', '.join(told)}."


def parity(document: Mapping):
    """How far each backend's numbers are from the reference: a panel for each kind, log axis.

    Outputs, loss and, of all weights, the gradient that differs most; the bar is the line that a
    dot must stay left of. Returns a Figure. Raises `InputError` where nothing was compared.
    """
    found = {kind: worst(document, kind) for kind in KINDS}
    found = {kind: lines for kind, lines in found.items() if lines}
    if not found:
        raise InputError("no difference to draw: nothing was compared with a reference")
    counts = [len({row["model"] for row in rows}) for rows in found.values()]
    figure, panels = stacked([count * 1.3 for count in counts], 0.3, share=True)
    backends = list(dict.fromkeys(row["backend"] for rows in found.values() for row in rows))
    for axes, (kind, rows) in zip(panels, found.items(), strict=True):
        _differences(axes, kind, rows, backends)
    _scale(panels, [row for rows in found.values() for row in rows])
    panels[-1].set_xlabel("largest relative difference", fontsize=SMALL, color=LIGHT.muted)
    seen = {backend: dot(backend) for backend in sorted(backends, key=order)}
    if not all(row["within"] for rows in found.values() for row in rows):
        seen[OUTSIDE] = dot("", marker="X")
    legend(figure, seen)
    return figure


def _differences(axes, kind, rows, backends):
    models = list(dict.fromkeys(row["model"] for row in rows))
    panel(axes, KINDS[kind], list(map(short, models)), "")
    for bar in sorted({row["bar"] for row in rows if finite(row["bar"])})[:1]:
        axes.axvline(bar, color=LIGHT.muted, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.annotate(f"bar {bar:.0e}", (bar, 1), (0, 3), textcoords="offset points", ha="center",
                      xycoords=("data", "axes fraction"), fontsize=SMALL - 1,
                      color=LIGHT.muted)  # fmt: skip
    for row in rows:
        shift = (backends.index(row["backend"]) - (len(backends) - 1) / 2) * 0.17
        where = np.clip(row["relative"], LEAST, MOST) if finite(row["relative"]) else MOST
        inside = row["within"] is not False
        axes.plot(where, models.index(row["model"]) + shift, "o" if inside else "X",
                  color=colour(row["backend"]), markersize=5.5 if inside else 8)  # fmt: skip


def _scale(panels, rows):
    """Ticks at every second power of ten; the first one stands for no difference at all."""
    sizes = [row["relative"] for row in rows if finite(row["relative"])]
    last = (
        MOST if len(sizes) < len(rows) else max([1e-4, *sizes, *(row["bar"] or 0 for row in rows)])
    )
    ticks = 10.0 ** np.arange(-10, np.ceil(np.log10(min(last, MOST))) + 1, 2)
    panels[0].set_xlim(LEAST / 2.5, max(last * 8, ticks[-1]))
    for axes in panels:
        axes.set_xticks(ticks, ["0", *(f"$10^{{{int(np.log10(t))}}}$" for t in ticks[1:])])
        axes.minorticks_off()


def worst(document: Mapping, kind: str) -> list[Mapping]:
    """Of each model and backend the row of this kind with the largest difference over its bar."""
    found = {}
    for row in ways.comparable(ways.find(document["rows"], measure="parity")):
        if str(row["what"]).split(" ")[0] != kind:
            continue
        key = (row["model"], row["backend"])
        if key not in found or ways.over(row) > ways.over(found[key]):
            found[key] = row
    return list(found.values())


def parity_alt(document: Mapping) -> str:
    """What the figure of the differences shows, in words."""
    rows = [row for kind in KINDS for row in worst(document, kind)]
    outside = [f"{row['model']} {way(row)} {row['what']}" for row in rows if not row["within"]]
    told = f"outside: {', '.join(outside)}" if outside else "every one within its bar"
    return f"Dots of the largest relative difference to the reference; {told}."


def memory(document: Mapping):
    """The peak of each process: a panel for each use that was measured, a line for each model.

    Returns a Figure. Raises `InputError` where no memory was measured.
    """
    rows = [row for row in ways.find(document["rows"], measure="memory") if finite(row["peak_mb"])]
    uses = {use: [row for row in rows if row["use"] == use] for use in _uses(rows)}
    if not uses:
        raise InputError("no memory to draw: none was measured")
    counts = [len({row["model"] for row in found}) for found in uses.values()]
    figure, panels = stacked(counts, 0.3)
    seen = {}
    for axes, (use, found) in zip(panels, uses.items(), strict=True):
        models = list(dict.fromkeys(row["model"] for row in found))
        title = "Peak memory" + (f": {ways.USES[use]}" if use in ways.USES else "")
        panel(axes, title, list(map(short, models)), "megabytes of the process", log=False)
        for row in found:
            seen[row["backend"]] = dot(row["backend"], row["contender"] == "keras")
            face = LIGHT.paper if row["contender"] == "keras" else colour(row["backend"])
            axes.plot(row["peak_mb"], models.index(row["model"]), "o", markersize=6.5,
                      color=colour(row["backend"]), markerfacecolor=face)  # fmt: skip
        axes.set_xlim(0, 1.08 * max(row["peak_mb"] for row in found))
    legend(figure, seen)
    return figure


def _uses(rows):
    return list(dict.fromkeys(row["use"] for row in rows))


def memory_alt(document: Mapping) -> str:
    """What the figure of memory shows, in words."""
    peaks = {}
    for row in ways.find(document["rows"], measure="memory"):
        if finite(row["peak_mb"]):
            peaks.setdefault(row["backend"], []).append(row["peak_mb"])
    told = [f"{name} {min(p):,.0f} to {max(p):,.0f} MB" for name, p in peaks.items()]
    return f"Peak memory of the process by model and backend: {'; '.join(told)}."
