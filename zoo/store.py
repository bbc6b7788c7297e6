"""saved_models/NAME/: weights, spec, card, checksums. Nothing that is loaded can run code.

weights.npz   the weights in the model's order, float32 or float16
spec.json     recipe, builder options, and what the task needs between raw input and answer
card.json     what it is good for and how good it is, with the SHA-256 of the two files above
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from zoo import files, registry
from zoo.errors import InputError

SHIPPED = Path(__file__).parent.parent / "saved_models"


def save(folder, recipe, model, spec, dtype="float32"):
    """Write weights and spec of a trained model into `folder`, each file atomically."""
    folder = Path(folder)
    weights = {f"{k:03d}": w.astype(dtype) for k, w in enumerate(model.get_weights())}
    files.write_arrays(folder / "weights.npz", weights)
    options = {k: list(v) if isinstance(v, tuple) else v for k, v in recipe.options.items()}
    files.write_json(
        folder / "spec.json", {"recipe": recipe.name, "options": options, "task": spec}
    )


def write_card(folder, card):
    """Write the card with the checksums of the files that it speaks of."""
    folder = Path(folder)
    sums = {name: files.sha256(folder / name) for name in ("weights.npz", "spec.json")}
    files.write_json(folder / "card.json", card | {"sha256": sums})


def load(name):
    """(recipe, model, spec, card) of a shipped model by name, or of a folder by path.

    Raises `InputError` when there is none, a checksum differs or a file is damaged.
    """
    folder = find(name)
    card = read_card(folder)
    _verify(folder, card)
    saved = files.read_json(folder / "spec.json")
    if not isinstance(saved, dict) or not {"recipe", "options", "task"} <= set(saved):
        raise InputError(
            f"{str(folder / 'spec.json')!r} is no model's spec, expected recipe, options and task: "
            "restore it"
        )
    recipe = registry.recipe(saved["recipe"])
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in saved["options"].items()}
    recipe = replace(recipe, options=options)  # not merged: the recipe may have gained some since
    model = recipe.build(**recipe.task.sizes(saved["task"]))
    set_weights(model, folder / "weights.npz")
    return recipe, model, saved["task"], card


def folder(name) -> Path | None:
    """The folder of a trained model by path, or by name in `ZOO_HOME` or the checkout, or None.

    Needs no framework.
    """
    homes = [] if len(Path(name).parts) > 1 else _homes()
    places = [Path(name), *(home / name for home in homes)]
    return next((place for place in places if (place / "spec.json").exists()), None)


def _homes():
    return [Path(home) for home in (os.environ.get("ZOO_HOME"), SHIPPED) if home]


def find(name) -> Path:
    """`folder`, and where there is none, an `InputError` that says what to do."""
    if (found := folder(name)) is not None:
        return found
    if len(Path(name).parts) > 1:
        raise InputError(
            f"no trained model in {str(name)!r}, expected the folder of a finished run: "
            "check the path"
        )
    registry.recipe(str(name))  # an unknown name is said before a missing file
    raise InputError(
        f"no trained weights for {str(name)!r} in {' or '.join(map(str, _homes()))}: "
        f"train it with: zoo train {name}"
    )


def is_trained(name) -> bool:
    """Whether weights of that name can be found."""
    return folder(name) is not None


def read_card(folder) -> dict:
    """The card of a folder, {} where it has none (a run that was not evaluated)."""
    path = Path(folder) / "card.json"
    return files.read_json(path) if path.exists() else {}


def _verify(folder, card):
    for name, expected in card.get("sha256", {}).items():
        path = folder / name
        if not path.exists():
            raise InputError(f"{path} is missing, expected the file of the card: restore it")
        if (found := files.sha256(path)) != expected:
            raise InputError(
                f"{path} has SHA-256 {found[:12]}, expected {expected[:12]}: the file is damaged "
                "or was changed; restore it"
            )


def set_weights(model, path):
    """Fill `model` from a weights file; `InputError` when the shapes do not fit."""
    arrays = files.read_arrays(path)
    weights = [arrays[key].astype("float32") for key in sorted(arrays)]
    expected = [tuple(w.shape) for w in model.weights]
    if [w.shape for w in weights] != expected:
        raise InputError(
            f"{str(path)!r} has {len(weights)} arrays of other shapes than the {len(expected)} of "
            f"model {model.name!r}: it belongs to another model"
        )
    model.set_weights([np.asarray(w) for w in weights])
