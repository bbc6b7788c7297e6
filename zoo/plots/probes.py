"""Steps until a probe is solved, a panel for each probe and a line for each cell."""

from zoo.errors import InputError
from zoo.plots.style import LIGHT, SMALL, WIDTH, canvas, plain, style_axes


def probe_steps(rows: list[dict]):
    """Every run of the synthetic probes as a mark: where it was solved, or where it was stopped.

    rows: those of `scripts/probes.py`; drawn are those with the options of the first. Returns a
    Figure. Raises `InputError` without rows.

    >>> row = dict(recipe="parity", cell="gru", options={}, seed=0, steps=50, solved=True)
    >>> len(probe_steps([row, row | {"seed": 1}]).axes)
    1
    """
    if not rows:
        raise InputError("no run to draw, expected one or more: give rows")
    rows = [row for row in rows if row["options"] == rows[0]["options"]]
    probes, cells = (list(dict.fromkeys(row[key] for row in rows)) for key in ("recipe", "cell"))
    figure = canvas(WIDTH, len(probes) * (0.17 * len(cells) + 0.45) + 0.8)
    every = figure.subplots(len(probes), sharex=True, squeeze=False)[:, 0]
    for axes, probe in zip(every, probes, strict=True):
        _panel(axes, probe, cells, [row for row in rows if row["recipe"] == probe])
    every[-1].set_xlabel("training steps", fontsize=SMALL)
    _legend(figure, every)
    return figure


def _panel(axes, probe, cells, rows):
    style_axes(axes, probe.replace("_", " "))
    axes.set_xscale("log")
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=LIGHT.line, linewidth=0.6)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    for solved, label, marker, colour in (
        (True, "solved", "o", LIGHT.blue),
        (False, "not solved, stopped", "x", LIGHT.orange),
    ):
        found = [row for row in rows if row["solved"] == solved]
        y = [cells.index(row["cell"]) + 0.22 * (row["seed"] % 3 - 1) for row in found]
        style = dict(color=colour, markersize=4, label=label)
        axes.plot([row["steps"] for row in found], y, marker, **style)
    axes.set_yticks(range(len(cells)), map(plain, cells), size=SMALL - 1, color=LIGHT.ink)
    axes.set_ylim(len(cells) - 0.4, -0.6)


def _legend(figure, every):
    handles, labels = every[0].get_legend_handles_labels()
    style = {"frameon": False, "fontsize": SMALL, "labelcolor": LIGHT.ink, "handletextpad": 0.2}
    figure.legend(handles, labels, loc="outside lower center", ncols=2, **style)
