"""The rows of recipes with other cells as a table: see `zoo.reports.trials`."""

import numpy as np

from zoo.reports.marks import redrawn

BEGIN, END = "<!-- cells: drawn by scripts/cells.py -->", "<!-- end of cells -->"
HEAD = ("recipe", "cell", "units", "parameters", "validation", "test")


def line(row) -> str:
    """A run in one line.

    >>> line(dict(recipe="vowels", cell="gru", options={}, seed=0, units=9, parameters=1234,
    ...           metric="accuracy", scores={"validation": 0.5, "test": 0.98765}, seconds=1.0))
    'vowels gru x 9 (1,234 parameters) seed 0: accuracy 0.500 validation, 0.988 test, 1 s'
    """
    scores = ", ".join(f"{value:.3f} {split}" for split, value in row["scores"].items())
    return (
        f"{row['recipe']} {who(row)} x {row['units']} ({row['parameters']:,} parameters) seed "
        f"{row['seed']}: {row['metric']} {scores}, {row['seconds']:.0f} s"
    )


def who(row) -> str:
    """A row's cell with the options that it was built with.

    >>> who({"cell": "rg_lru", "options": {"block": "griffin", "layers_": 2, "epochs": 1}})
    'rg_lru, griffin block, 2 layers'
    """
    options, words = row["options"], [row["cell"]]
    words += [f"{options['block']} block"] if "block" in options else []
    words += [f"{options['layers_']} layers"] if "layers_" in options else []
    return ", ".join(words)


def table(rows) -> str:
    """A Markdown table, a line for each recipe and cell: medians over the seeds, least to largest
    where there are several."""
    lines = [HEAD, ["---", "---", *["---:"] * (len(HEAD) - 2)]]
    groups = {}
    for row in rows:
        groups.setdefault((row["recipe"], str(row["options"]), row["cell"]), []).append(row)
    for found in sorted(groups.values(), key=lambda g: (g[0]["recipe"], len(g[0]["options"]))):
        first = found[0]
        scores = [_range([r["scores"][s] for r in found]) for s in ("validation", "test")]
        sizes = [str(first["units"]), f"{first['parameters']:,}"]
        lines.append([f"`{first['recipe']}`", who(first), *sizes, *scores])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _range(values):
    low, middle, high = (f"{v:.3f}" for v in (min(values), np.median(values), max(values)))
    return middle if len(values) == 1 else f"{middle} ({low} – {high})"


def page(text, rows) -> str:
    """The page with what stands between its two marks drawn anew."""
    return redrawn(text, BEGIN, END, table(rows))
