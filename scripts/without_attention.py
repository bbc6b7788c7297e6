"""Train translate_en_es without attention, as long as with it, and score both on the test split.

python scripts/without_attention.py runs/translate_plain     # about half an hour on one core
"""

import argparse
import json
from pathlib import Path

from zoo import registry, store, training

NAME = "translate_en_es"


def plain():
    """The recipe whose decoder has the encoder's last state alone."""
    return registry.recipe(NAME).override(attention=None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="the run folder of the model without attention")
    parser.add_argument("--with", dest="attends", default=NAME, help="the model with attention")
    given = parser.parse_args()
    training.fit(plain(), out=given.out, resume=given.out.exists())
    for title, folder in (("without", given.out), ("with", given.attends)):
        recipe, model, spec, _ = store.load(folder)
        scores = recipe.task.evaluate(model, recipe.load()["test"], spec)
        print(json.dumps({"attention": title, "parameters": model.count_params(), **scores}))


if __name__ == "__main__":
    main()
