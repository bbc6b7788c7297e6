"""Make a finished run a shipped model: saved_models/NAME with weights, spec, card and README.

    python scripts/ship.py runs/sine-0 sine
    python scripts/ship.py runs/g2p-0 g2p --float16

The weights are stored first and scored as they are stored, once, on the test split.
"""

import argparse
import sys
from pathlib import Path

from zoo import cards, files, registry, store
from zoo.errors import InputError


def ship(run, name, dtype="float32", home=store.SHIPPED):
    """Write `home`/`name` from the folder `run`; returns the card.

    Raises `InputError` for a run that is not finished, or of another recipe than `name`.
    """
    recipe, model, spec, old = store.load(run)
    if recipe.name != registry.recipe(name).name:
        raise InputError(f"{str(run)!r} is a run of {recipe.name!r}, found {name!r}: name that one")
    folder, run = Path(home) / name, store.find(run)
    store.save(folder, recipe, model, spec, dtype)
    store.set_weights(model, folder / "weights.npz")
    history, trained = (files.read_json(run / f) for f in ("history.json", "env.json"))
    path = old.get("data", {}).get("path")
    data = recipe.data(path)
    card = cards.make(
        recipe, model, spec, data, history, history["seed"], path=path, trained=trained
    )
    card |= {"stored_as": dtype}
    store.write_card(folder, card)
    files.write_bytes(folder / "README.md", cards.readme(card).encode())
    return card


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="the folder of a finished run")
    parser.add_argument("name", help="the recipe, and the name to ship it under")
    parser.add_argument("--float16", action="store_true", help="half the size on disk")
    given = parser.parse_args()
    try:
        # A path always: "sine" alone would be the model that is shipped already.
        run = Path(given.run).resolve()
        card = ship(run, given.name, "float16" if given.float16 else "float32")
    except InputError as error:
        sys.exit(f"ship: {error}")
    print(f"{given.name}: {card['metric']} {card['value']:.4g}, baseline {card['baseline']:.4g}")


if __name__ == "__main__":
    main()
