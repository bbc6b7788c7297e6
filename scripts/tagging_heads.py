"""CRF against softmax: the same tagger with either head, scored on the validation split.

python scripts/tagging_heads.py pos_brown softmax
python scripts/tagging_heads.py pos_brown crf --out runs/pos_brown-0    a run that is there already

With the CRF a tag depends on the tags beside it; with softmax each word is decided alone. The
test split is left for the model that ships.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from zoo import registry, training


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=["pos_brown", "pos_brown_fine"])
    parser.add_argument("head", choices=["crf", "softmax"])
    parser.add_argument("--epochs", type=int, help="by default the recipe's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="the run folder, by default runs/NAME-HEAD-SEED")
    given = parser.parse_args()
    recipe = registry.recipe(given.name).override(crf=given.head == "crf")
    if given.epochs:
        recipe = replace(recipe, fit=replace(recipe.fit, epochs=given.epochs))
    out = given.out or Path("runs") / f"{given.name}-{given.head}-{given.seed}"
    run = training.fit(recipe, seed=given.seed, out=out, resume=out.exists())
    scores = recipe.task.evaluate(run.model, run.data["validation"], run.spec)
    seconds = sum(row["seconds"] for row in run.history["epochs"])
    row = {"name": given.name, "head": given.head, "seed": given.seed, "seconds": seconds}
    print(json.dumps(row | scores))


if __name__ == "__main__":
    main()
