"""Recipes with one cell after the other, all with as many parameters as the recipe's own model.

    KERAS_BACKEND=jax python scripts/cells.py                    all that is missing, then the table
    KERAS_BACKEND=jax python scripts/cells.py vowels --seeds 3
    python scripts/cells.py --draw                               the table of what is there

Cells whose gates see the input alone are two layers deep, so that the upper ones' know what came
before, and are tried bare and in the block of their papers. Each run is one row of
docs/parallel/cells.json, written as soon as it ends; a call makes the rows that are missing. The
table in docs/parallel.md is drawn from them.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from zoo import files, registry
from zoo.errors import InputError
from zoo.reports import cells as report
from zoo.reports.trials import equal_units, missing, parameters, run

ROOT = Path(__file__).resolve().parent.parent
PAGE, ROWS = ROOT / "docs" / "parallel.md", ROOT / "docs" / "parallel" / "cells.json"
RECIPES = ("char_lm", "spam", "vowels")
BLOCK = {"min_gru": "minimal", "min_lstm": "minimal", "rg_lru": "griffin"}
DEEP = {"layers_": 2}
CELLS = ("lstm", "gru", *BLOCK)


def jobs(given):
    """What is to be run: [{recipe, cell, options, seed}]."""
    forms = [(cell, DEEP if cell in BLOCK else {}) for cell in given.cells]
    forms += [(cell, DEEP | {"block": BLOCK[cell]}) for cell in given.cells if cell in BLOCK]
    return [
        {"recipe": name, "cell": cell, "options": options | _more(given), "seed": seed}
        for seed in range(given.seeds)
        for name in given.recipes or RECIPES
        for cell, options in forms
        if "block" in options or cell not in BLOCK or not given.blocks_only
    ]


def _more(given):
    """What a row says of a size or a length that is not the recipe's."""
    sizes = {"as_large_as": given.units, "epochs": given.epochs}
    return {name: value for name, value in sizes.items() if value}


def chosen(job):
    """The recipe of a job, as wide as the parameters of the recipe's own cell allow."""
    own, options = registry.recipe(job["recipe"]), dict(job["options"])
    target = parameters(own, options.pop("as_large_as", own.options["units"]))
    options.pop("epochs", None)
    recipe = own.override(cell=job["cell"], **options)
    return recipe.override(units=equal_units(recipe, target))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="*", choices=[*RECIPES, []], metavar="RECIPE")
    parser.add_argument("--cells", type=lambda text: text.split(","), default=CELLS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--units", type=int, help="of the recipe's own cell, for smaller models")
    parser.add_argument("--epochs", type=int, help="by default the recipe's")
    parser.add_argument("--blocks-only", action="store_true", help="no bare parallel cell")
    parser.add_argument("--rows", type=Path, default=ROWS, help="where the rows are kept")
    parser.add_argument("--draw", action="store_true", help="run nothing")
    given = parser.parse_args()
    rows = files.read_json(given.rows) if given.rows.exists() else []
    for job in [] if given.draw else tqdm(missing(jobs(given), rows), unit="run"):
        rows.append(run(job, chosen(job), given.epochs))
        files.write_json(given.rows, rows)
        tqdm.write(report.line(rows[-1]))
    if not rows:
        raise InputError(f"no row in {str(given.rows)!r}, expected some: run without --draw")
    if given.rows == ROWS:
        page = report.page(PAGE.read_text(encoding="utf-8"), rows)
        files.write_bytes(PAGE, page.encode())
    print(report.table(rows))


if __name__ == "__main__":
    main()
