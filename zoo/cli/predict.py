"""zoo predict, zoo export, zoo demo: a trained model at work."""

import sys
from inspect import signature
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import output
from zoo.cli.options import Backend, Device, Json, Name, Precision, muted, session, verb
from zoo.errors import InputError


@verb("predict")
def predict(
    context: typer.Context,
    name: Name,
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Texts, words, prefixes, or paths.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="One input a line; for a series, its CSV.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="How far to go on.")] = None,
    temperature: Annotated[float | None, typer.Option(help="0: always the likeliest.")] = None,
    beam_width: Annotated[int | None, typer.Option(help="Of the search for the output.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of what is sampled.")] = None,
    out: Annotated[Path | None, typer.Option(help="Draw a series here (.png or .svg).")] = None,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """Raw input in, plain answer out.

    zoo predict spam "Claim your prize now"; zoo predict g2p zoology; zoo predict digits seven.png;
    zoo predict char_lm "In the" --steps 80; zoo predict sine --steps 50.
    """
    given = {"steps": steps, "temperature": temperature, "beam_width": beam_width, "seed": seed}
    chosen = session(context, backend, device, precision, as_json)
    check(given)
    with chosen.working():
        rows = answers(name, inputs or [], file, given, out)
    chosen.report(rows, lambda rows: readable(rows, out))


def check(given):
    """`InputError` for an option out of range, before anything is loaded."""
    for option, least in (("steps", 1), ("temperature", 0), ("beam_width", 1), ("seed", 0)):
        value = given[option]
        if value is not None and not value >= least:
            raise InputError(
                f"--{option.replace('_', '-')} {value}, expected {least} or more: choose another"
            )


def answers(name, inputs, file, given, out):
    """[{input, output, ...}] in the order of the inputs, then of the lines of `file`."""
    from zoo import predictor

    loaded = predictor.load(name)
    options = accepted(loaded, given)
    own_input = getattr(loaded.recipe.task, "own_input", None)  # tasks on series have one
    if file is not None:
        inputs = [*inputs, *([str(file)] if own_input else lines(file))]
    if inputs:
        found = loaded.read(inputs, **options)
    elif own_input:
        series = own_input(loaded.data()["test"], loaded.spec)
        inputs, found = [series.ravel().tolist()], loaded.answer([series], **options)
    else:
        raise InputError(f"no input for {name!r}, expected one or more: give it, or --file")
    rows = [{"input": i} | answer for i, answer in zip(inputs, found, strict=True)]
    if out is not None:
        draw(loaded, rows, out)
    return rows


def accepted(loaded, given):
    """The options given; `InputError` for one that this model's task does not take."""
    given = {option: value for option, value in given.items() if value is not None}
    known = signature(loaded.recipe.task.answer).parameters
    for option in given:
        if option not in known:
            raise InputError(
                f"model {loaded.name!r} takes no --{option.replace('_', '-')}: leave it out"
            )
    return given


def lines(path):
    """The lines of a text file that are not empty."""
    from zoo.data.text import read_utf8

    found = [line for line in read_utf8(path).split("\n") if line.strip()]
    if not found:
        raise InputError(f"{str(path)!r} is empty, expected one input a line: fill it")
    return found


def draw(loaded, rows, out):
    """Every answer as a curve; `InputError` where answers are not numbers."""
    from zoo import plots
    from zoo.plots.style import WIDTH, canvas, style_axes

    if not isinstance(rows[0]["output"], list):
        raise InputError(f"--out draws series, found answers of {loaded.name!r}: leave it out")
    figure = canvas(WIDTH, 2.4)
    axes = figure.subplots()
    style_axes(axes, f"{loaded.name}: output", x="time (steps)", y="value")
    for row in rows:
        axes.plot(range(1, len(row["output"]) + 1), row["output"], linewidth=1.6)
    plots.save(figure, out)


def readable(rows, out=None):
    """One answer for each input, after the input where there are several."""
    texts = [text(row) for row in rows]
    if len(rows) > 1:
        heads = [row["input"] if isinstance(row["input"], str) else "" for row in rows]
        pair = "\n" if isinstance(rows[0]["output"], list) else "\t"
        texts = [f"{short(head)}{pair}{body}" for head, body in zip(heads, texts, strict=True)]
    return "\n".join([*texts, *([f"drawn in {out}"] if out else [])])


def short(text, length=40):
    """One line of at most `length` characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 3]}..."


def text(row):
    """One answer: a label with its probability, ten numbers a line, or the text itself."""
    if isinstance(row["output"], list):
        numbers = [f"{value:9.5g}" for value in row["output"]]
        return "\n".join(" ".join(numbers[k : k + 10]) for k in range(0, len(numbers), 10))
    if "probabilities" in row:
        return f"{row['output']}  {row['probabilities'][row['output']]:.3f}"
    return row["output"]


@verb("export")
def export(
    context: typer.Context,
    name: Name,
    format: Annotated[str, typer.Option(help="keras, saved_model or all.")],
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
    places = {"keras": out / f"{loaded.name}.keras"}
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
