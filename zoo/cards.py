"""Model cards: what a model is for, how good it is beside a trivial baseline, how it was made."""

from pathlib import Path

from zoo import environment
from zoo.data.checksum import checksum
from zoo.data.fetch import FETCHED
from zoo.data.sources import SOURCES
from zoo.metrics import HIGHER_IS_BETTER
from zoo.tasks import splits
from zoo.tasks.examples import LOOKED_AT, right_and_wrong

# Data that are not shipped as files: what they are, and where they come from.
NONE = "none needed"
OTHER_DATA = {
    "digits": (
        "UCI optical recognition of handwritten digits, 1,797 images, from scikit-learn",
        "as distributed with scikit-learn",
    ),
    "sine": ("sin(x), made by a formula", NONE),
    "sine and cosine": ("sin(x) and cos(x), made by a formula", NONE),
    **{
        name: (f"the synthetic probe of {name}, made by a generator (`zoo.data.probes`)", NONE)
        for name in ("selective copying", "parity", "associative recall", "adding")
    },
}


USE = "An example of its architecture to learn from, and a start for models on data of your own."
LIMITS = (
    "Scored on the held-out part of the data named here only: expect less on other data. Not "
    "tested for any use where a wrong answer does harm."
)


def make(
    recipe, model, spec, data, history, seed, *, path=None, options=None, trained=None, scores=None
):
    """The card of a trained model, evaluated once on `data["test"]`.

    data: the splits; history, seed: as training recorded them; path, options: the user's own file
    and how it was read, if that is what it was trained on; trained: the environment of the
    training, by default this one; scores: those of the test split, where they are known already.
    Returns a dictionary of plain values, as `zoo.store.write_card` writes it.
    """
    scores = recipe.task.evaluate(model, data["test"], spec) if scores is None else scores
    metric = headline(recipe, scores)
    epochs = history["epochs"]
    trained = trained or environment.describe()
    shown = path is not None or not recipe.made_up  # or the data are not ours to show
    card = {
        "name": recipe.name,
        "architecture": recipe.architecture,
        "cell": recipe.cell,
        "task": recipe.summary,
        "tags": list(recipe.tags),
        "parameters": int(model.count_params()),
        "metric": metric,
        "value": scores[metric],
        "baseline": recipe.baseline(data, spec),
        "baseline_name": recipe.baseline_name,
        "higher_is_better": HIGHER_IS_BETTER[metric],
        "published": recipe.published,
        "scores": scores,
        "data": describe_data(recipe, data, path, options),
        "own_data": recipe.own_data,
        "intended_use": recipe.intended_use or f"{_sentence(recipe.summary)} {USE}",
        "limits": f"{_sentence(recipe.limits)} {LIMITS}" if recipe.limits else LIMITS,
        "seed": seed,
        "epochs": len(epochs),
        "batches": len(history["batches"]),
        "seconds": round(sum(row["seconds"] for row in epochs), 1),
        "command": trained["command"],
        "environment": trained,
        "examples": examples(recipe, model, spec, data["test"]) if shown else [],
    }
    if signatures := getattr(recipe.task, "signatures", None):
        card |= {"signatures": signatures()}
    started = trained.get("started_from")
    return card | {"started_from": started} if started else card


def headline(recipe, scores):
    """The recipe's metric, or the first one where the user's data have no such metric."""
    return recipe.metric if recipe.metric in scores else next(iter(scores))


def _sentence(text):
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def describe_data(recipe, data, path=None, options=None):
    """What a model was trained and tested on: name, licence, sizes of the splits and their sum."""
    found = _named(recipe, path) | {
        "splits": {name: splits.size(recipe.task, split) for name, split in data.items()},
        "sha256": checksum(data),
    }
    return found | {"options": dict(options)} if options else found


def _named(recipe, path):
    if path is not None:
        return {"name": Path(path).name, "path": str(Path(path).resolve()), "licence": None}
    name = recipe.data_name
    if source := SOURCES.get(name) or FETCHED.get(name):
        description, licence = source.description, source.licence
    else:
        description, licence = OTHER_DATA.get(name, (name, None))
    return {"name": name, "description": description, "licence": licence}


def examples(recipe, model, spec, split):
    """Right and wrong answers on the first test inputs: [{input, output, truth, right}, ...].

    A task's own `examples` where it has them; a series has no single answers: [].
    """
    if hasattr(recipe.task, "examples"):
        return recipe.task.examples(model, split, spec)
    if not isinstance(split, (list, tuple)) or ("labels" not in spec and "target" not in spec):
        return []
    rows = list(split)[:LOOKED_AT] if isinstance(split, list) else _rows(split)
    inputs, truths = zip(*rows, strict=True)
    answers = recipe.task.answer(model, list(inputs), spec)
    kind = "image" if "image" in spec else "series"
    found = [
        _example(f"test {kind} {k}", *row)
        for k, row in enumerate(zip(inputs, answers, truths, strict=True))
    ]
    return right_and_wrong(found)


def _rows(split):
    inputs, labels = (part[:LOOKED_AT] for part in split)
    return [(i, str(label)) for i, label in zip(inputs, labels, strict=True)]


def _example(name, given, answer, truth):
    accepted = list(truth) if isinstance(truth, (list, tuple)) else [truth]
    return {
        "input": _shortened(given) if isinstance(given, str) else name,
        "output": answer["output"],
        "truth": accepted[0] if len(accepted) == 1 else accepted,
        "right": answer["output"] in accepted,
    }


def _shortened(text, length=160):
    return text if len(text) <= length else f"{text[:length].rstrip()}..."
