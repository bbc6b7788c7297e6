"""zoo export, zoo demo: a model in another format, and the tour."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import output
from zoo.cli.options import Backend, Device, Json, Name, Precision, muted, session, verb
from zoo.errors import InputError


@verb("export")
def export(
    context: typer.Context,
    name: Name,
    format: Annotated[str, typer.Option(help="keras, saved_model, onnx or all.")],
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("exports"),
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """Write a model in another format, load it there again, and compare the outputs."""
    chosen = session(context, backend, device, precision, as_json)
    with chosen.working():
        rows = exported(name, format, out)
    chosen.report(rows, exports)
    if not all(row["ok"] for row in rows):
        raise typer.Exit(1)


def exported(name, format, out):
    """A row for each format; with `all`, a format that cannot be written says why in its row."""
    from zoo import formats, predictor

    if format not in (*formats.FORMATS, "all"):
        raise InputError(
            f"format {format!r} is not one of {', '.join(formats.FORMATS)}, all: choose one of them"
        )
    loaded = predictor.load(name)
    endings = {"keras": "keras", "onnx": "onnx", "torch": "pt2"}
    places = {one: out / f"{loaded.name}.{ending}" for one, ending in endings.items()}
    rows = []
    for one in formats.FORMATS if format == "all" else [format]:
        place = places.get(one, out / f"{loaded.name}_{one}")
        try:
            with muted():
                rows.append(formats.export(loaded.model, one, place))
        except InputError as error:
            if format != "all":
                raise
            rows.append(failed(loaded.name, one, place, error))
    return rows


def failed(name, format, place, error):
    """The row of an export that could not be made, with its reason."""
    row = {"name": name, "format": format, "path": str(place), "ok": False}
    return row | {"max_difference": None, "reason": str(error)}


def exports(rows):
    """One line for each export."""
    return "\n".join(
        f"{row['path']}: largest difference {output.number(row['max_difference'])}"
        if row["ok"]
        else f"{row['format']} failed: {row['reason']}"
        for row in rows
    )


@verb("demo")
def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The folder of the report.")] = Path("demo"),
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """All five architectures on held-out data, end to end, as one HTML report."""
    chosen = session(context, backend, device, precision, as_json)
    told = sys.stderr if chosen.as_json else sys.stdout
    with chosen.working():
        from zoo.reports.walkthrough import run

        found = run(out, say=lambda line: print(line, file=told, flush=True))
    chosen.report(found, lambda found: f"\nreport: {found['report']}   ({found['seconds']:.0f} s)")
