"""The rows of the synthetic probes as tables: who solves what, in how many steps.

A row is one run: {recipe, cell, options, seed, units, parameters, metric, goal, solved, steps,
scores, baseline, seconds, backend}; scores: of the splits held out.
"""

import numpy as np

from zoo.reports.marks import redrawn

BEGIN, END = "<!-- probes: drawn by scripts/probes.py -->", "<!-- end of probes -->"


def line(row) -> str:
    """A run in one line.

    >>> line(dict(recipe="parity", cell="gru", options={}, seed=0, solved=True, steps=50, units=9,
    ...           metric="accuracy", parameters=1234, scores={"test": 0.98765}, seconds=1.0))
    'parity gru x 9 (1,234 parameters) seed 0: solved in 50 steps, test accuracy 0.988, 1 s'
    """
    said = "solved in" if row["solved"] else "not solved in"
    scores = ", ".join(
        f"{split} {row['metric']} {value:.3g}"
        for split, value in row["scores"].items()
        if split != "validation"
    )
    return (
        f"{_who(row)} x {row['units']} ({row['parameters']:,} parameters) seed {row['seed']}: "
        f"{said} {row['steps']:,} steps, {scores}, {row['seconds']:.0f} s"
    )


def _who(row):
    return " ".join([row["recipe"], row["cell"], *(f"{k}={v}" for k, v in row["options"].items())])


def setting(row) -> str:
    """The builder's options of a row in words: one table has the rows of one.

    >>> setting({"options": {"layers_": 2, "block": "griffin"}})
    '2 layers, block griffin'
    """
    options = dict(row["options"])
    layers = options.pop("layers_", 1)
    words = [f"{layers} layer{'s' if layers > 1 else ''}"]
    return ", ".join([*words, *(f"{name} {value}" for name, value in options.items())])


def tables(rows) -> str:
    """For each setting a Markdown table, a line for each cell and a column for each probe."""
    settings = list(dict.fromkeys(setting(row) for row in rows))
    return "\n\n".join(
        f"### {name[0].upper()}{name[1:]}\n\n{_table(name, rows)}" for name in settings
    )


def _table(name, every):
    rows = [row for row in every if setting(row) == name]
    probes, cells = (list(dict.fromkeys(row[key] for row in rows)) for key in ("recipe", "cell"))
    lines = [["cell", *(f"`{probe}`" for probe in probes)], ["---"] * (1 + len(probes))]
    for cell in cells:
        found = [[r for r in rows if (r["recipe"], r["cell"]) == (p, cell)] for p in probes]
        lines.append([f"`{cell}`", *map(_entry, found)])
    lines.append(["baseline", *(_baseline(rows, probe) for probe in probes)])
    lines.append(["goal", *(_goal(every, probe) for probe in probes)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _entry(rows):
    """Solved k of n, the median of the steps, the test metric with its range over the seeds."""
    if not rows:
        return "–"
    solved = [row["steps"] for row in rows if row["solved"]]
    steps = f", {np.median(solved):,.0f} steps" if solved else ""
    mark = "**" if len(solved) == len(rows) else ""
    parts = [f"{mark}{len(solved)} of {len(rows)}{mark}{steps}"]
    for split in ("test", "longer"):
        values = [row["scores"][split] for row in rows if split in row["scores"]]
        if values:
            parts.append(f"{'longer: ' if split == 'longer' else ''}{_range(values)}")
    parts.append(f"{rows[0]['units']} units, {rows[0]['parameters']:,}")
    return "<br>".join(parts)


def _range(values):
    low, middle, high = (f"{v:.3g}" for v in (min(values), np.median(values), max(values)))
    return middle if low == high else f"{middle} ({low} – {high})"


def _baseline(rows, probe):
    return f"{next(row['baseline'] for row in rows if row['recipe'] == probe):.3g}"


def _goal(rows, probe):
    """The goal, and where the runs of any setting were stopped that did not reach it."""
    row = next(row for row in rows if row["recipe"] == probe)
    stopped = [r["steps"] for r in rows if r["recipe"] == probe and not r["solved"]]
    limit = f", in {max(stopped):,} steps at most" if stopped else ""
    return f"{row['metric']} {row['goal']:g}{limit}"


def page(text, rows) -> str:
    """The page with what stands between its two marks drawn anew."""
    return redrawn(text, BEGIN, END, tables(rows))
