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
from zoo.errors import InputError

Data = Annotated[Path | None, typer.Option(help="Your own file; `zoo info NAME` says of what.")]


@verb("train")
def train(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A recipe; see `zoo list`.")],
    data: Data = None,
    cell: Annotated[str | None, typer.Option(help="lstm, gru, simple_rnn, ...")] = None,
    units: Annotated[int | None, typer.Option(help="Width of the recurrent layer.")] = None,
    epochs: Annotated[int | None, typer.Option(help="By default the recipe's own.")] = None,
    seed: Annotated[int, typer.Option(help="Of weights, batches and dropout.")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="A few batches only, as a trial.")] = False,
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
    out = out or Path("runs") / f"{name}-{seed}"
    with chosen.working():
        try:
            card = run(name, seed, out, resume, **given)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(resume_line(chosen, name, seed, out, given)) from None
    chosen.report(card | {"path": str(out)}, trained)


def run(name, seed, out, resume, *, data, cell, units, epochs, quick):
    """Train and evaluate; returns the card that was written beside the weights."""
    from zoo import cards, registry, store, training

    if not 0 <= seed < 2**32:
        raise InputError(f"seed {seed}, expected 0 to {2**32 - 1}: choose another")
    recipe = changed(registry.recipe(name), cell, units, epochs)
    done = training.fit(recipe, path=data, seed=seed, out=out, resume=resume, quick=bool(quick))
    print(f"weights in {out}; scoring them on the test split", file=sys.stderr)
    card = cards.make(recipe, done.model, done.spec, done.data, done.history, seed, path=data)
    store.write_card(out, card)
    return card


def changed(recipe, cell, units, epochs):
    """The recipe with the user's choices; `InputError` for what its builder does not have."""
    for option, value in {"cell": cell, "units": units}.items():
        if value is None:
            continue
        if option not in signature(recipe.builder).parameters:
            raise InputError(f"model {recipe.name!r} has no {option}: leave --{option} out")
        recipe = recipe.override(**{option: value})
    for option, value in {"units": units, "epochs": epochs}.items():
        if value is not None and value < 1:
            raise InputError(f"--{option} {value}, expected 1 or more: choose another")
    return replace(recipe, fit=replace(recipe.fit, epochs=epochs)) if epochs else recipe


def resume_line(chosen, name, seed, out, given):
    """The command that goes on with a stopped run."""
    words = ["zoo", "train", name, "--seed", str(seed), "--out", str(out)]
    given = {**given, "backend": chosen.backend, "precision": chosen.precision}
    for option, value in given.items():
        if value is not None:
            words += [f"--{option}"] if value is True else [f"--{option}", str(value)]
    return f"resume with: {shlex.join([*words, '--resume'])}"


def trained(card):
    """The score, and what to try next."""
    return f"{output.score(card)}\ntry it: zoo predict {card['path']} ...   (card.json is there)"


@verb("evaluate")
def evaluate(
    context: typer.Context,
    name: Name,
    data: Data = None,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """The metric and the trivial baseline, on the held-out split or on a file of yours."""
    chosen = session(context, backend, device, precision, as_json)
    with chosen.working():
        row = evaluated(name, data)
    chosen.report(row, scored)


def evaluated(name, data):
    """The row of `zoo evaluate`: the headline metric, its baseline and all other scores."""
    from zoo import backends, cards, metrics, predictor

    loaded = predictor.load(name)
    scores = loaded.evaluate(data)
    metric = cards.headline(loaded.recipe, scores)
    return {
        "name": loaded.name,
        "metric": metric,
        "value": scores[metric],
        "baseline": loaded.baseline(data),
        "baseline_name": loaded.recipe.baseline_name,
        "higher_is_better": metrics.HIGHER_IS_BETTER[metric],
        "backend": backends.name(),
        "data": str(data) if data else loaded.recipe.data_name,
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
