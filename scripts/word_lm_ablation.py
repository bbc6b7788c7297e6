"""What weight-drop and locked dropout do for a word language model with little text.

KERAS_BACKEND=tensorflow python scripts/word_lm_ablation.py                   all four
KERAS_BACKEND=tensorflow python scripts/word_lm_ablation.py neither both      by name

A smaller `word_lm` is trained on the beginning of the English text, where it has every reason to
learn it by heart. One JSON row each: the validation perplexity after every epoch, and the best one
beside that of an interpolated trigram.
"""

import argparse
import json
import math
from dataclasses import replace

from zoo import registry, training
from zoo.tasks import continue_text

VARIANTS = {
    "both": dict(weight_drop=0.5, dropout=0.3),
    "no weight-drop": dict(weight_drop=0.0, dropout=0.3),
    "no locked dropout": dict(weight_drop=0.5, dropout=0.0),
    "neither": dict(weight_drop=0.0, dropout=0.0),
}
CHARACTERS = {"train": 300_000, "validation": 100_000}


def shortened(data):
    """The beginning of each split, up to a whole line."""
    return {k: data[k][: data[k].rindex("\n", 0, size)] for k, size in CHARACTERS.items()}


def row(name, epochs, seed):
    """The validation perplexities of one variant."""
    recipe = registry.recipe("word_lm").override(
        units=192, embedding=96, word_dropout=0.0, **VARIANTS[name]
    )
    fit = replace(recipe.fit, epochs=epochs, schedule="constant", learning_rate=4e-3)
    run = training.fit(
        replace(recipe, fit=fit), data=shortened(recipe.load()), seed=seed, bar=False
    )
    epochs = [round(math.exp(e["validation_loss"]), 1) for e in run.history["epochs"]]
    return {
        "variant": name,
        **VARIANTS[name],
        "seed": seed,
        "best": min(epochs),
        "last": epochs[-1],
        "training": round(math.exp(run.history["epochs"][-1]["loss"]), 1),
        "epochs": epochs,
    }


def trigram():
    """The validation perplexity of an interpolated trigram on the same words."""
    recipe = registry.recipe("word_lm")
    data = shortened(recipe.load())
    spec = recipe.task.specify(data, recipe.fit)
    return continue_text.ngram_score(data | {"test": data["validation"]}, spec, order=3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=", ".join(VARIANTS))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if unknown := set(given.variants) - set(VARIANTS):
        parser.error(f"{unknown.pop()!r} is not one of {', '.join(VARIANTS)}")
    for name in given.variants or VARIANTS:
        print(json.dumps(row(name, given.epochs, given.seed)), flush=True)
    print(json.dumps({"variant": "interpolated trigram", **trigram()}), flush=True)


if __name__ == "__main__":
    main()
