"""zoo predict: a trained model at work."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import output, writing
from zoo.cli.options import Backend, Device, Json, Name, Precision, session, verb
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
    zoo predict vowels spoken.ts; zoo predict g2p zoology --attention alignment.png;
    zoo predict exports/g2p/onnx zoology, a folder of `zoo export`, which needs no Keras.
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
    alone = (Path(name) / "verification.json").is_file()  # an export
    with chosen.working(start=not alone):
        loaded = load(name, alone)
        if stream:
            return streamed(loaded, inputs or [], file, given, told, chosen.as_json)
        rows, drawn = answers(loaded, inputs or [], file, given, out, attention)
    chosen.report(rows, lambda rows: readable(rows, drawn))


def load(name, alone):
    """The predictor of a trained model, or of an export."""
    from importlib import import_module

    return import_module("zoo.runtime" if alone else "zoo.predictor").load(name)


def answers(loaded, inputs, file, given, out, attention):
    """[{input, output, ...}] in the order of the inputs, then of the lines of `file`; pictures."""
    options = writing.accepted(loaded.name, given, loaded.options)
    inputs = gathered(loaded, inputs, file)
    own_input = getattr(loaded.task, "own_input", None)  # tasks on series have one
    contents = getattr(loaded.task, "contents", None)  # files with many inputs each
    if own_input and not inputs and hasattr(loaded, "data"):
        read = [own_input(loaded.data()["test"], loaded.spec)]
        inputs = [getattr(read[0], "name", None) or read[0].ravel().tolist()]
    elif contents:
        inputs, read = (list(part) for part in zip(*contents(inputs, loaded.spec), strict=True))
    else:
        read = loaded.task.read(inputs, loaded.spec)
    found = loaded.answer(read, **options)
    rows = [{"input": i} | answer for i, answer in zip(inputs, found, strict=True)]
    drawn = [] if attention is None else writing.attention_drawn(rows, read, attention)
    if out is not None:
        draw(loaded, read, rows, out)
        drawn.append(out)
    return rows, drawn


def streamed(loaded, inputs, file, given, told, as_json):
    """Print to `told` what is written after each input, as it is written."""
    options = writing.accepted(loaded.name, given, loaded.stream_options)
    inputs = gathered(loaded, inputs, file)
    loaded.task.read(inputs, loaded.spec)  # a bad one is told before the first is answered
    writing.print_stream(loaded, inputs, options, told, as_json)


def gathered(loaded, inputs, file):
    """The inputs given, then those in `file`; `InputError` where there is none and must be one."""
    own_input = hasattr(loaded.task, "own_input")
    is_input = own_input or hasattr(loaded.task, "contents")
    if file is not None:
        inputs = [*inputs, *([str(file)] if is_input else lines(file))]
    if not inputs and not (own_input and hasattr(loaded, "data")):
        raise InputError(f"no input for {loaded.name!r}, expected one or more: give it, or --file")
    return inputs


def lines(path):
    """The lines of a text file that are not empty."""
    from zoo.data.text import read_utf8

    found = [line for line in read_utf8(path).split("\n") if line.strip()]
    if not found:
        raise InputError(f"{str(path)!r} is empty, expected one input a line: fill it")
    return found


def draw(loaded, read, rows, out):
    """Every answer as a curve, or as its task draws it; `InputError` for answers without one."""
    from zoo import plots
    from zoo.plots.style import WIDTH, canvas, style_axes

    drawable = isinstance(rows[0]["output"], list) and "text" not in rows[0]
    if not drawable or output.is_words(rows[0]["output"]):
        raise InputError(f"--out draws series, found answers of {loaded.name!r}: leave it out")
    if picture := getattr(loaded.task, "picture", None):
        plots.save(picture(rows, read, loaded.spec, loaded.name), out)
        return
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
    """One answer: a label with its probability, words, ten numbers a line, or the text itself."""
    if "low" in row:
        return output.forecast(row)
    if "text" in row:
        return row["text"]
    if output.is_words(row["output"]):
        return " ".join(row["output"])
    if isinstance(row["output"], list):
        numbers = [f"{value:9.5g}" for value in row["output"]]
        return "\n".join(" ".join(numbers[k : k + 10]) for k in range(0, len(numbers), 10))
    if "probabilities" in row:
        return f"{row['output']}  {row['probabilities'][row['output']]:.3f}"
    return str(row["output"])
