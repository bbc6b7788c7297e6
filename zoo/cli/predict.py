"""zoo predict, zoo export, zoo demo: a trained model at work."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import output, writing
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
        Path | None, typer.Option(help="One input a line; for series, their CSV or .ts.")
    ] = None,
    steps: writing.Steps = None,
    temperature: writing.Temperature = None,
    top_k: writing.TopK = None,
    top_p: writing.TopP = None,
    repetition_penalty: writing.RepetitionPenalty = None,
    stop: writing.Stop = None,
    seed: writing.Seed = None,
    beam_width: writing.BeamWidth = None,
    length_penalty: writing.LengthPenalty = None,
    alternatives: writing.Alternatives = None,
    attention: writing.Attention = None,
    stream: writing.Stream = False,
    out: Annotated[Path | None, typer.Option(help="Draw a series here (.png or .svg).")] = None,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """Raw input in, plain answer out.

    zoo predict spam "Claim your prize now"; zoo predict g2p zoology; zoo predict digits seven.png;
    zoo predict char_lm "In the" --steps 80 --stream; zoo predict sine --steps 50;
    zoo predict vowels spoken.ts; zoo predict g2p zoology --attention alignment.png.
    """
    given = {
        "steps": steps,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "repetition_penalty": repetition_penalty,
        "stop": stop or None,
        "seed": seed,
        "beam_width": beam_width,
        "length_penalty": length_penalty,
        "alternatives": alternatives,
        "attention": attention is not None,
    }
    chosen = session(context, backend, device, precision, as_json)
    writing.check(given)
    writing.check_pictures(out, attention, stream)
    told = sys.stdout
    with chosen.working():
        from zoo import predictor

        loaded = predictor.load(name)
        if stream:
            return streamed(loaded, inputs or [], file, given, told, chosen.as_json)
        rows, drawn = answers(loaded, inputs or [], file, given, out, attention)
    chosen.report(rows, lambda rows: readable(rows, drawn))


def answers(loaded, inputs, file, given, out, attention):
    """[{input, output, ...}] in the order of the inputs, then of the lines of `file`; pictures."""
    options = writing.accepted(loaded.name, given, loaded.options)
    inputs = gathered(loaded, inputs, file)
    own_input = getattr(loaded.recipe.task, "own_input", None)  # tasks on series have one
    if contents := getattr(loaded.recipe.task, "contents", None):  # files with many inputs each
        inputs, read = (list(part) for part in zip(*contents(inputs, loaded.spec), strict=True))
    elif inputs or not own_input:
        read = loaded.recipe.task.read(inputs, loaded.spec)
    else:
        read = [own_input(loaded.data()["test"], loaded.spec)]
        inputs = [read[0].ravel().tolist()]
    found = loaded.answer(read, **options)
    rows = [{"input": i} | answer for i, answer in zip(inputs, found, strict=True)]
    drawn = [] if attention is None else writing.attention_drawn(rows, read, attention)
    if out is not None:
        draw(loaded, rows, out)
        drawn.append(out)
    return rows, drawn


def streamed(loaded, inputs, file, given, told, as_json):
    """Print to `told` what is written after each input, as it is written."""
    options = writing.accepted(loaded.name, given, loaded.stream_options)
    inputs = gathered(loaded, inputs, file)
    loaded.recipe.task.read(inputs, loaded.spec)  # a bad one is told before the first is answered
    writing.print_stream(loaded, inputs, options, told, as_json)


def gathered(loaded, inputs, file):
    """The inputs given, then those in `file`; `InputError` where there is none and must be one."""
    own_input = hasattr(loaded.recipe.task, "own_input")
    is_input = own_input or hasattr(loaded.recipe.task, "contents")
    if file is not None:
        inputs = [*inputs, *([str(file)] if is_input else lines(file))]
    if not inputs and not own_input:
        raise InputError(f"no input for {loaded.name!r}, expected one or more: give it, or --file")
    return inputs


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


def readable(rows, drawn=()):
    """One answer for each input, after the input where there are several."""
    texts = [text(row) for row in rows]
    if len(rows) > 1:
        heads = [row["input"] if isinstance(row["input"], str) else "" for row in rows]
        pair = "\n" if isinstance(rows[0]["output"], list) else "\t"
        texts = [f"{short(head)}{pair}{body}" for head, body in zip(heads, texts, strict=True)]
    return "\n".join([*texts, *(f"drawn in {path}" for path in drawn)])


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
