"""What `zoo predict` has for models that write: options, text as it comes, attention drawn."""

import json
from pathlib import Path
from typing import Annotated

import typer

from zoo import plots
from zoo.errors import InputError

Steps = Annotated[int | None, typer.Option(help="How far to go on.")]
Temperature = Annotated[float | None, typer.Option(help="0: always the likeliest.")]
TopK = Annotated[int | None, typer.Option(help="Sample among the k likeliest only.")]
TopP = Annotated[
    float | None, typer.Option(help="Sample among the likeliest that together hold this share.")
]
RepetitionPenalty = Annotated[
    float | None, typer.Option(help="Above 1: what was written is written again less.")
]
Stop = Annotated[
    list[str] | None, typer.Option(help="Stop before this text; may be given several times.")
]
Seed = Annotated[int | None, typer.Option(help="Of what is sampled.")]
BeamWidth = Annotated[int | None, typer.Option(help="Of the search for the output.")]
LengthPenalty = Annotated[float | None, typer.Option(help="0: short outputs win more often.")]
Alternatives = Annotated[int | None, typer.Option(help="How many next best outputs, with --json.")]
Attention = Annotated[
    Path | None, typer.Option(help="Draw where it looked while it wrote (.png or .svg).")
]
Stream = Annotated[bool, typer.Option("--stream", help="Print text as it is written.")]

LEAST = {
    "steps": 1,
    "temperature": 0,
    "top_k": 1,
    "seed": 0,
    "beam_width": 1,
    "length_penalty": 0,
    "alternatives": 0,
}


def flag(option) -> str:
    """The option as a user types it.

    >>> flag("beam_width")
    '--beam-width'
    """
    return f"--{option.replace('_', '-')}"


def check(given):
    """`InputError` for an option out of range, before anything is loaded."""
    fits = {option: (lambda v, k=k: v >= k, f"{k} or more") for option, k in LEAST.items()} | {
        "top_p": (lambda v: 0 < v <= 1, "a share above 0 and up to 1"),
        "repetition_penalty": (lambda v: v > 0, "more than 0"),
    }
    for option, (fit, expected) in fits.items():
        value = given.get(option)
        if value is not None and not fit(value):
            raise InputError(f"{flag(option)} {value}, expected {expected}: choose another")


def check_pictures(out, attention, stream):
    """`InputError` for a picture that could not be written, before anything is loaded."""
    for option, path in (("--out", out), ("--attention", attention)):
        if path is not None:
            plots.check_name(path)
            if stream:
                raise InputError(f"--stream prints and draws nothing: leave {option} out")


def accepted(name, given, known):
    """The options given; `InputError` for one that is not among those `known` to the task."""
    given = {o: value for o, value in given.items() if value is not None and value is not False}
    for option in given:
        if option not in known:
            takes = ", ".join(map(flag, known)) or "none of these options"
            raise InputError(
                f"model {name!r} takes no {flag(option)}, it takes {takes}: leave it out"
            )
    return given


def print_stream(loaded, inputs, options, file, as_json=False):
    """Print to `file` what is written after each input, piece by piece.

    The input stands before its text, and a line end after it; as JSON, each piece is a line of its
    own: {"input": ..., "piece": ...}.
    """
    for item in inputs:
        pieces = loaded.stream(item, **options)
        if not as_json:
            print(item, end="", file=file, flush=True)
        for piece in pieces:
            line = json.dumps({"input": item, "piece": piece}, ensure_ascii=False)
            print(line if as_json else piece, end="\n" if as_json else "", file=file, flush=True)
        if not as_json:
            print(file=file, flush=True)


def attention_drawn(rows, read, path):
    """Draw the attention of every answer: the paths, `path` and `path` with -2, -3, ... behind.

    rows: answers with their `attention`; read: the inputs in memory, pictures where they are.
    """
    paths = [path, *(path.with_stem(f"{path.stem}-{k}") for k in range(2, len(rows) + 1))]
    for row, seen, place in zip(rows, read, paths, strict=True):
        plots.save(_picture(row["attention"], seen), place)
    return paths


def _picture(attention, seen):
    weights, target = attention["weights"], [_named(s) for s in attention["target"]]
    if "source" in attention:
        return plots.alignment(weights, [_named(s) for s in attention["source"]], target)
    words = max(1, len(target) - (attention["target"][-1] == "[EOS]"))  # one map for each word
    grid = attention["height"], attention["width"]
    return plots.alignment_maps(seen / 255, weights[:words], grid, target[:words])


def _named(symbol):
    """A symbol as a picture shows it: the end token as "end", white space to be seen."""
    return "end" if symbol == "[EOS]" else "".join("␣" if c.isspace() else c for c in symbol)
