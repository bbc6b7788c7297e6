"""Training: a recipe and a seed in, a run folder out. A killed run resumes where it was.

A run folder holds

    history.json     one row an epoch, and the loss of every batch
    env.json         versions, device, command, seed
    curves.png       drawn from history.json
    checkpoint.npz   everything that the next epoch depends on; gone when the run is complete
    weights.npz, spec.json   as `zoo.store` writes them

One epoch is a function of the checkpoint before it and of (seed, epoch), so a run that was killed
at any moment and resumed makes the same numbers as one that was not.
"""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import keras

from zoo import environment, files, plots, registry, store, transfer
from zoo.errors import InputError
from zoo.trainer import QUICK_BATCHES, Trainer

__all__ = ["QUICK_BATCHES", "Run", "Trainer", "fit"]


@dataclass
class Run:
    """A trained model with what was recorded on the way."""

    model: keras.Model
    spec: dict
    history: dict
    folder: Path | None
    data: dict = field(repr=False, default=None)
    recipe: registry.Recipe = field(repr=False, default=None)  # as it was built


def fit(
    recipe,
    *,
    data=None,
    path=None,
    options=None,
    seed=0,
    out=None,
    resume=False,
    quick=False,
    bar=True,
    start=None,
    embeddings=None,
):
    """Train `recipe` and return the `Run`.

    data: the splits, by default `recipe.data(path, **options)`; seed: of weights, batches, dropout;
    out: the run folder, or None to keep nothing; resume: go on from the checkpoint in `out`
    (a complete run is returned as it is); quick: a few batches only; bar: show progress on a
    terminal; start: the trained model to start from, a name or a folder (`zoo.transfer`);
    embeddings: a file of word vectors to start from.
    Raises `InputError` for unusable data or folders before work starts, and `TrainingError` when
    a loss is not finite.
    """
    out = None if out is None else Path(out)
    _check_folder(out, resume)
    data = recipe.data(path, **(options or {})) if data is None else data
    if resume and _is_complete(out):
        recipe, model, spec, _ = store.load(out)
        return Run(model, spec, files.read_json(out / "history.json"), out, data, recipe)
    recipe = replace(recipe, fit=replace(recipe.fit, epochs=1)) if quick else recipe
    keras.utils.set_random_seed(seed)
    spec = recipe.task.specify(data, recipe.fit)
    if recipe.positive in spec.get("labels", ()):
        spec["positive"] = recipe.positive
    recipe, fill = _beginning(recipe, spec, start, embeddings, seed)
    model = recipe.build(**recipe.task.sizes(spec))
    if begin := getattr(recipe.task, "begin", None):
        begin(model, data, spec)
    if line := fill(model):
        print(line, file=sys.stderr)
    trainer = Trainer(recipe, model, spec, data, seed, quick, bar)
    if resume and (out / "checkpoint.npz").exists():
        trainer.restore(out / "checkpoint.npz")
    if out:
        out.mkdir(parents=True, exist_ok=True)  # so that a run stopped in its first epoch resumes
    trainer.run(out)
    if out:
        started = transfer.describe(start) if start else embeddings and Path(embeddings).name
        _finish(out, recipe, model, spec, trainer.history, seed, started)
    return Run(model, spec, trainer.history, out, data, recipe)


def _beginning(recipe, spec, start, embeddings, seed):
    """(recipe, fill): what a new model starts from; new weights are left as they are."""
    if start is not None and embeddings is not None:
        raise InputError("--from has word vectors of its own, found --embeddings: leave one out")
    if start is not None:
        return transfer.from_model(recipe, spec, start)
    if embeddings is not None:
        return transfer.from_embeddings(recipe, spec, embeddings, seed)
    return recipe, lambda model: None


def _check_folder(out, resume):
    if out is None:
        if resume:
            raise InputError("--resume without a folder, expected the run to go on: give --out")
        return
    if resume and not out.exists():
        raise InputError(f"no run in {str(out)!r} to resume: check --out, or leave --resume out")
    if not resume and any((out / name).exists() for name in ("history.json", "checkpoint.npz")):
        raise InputError(
            f"{str(out)!r} already holds a run: add --resume to go on, or name another --out"
        )


def _is_complete(out):
    return (out / "weights.npz").exists() and not (out / "checkpoint.npz").exists()


def _finish(out, recipe, model, spec, history, seed, started):
    files.write_json(out / "history.json", history)
    described = environment.describe() | {"seed": seed}
    described |= {"started_from": started} if started else {}
    files.write_json(out / "env.json", described)
    store.save(out, recipe, model, spec)
    plots.save(plots.curves(history), out / "curves.png")
    if history["snapshots"]:
        plots.save(plots.segments(history["snapshots"]), out / "segments.png")
    (out / "checkpoint.npz").unlink(missing_ok=True)
