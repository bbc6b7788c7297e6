"""zoo diagnose: how gradients flow over time, cell by cell or through a trained model."""

import shlex
import sys
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import output
from zoo.cli.options import Backend, Device, Json, Precision, session, verb
from zoo.errors import InputError

STEPS, UNITS, SEEDS = 100, 64, 3
NOTE = (
    "rate: the factor of the gradient for each step back (a geometric fit to the median); half: "
    "steps until half is left; at 10, last: what is left of 1 there; sat.: share of gates and "
    "activations that are saturated (|tanh| > 0.97, a sigmoid as 2 s - 1); dL/dW: norm of the "
    "gradient by the weights, which clipping cuts."
)

Cells = Annotated[str | None, typer.Option(help="lstm, gru, simple_rnn, ...; commas.")]
Model = Annotated[
    str | None, typer.Option(help="A model's name, a run folder or a .keras file, not new cells.")
]
Gain = Annotated[float | None, typer.Option(help="The recurrent weights are multiplied by it.")]


@verb("diagnose")
def diagnose(
    context: typer.Context,
    cells: Cells = None,
    steps: Annotated[int, typer.Option(help="How far back, at most.")] = STEPS,
    units: Annotated[int | None, typer.Option(help="Width of the new cells: 64.")] = None,
    seeds: Annotated[int, typer.Option(help="How many sets of new weights.")] = SEEDS,
    activation: Annotated[str | None, typer.Option(help="tanh, relu, linear, ...")] = None,
    gain: Gain = None,
    model: Model = None,
    out: Annotated[Path | None, typer.Option(help="A folder for the JSON and the figure.")] = None,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """How much of a gradient is left, so many steps back: vanishing, stable or exploding."""
    chosen = session(context, backend, device, precision, as_json)
    new = dict(cells=cells, units=units, activation=activation, gain=gain)
    check(steps, seeds, model, {k: v for k, v in new.items() if v is not None})
    with chosen.working():
        document = measured(steps, seeds, model, new)
        if out:
            write(document, out)
    chosen.report(document["rows"] if chosen.as_json else document, readable)


def check(steps, seeds, model, given):
    """`InputError` for options that do not fit, before a framework is loaded."""
    for option, value, least in (("--steps", steps, 3), ("--seeds", seeds, 1)):
        if value < least:
            raise InputError(f"{option} {value}, expected {least} or more: choose another")
    if model is not None and given:
        raise InputError(
            f"--{next(iter(given))} is for new cells, and --model {model} has its own: "
            "leave one of them out"
        )


def measured(steps, seeds, model, new) -> dict:
    """{"command", "environment", "rows"}: of the model, or of new cells."""
    from tqdm import tqdm

    from zoo import environment
    from zoo.layers import CELLS
    from zoo.reports import diagnosis, diagnosis_model

    if model is None:
        names = list(CELLS) if new["cells"] is None else listed(new["cells"])
        rows = diagnosis.cell_rows(
            names, steps, _default(new["units"], UNITS), seeds,
            _default(new["activation"], "tanh"), _default(new["gain"], 1.0),
        )  # fmt: skip
    else:
        rows = diagnosis_model.model_rows(model, steps, seeds)
    rows = list(tqdm(rows, delay=2, disable=None, unit="row", leave=False))
    command = shlex.join(["zoo", *sys.argv[1:]])
    return {"environment": environment.describe() | {"command": command}, "rows": rows}


def _default(value, otherwise):
    return otherwise if value is None else value


def listed(names) -> list[str]:
    """Names between commas, each once.

    >>> listed("lstm, gru,lstm")
    ['lstm', 'gru']
    """
    return list(dict.fromkeys(name.strip() for name in names.split(",")))


def write(document, folder):
    """diagnosis.json, gradient_flow.png and gradient_flow_dark.png in `folder`."""
    from zoo import files, plots

    files.write_bytes(folder / "diagnosis.json", f"{output.to_json(document)}\n".encode())
    rows = [
        row | ({"panel": row["name"], "name": row["weights"]} if "model" in row else {})
        for row in document["rows"]
    ]
    for dark, light in ((False, ""), (True, "_dark")):
        plots.save(plots.gradient_flow(rows, dark), folder / f"gradient_flow{light}.png")


def readable(document) -> str:
    """The table, for a terminal of 100 columns."""
    rows = document["rows"]
    head = ["", "WEIGHTS", "RATE", "", "HALF", "AT 10", "LAST", "SAT.", "dL/dW"]
    lines = [head, *map(cells_of, rows)]
    sizes = rows[0]
    about = f"{sizes['steps']} steps, {sizes['rows']} sequences, {sizes['backend']}"
    return "\n".join(
        [about, "", output.table(lines, right={2, 4, 5, 6, 7, 8}), "", textwrap.fill(NOTE, 100)]
    )


def cells_of(row):
    """The cells of one line."""
    norm = row["norm"]
    return [
        row["name"],
        row["weights"],
        output.number(row["rate"]),
        row["verdict"],
        output.number(row["half_life"]),
        output.number(norm[10]) if len(norm) > 10 else "-",
        output.number(norm[-1]),
        "-" if row["saturated"] is None else f"{row['saturated']:.1%}",
        output.number(row["weights_gradient"]),
    ]
