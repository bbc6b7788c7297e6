"""Whether exports that run without Keras answer what their models answer, on held-out data.

    make export
    python scripts/runtime_answers.py                     every model under saved_models/NAME/onnx
    python scripts/runtime_answers.py --format saved_model g2p

For each model the answers to the examples of its card, as text, and the scores on the first rows of
its test split, by Keras and by the export.
"""

import argparse
import sys
from pathlib import Path

import zoo
from zoo import cards, runtime, store
from zoo.errors import InputError
from zoo.tasks import splits


def compared(name, folder, rows):
    """(answers that are equal, answers, {metric: (by Keras, by the export)})."""
    model, alone = zoo.load(name), runtime.load(folder)
    recipe = model.recipe
    try:
        split = splits.first(recipe.task, model.data()["test"], rows)
    except InputError:  # data that are fetched, and are not here
        split = recipe.made_up or None
    if split is None:
        raise InputError(f"the data of {name!r} are not here: fetch them")
    given, found = (
        [example["output"] for example in cards.examples(recipe, m, model.spec, split)]
        for m in (model.model, alone.model)
    )
    equal = sum(a == b for a, b in zip(given, found, strict=True))
    keras, export = (recipe.task.evaluate(m.model, split, model.spec) for m in (model, alone))
    return equal, len(given), {metric: (keras[metric], export[metric]) for metric in keras}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="by default all that have weights")
    parser.add_argument("--format", default="onnx")
    parser.add_argument("--home", type=Path, default=store.SHIPPED, help="of HOME/NAME/FORMAT")
    parser.add_argument("--rows", type=int, default=64, help="of the test split")
    given = parser.parse_args()
    names = given.names or [name for name in zoo.list_models() if store.is_trained(name)]
    wrong = 0
    for name in names:
        try:
            equal, count, scores = compared(name, given.home / name / given.format, given.rows)
        except InputError as error:
            print(f"{name:20} {error}", flush=True)
            wrong += 1
            continue
        worst = max(abs(a - b) / max(1.0, abs(a)) for a, b in scores.values())
        wrong += equal < count or worst > 1e-4
        metric, (_, value) = next(iter(scores.items()))
        said = f"{metric} {value:.4f}, {len(scores)} scores off by {worst:.0e} at most"
        print(f"{name:20} {equal} of {count} answers equal; {said}", flush=True)
    print(f"{len(names) - wrong} of {len(names)} models answer as Keras does")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
