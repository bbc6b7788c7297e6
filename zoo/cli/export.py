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
    format: Annotated[
        str, typer.Option(help="keras, saved_model, onnx, litert, openvino, torch or all.")
    ],
    out: Annotated[Path, typer.Option(help="Written are the folders OUT/NAME/FORMAT.")] = Path(
        "exports"
    ),
    int8: Annotated[
        bool, typer.Option("--int8", help="Weights in 8 bits (onnx, litert), and what that costs.")
    ] = False,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """Write a model in another format, load it there again, and compare the outputs."""
    chosen = session(context, backend, device, precision, as_json)
    with chosen.working():
        rows = exported(name, format, out, int8)
    chosen.report(rows, exports)
    if not all(row["ok"] for row in rows):
        raise typer.Exit(1)


def exported(name, format, out, int8=False):
    """A row for each format; with `all`, a format that cannot be written says why in its row."""
    from zoo import formats, predictor
    from zoo.formats.trained import export_trained

    if format not in (*formats.FORMATS, "all"):
        raise InputError(
            f"format {format!r} is not one of {', '.join(formats.FORMATS)}, all: choose one of them"
        )
    loaded, rows = predictor.load(name), []
    called = loaded.name
    for one in formats.FORMATS if format == "all" else [format]:
        place = out / called / one
        try:
            with muted():
                row = export_trained(name, one, place, int8=int8, loaded=loaded)
                rows.append(row | change(loaded, place) if int8 and row["ok"] else row)
        except InputError as error:
            if format != "all":
                raise
            rows.append(failed(called, one, place, error))
    return rows


def change(loaded, place):
    """{metric, value, before}: the held-out score of an export, and of the model it comes from."""
    from zoo import runtime

    split = loaded.data()["test"]
    metric = loaded.recipe.metric
    value, before = (
        loaded.task.evaluate(model, split, loaded.spec)[metric]
        for model in (runtime.load(place).model, loaded.model)
    )
    return {"metric": metric, "value": value, "before": before}


def failed(name, format, place, error):
    """The row of an export that could not be made, with its reason."""
    row = {"name": name, "format": format, "path": str(place), "ok": False}
    return row | {"max_difference": None, "reason": str(error)}


def exports(rows):
    """One line for each export."""
    return "\n".join(
        f"{row['path']}: largest difference {output.number(row['max_difference'])}" + score(row)
        if row["ok"]
        else f"{row['format']} failed: {row['reason']}"
        for row in rows
    )


def score(row):
    """What the change to 8 bits costs, where that was measured."""
    if "metric" not in row:
        return ""
    return f"; {row['metric']} {output.number(row['before'])} -> {output.number(row['value'])}"


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
