"""Which cell solves which synthetic probe, in how many steps: several seeds, equal parameters.

    KERAS_BACKEND=jax python scripts/probes.py                   all that is missing, then the table
    python scripts/probes.py --draw                              table and picture of what is there
    python scripts/probes.py --cells min_gru,min_lstm --layers 1 --probes selective_copying
    python scripts/probes.py --cells min_gru --option block=griffin

Each run is one row of docs/probes/probes.json, written as soon as it ends; a call makes the rows
that are missing, so one that was stopped goes on. The table in docs/probes.md and the picture
beside the rows are drawn from them. The units of each cell are those with which its model comes
nearest to the number of parameters of the LSTM's without further options.
"""

import argparse
import json
from pathlib import Path

from tqdm import tqdm

from zoo import files, plots, registry
from zoo.errors import InputError
from zoo.reports import probes as report
from zoo.reports.trials import equal_units, missing, parameters, run

ROOT = Path(__file__).resolve().parent.parent
PAGE, ROWS = ROOT / "docs" / "probes.md", ROOT / "docs" / "probes" / "probes.json"
PICTURE = ROWS.with_name("steps.png")
PROBES = ("selective_copying", "parity", "associative_recall", "adding", "sequential_digits")
CELLS = ("simple_rnn", "lstm", "gru", "min_gru", "min_lstm", "rg_lru")


def jobs(given):
    """What is to be run: [{recipe, cell, options, seed}], seed after seed, so that all cells have
    one seed before any has two."""
    options = dict(option.split("=", 1) for option in given.option)
    options = {"layers_": given.layers} | {k: _plain(v) for k, v in options.items()}
    return [
        {"recipe": probe, "cell": cell, "options": options, "seed": seed}
        for seed in range(given.seeds)
        for probe in given.probes
        for cell in given.cells
    ]


def _plain(text):
    """A number, true, false or null as in JSON; anything else is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def chosen(job, units, known):
    """The recipe of a job, as wide as the parameters of an LSTM of `units` allow.

    known: {(recipe, cell, options): recipe}, filled as recipes are found.
    """
    key = json.dumps([job["recipe"], job["cell"], job["options"]])
    if key not in known:
        recipe = registry.recipe(job["recipe"])
        lstm = recipe.override(cell="lstm", layers_=job["options"]["layers_"])
        target = parameters(lstm, units or recipe.options["units"])
        recipe = recipe.override(cell=job["cell"], **job["options"])
        known[key] = recipe.override(units=equal_units(recipe, target))
    return known[key]


def draw(rows, page=PAGE, picture=PICTURE):
    """Put the table into the page and the picture beside the rows."""
    text = page.read_text(encoding="utf-8")
    files.write_bytes(page, report.page(text, rows).encode())
    plots.save(plots.probe_steps(rows), picture)


def names(known):
    """An argument with names of `known`, separated by commas."""

    def read(text):
        found = text.split(",")
        if unknown := [name for name in found if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not one of {', '.join(known)}")
        return found

    return read


def arguments():
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--probes", type=names(PROBES), default=list(PROBES))
    parser.add_argument("--cells", type=names(CELLS), default=list(CELLS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--units", type=int, help="of the LSTM; by default the recipe's")
    parser.add_argument("--epochs", type=int, help="at most; by default the recipe's")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--rows", type=Path, default=ROWS, help="where the rows are kept")
    parser.add_argument("--draw", action="store_true", help="run nothing")
    return parser.parse_args()


def main():
    given = arguments()
    rows = files.read_json(given.rows) if given.rows.exists() else []
    if not given.draw:
        known = {}
        for job in tqdm(missing(jobs(given), rows), unit="run"):
            recipe = chosen(job, given.units, known)
            rows.append(run(job, recipe, given.epochs))
            files.write_json(given.rows, rows)
            tqdm.write(report.line(rows[-1]))
    if not rows:
        raise InputError(f"no row in {str(given.rows)!r}, expected some: run without --draw")
    if given.rows == ROWS:
        draw(rows)
    print(report.tables(rows))


if __name__ == "__main__":
    main()
