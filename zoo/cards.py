"""Model cards: what a model is for, how good it is beside a trivial baseline, how it was made."""

from pathlib import Path

from zoo import environment
from zoo.data.sources import SOURCES
from zoo.metrics import HIGHER_IS_BETTER

EXAMPLES = 3  # right ones, and as many wrong ones
LOOKED_AT = 64  # test inputs among which they are found

# Data that are not shipped as files: what they are, and where they come from.
OTHER_DATA = {
    "digits": (
        "UCI optical recognition of handwritten digits, 1,797 images, from scikit-learn",
        "as distributed with scikit-learn",
    ),
    "sine": ("sin(x), made by a formula", "none needed"),
    "sine and cosine": ("sin(x) and cos(x), made by a formula", "none needed"),
}


def make(recipe, model, spec, data, history, seed, *, path=None, trained=None):
    """The card of a trained model, evaluated once on `data["test"]`.

    data: the splits; history, seed: as training recorded them; path: the user's own file, if that
    is what it was trained on; trained: the environment of the training, by default this one.
    Returns a dictionary of plain values, as `zoo.store.write_card` writes it.
    """
    scores = recipe.task.evaluate(model, data["test"], spec)
    metric = headline(recipe, scores)
    epochs = history["epochs"]
    trained = trained or environment.describe()
    return {
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
        "scores": scores,
        "data": _data(recipe, path),
        "own_data": recipe.own_data,
        "intended_use": f"{_sentence(recipe.summary)} An example of its architecture to learn "
        "from, and a start for models on data of your own.",
        "limits": "Scored on the held-out part of the data named here only: expect less on other "
        "data. Not tested for any use where a wrong answer does harm.",
        "seed": seed,
        "epochs": len(epochs),
        "batches": len(history["batches"]),
        "seconds": round(sum(row["seconds"] for row in epochs), 1),
        "command": trained["command"],
        "environment": trained,
        "examples": examples(recipe, model, spec, data["test"]),
    }


def headline(recipe, scores):
    """The recipe's metric, or the first one where the user's data have no such metric."""
    return recipe.metric if recipe.metric in scores else next(iter(scores))


def _sentence(text):
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def _data(recipe, path):
    if path is not None:
        return {"name": Path(path).name, "path": str(Path(path).resolve()), "licence": None}
    name = recipe.data_name
    if name in SOURCES:
        description, licence = SOURCES[name].description, SOURCES[name].licence
    else:
        description, licence = OTHER_DATA.get(name, (name, None))
    return {"name": name, "description": description, "licence": licence}


def examples(recipe, model, spec, split):
    """Right and wrong answers on the first test inputs: [{input, output, truth, right}, ...].

    Running text is continued once, with right None; a series has no single answers: [].
    """
    if isinstance(split, str):
        return [_continued(recipe, model, spec, split)]
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
    right = [row for row in found if row["right"]][:EXAMPLES]
    return right + [row for row in found if not row["right"]][:EXAMPLES]


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


def _continued(recipe, model, spec, text, given=40, steps=60):
    prefix = text[:given]
    answer = recipe.task.answer(model, [prefix], spec, steps=steps, temperature=0.5)[0]
    truth = text[given : given + steps]
    return {"input": prefix, "output": answer["continuation"], "truth": truth, "right": None}


def readme(card) -> str:
    """The card as Markdown, for README.md beside the weights."""
    better = "higher" if card["higher_is_better"] else "lower"
    data, environment_ = card["data"], card["environment"]
    versions = environment_.get("versions", {})
    facts = {
        "Architecture": card["architecture"].replace("_", " "),
        "Cell": card["cell"],
        "Parameters": f"{card['parameters']:,}",
        "Data": f"{data.get('description') or data['name']}",
        "Licence of the data": data.get("licence") or "unknown",
        "Trained with": f"`{card['command']}`",
        "Seed": card["seed"],
        "Epochs": card["epochs"],
        "Training time": f"{card['seconds']:,.0f} s on {environment_.get('device', 'cpu')}",
        "Backend": _backend(environment_, versions),
    }
    scores = {**card["scores"], f"{card['baseline_name']} ({card['metric']})": card["baseline"]}
    return "\n".join(
        [
            f"# {card['name']}: {card['task']}",
            "",
            f"**{card['metric']} {_number(card['value'])}** on the held-out test split ({better} "
            f"is better); {card['baseline_name']}, the trivial baseline: "
            f"{_number(card['baseline'])}.",
            "",
            *_table(("", ""), facts),
            "",
            "## Scores",
            "",
            *_table(("Metric", "Test"), {name: _number(v) for name, v in scores.items()}),
            "",
            "## Use and limits",
            "",
            card["intended_use"],
            "",
            card["limits"],
            *_examples(card["examples"]),
            "",
            f"Scored again by `zoo evaluate {card['name']}`.",
            "",
        ]
    )


def _backend(described, versions):
    name = described.get("backend", "unknown")
    keras = f", Keras {versions['keras']}" if versions.get("keras") else ""
    return f"{name} {versions.get(name) or ''}".strip() + keras


def _number(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(head, rows):
    yield f"| {head[0]} | {head[1]} |"
    yield "|---|---|"
    for name, value in rows.items():
        yield f"| {_cell(name)} | {_cell(value)} |"


def _examples(rows):
    if not rows:
        return
    yield from ("", "## Examples from the test split", "")
    yield "| Input | Output | Truth | Right |"
    yield "|---|---|---|---|"
    for row in rows:
        truth = row["truth"] if isinstance(row["truth"], str) else " / ".join(row["truth"])
        right = {True: "yes", False: "no", None: ""}[row["right"]]
        cells = [_cell(row["input"]), _cell(row["output"]), _cell(truth), right]
        yield f"| {' | '.join(cells)} |"


def _cell(text):
    """Text that cannot leave its cell or become a link, a tag or a line of its own."""
    text = " ".join(str(text).split())
    for mark in "|<[*_":
        text = text.replace(mark, f"\\{mark}") if "`" not in text else text
    return text
