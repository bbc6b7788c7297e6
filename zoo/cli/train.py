"""zoo train, zoo evaluate: a run folder that loads like a shipped model, and its scores."""

import shlex
import sys
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import output
from zoo.cli.options import Backend, Device, Json, Name, Precision, session, verb
from zoo.cli.reading import reads_data, words
from zoo.errors import InputError

Data = Annotated[
    Path | None, typer.Option(help="Your own file or folder; `zoo info NAME` says of what.")
]
Start = Annotated[
    str | None, typer.Option("--from", help="Start from this trained model: a name or a folder.")
]
Embeddings = Annotated[
    Path | None, typer.Option(help="Start from these word vectors, in the text format of GloVe.")
]


@verb("train")
@reads_data
def train(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A recipe; see `zoo list`.")],
    data: Data = None,
    reading: dict | None = None,
    cell: Annotated[str | None, typer.Option(help="lstm, gru, simple_rnn, ...")] = None,
    units: Annotated[int | None, typer.Option(help="Width of the recurrent layer.")] = None,
    epochs: Annotated[int | None, typer.Option(help="By default the recipe's own.")] = None,
    seed: Annotated[int, typer.Option(help="Of weights, batches and dropout.")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="A few batches only, as a trial.")] = False,
    start: Start = None,
    embeddings: Embeddings = None,
    out: Annotated[Path | None, typer.Option(help="By default runs/NAME-SEED.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it stopped.")] = False,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """Train a recipe into a run folder, and score it on the test split."""
    chosen = session(context, backend, device, precision, as_json)
    given = dict(data=data, cell=cell, units=units, epochs=epochs, quick=quick or None)
    given |= {"reading": reading, "from": start, "embeddings": embeddings}
    out = out or Path("runs") / f"{name}-{seed}"
    with chosen.working():
        try:
            card = run(name, seed, out, resume, given)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(resume_line(chosen, name, seed, out, given)) from None
    chosen.report(card | {"path": str(out)}, trained)


def run(name, seed, out, resume, given):
    """Train and evaluate; returns the card that was written beside the weights.

    given: what else was on the command line, by the names of its options.
    """
    from zoo import cards, files, registry, store, training

    if not 0 <= seed < 2**32:
        raise InputError(f"seed {seed}, expected 0 to {2**32 - 1}: choose another")
    data, reading = given["data"], given["reading"]
    done = training.fit(
        changed(registry.recipe(name), given),
        path=data,
        options=reading,
        seed=seed,
        out=out,
        resume=resume,
        quick=bool(given["quick"]),
        start=given["from"],
        embeddings=given["embeddings"],
    )
    print(f"weights in {out}; scoring them on the test split", file=sys.stderr)
    own = dict(path=data, options=reading, trained=files.read_json(out / "env.json"))
    card = cards.make(done.recipe, done.model, done.spec, done.data, done.history, seed, **own)
    store.write_card(out, card)
    return card


def changed(recipe, given):
    """The recipe with the user's choices; `InputError` for what its builder does not have."""
    epochs = given["epochs"]
    for option in ("cell", "units"):
        value = given[option]
        if value is None:
            continue
        if given["from"] is not None:
            raise InputError(f"--from brings its own {option}, found --{option}: leave one out")
        if option not in signature(recipe.builder).parameters:
            raise InputError(f"model {recipe.name!r} has no {option}: leave --{option} out")
        recipe = recipe.override(**{option: value})
    for option in ("units", "epochs"):
        if given[option] is not None and given[option] < 1:
            raise InputError(f"--{option} {given[option]}, expected 1 or more: choose another")
    return replace(recipe, fit=replace(recipe.fit, epochs=epochs)) if epochs else recipe


def resume_line(chosen, name, seed, out, given):
    """The command that goes on with a stopped run."""
    line = ["zoo", "train", name, "--seed", str(seed), "--out", str(out)]
    given = {**given, "backend": chosen.backend, "precision": chosen.precision}
    read = words(given.pop("reading"))
    for option, value in given.items():
        if value is not None:
            line += [f"--{option}"] if value is True else [f"--{option}", str(value)]
    return f"resume with: {shlex.join([*line, *read, '--resume'])}"


def trained(card):
    """The score, and what to try next."""
    return f"{output.score(card)}\ntry it: zoo predict {card['path']} ...   (card.json is there)"


@verb("evaluate")
@reads_data
def evaluate(
    context: typer.Context,
    name: Name,
    data: Data = None,
    reading: dict | None = None,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """The metric and the trivial baseline, on the held-out split or on a file of yours."""
    chosen = session(context, backend, device, precision, as_json)
    with chosen.working():
        row = evaluated(name, data, reading)
    chosen.report(row, scored)


def evaluated(name, data, reading):
    """The row of `zoo evaluate`: the headline metric, its baseline and all other scores."""
    from zoo import backends, cards, metrics, predictor

    loaded = predictor.load(name)
    scores = loaded.evaluate(data, **reading)
    metric = cards.headline(loaded.recipe, scores)
    return {
        "name": loaded.name,
        "metric": metric,
        "value": scores[metric],
        "baseline": loaded.baseline(data, **reading),
        "baseline_name": loaded.recipe.baseline_name,
        "higher_is_better": metrics.HIGHER_IS_BETTER[metric],
        "backend": backends.name(),
        "data": str(data) if data else loaded.data_name,
        **scores,
    }


def scored(row):
    """The headline in one line, the other scores in a table."""
    others = {k: v for k, v in row.items() if isinstance(v, float)} | {row["metric"]: None}
    for known in ("value", "baseline"):
        others.pop(known)
    lines = [[k, output.number(v)] for k, v in others.items() if v is not None]
    lines = f"\n{output.table(lines, right={1})}" if lines else ""
    return f"{row['name']}: {output.score(row)}{lines}"
