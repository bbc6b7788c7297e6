"""saved_models/NAME/: weights, spec, card, checksums. Nothing that is loaded can run code.

weights.npz   the weights in the model's order, float32 or float16
spec.json     recipe, builder options, and what the task needs between raw input and answer
golden.npz    a few inputs with the raw outputs (`zoo.golden`); in shipped models only
card.json     what it is good for and how good it is, with the SHA-256 of the files above
"""

import os
from dataclasses import replace
from inspect import signature
from pathlib import Path

from zoo import download, files, registry
from zoo.errors import InputError

FILES = ("weights.npz", "spec.json", "golden.npz")
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
    """Write the card with the SHA-256 of the other files."""
    folder = Path(folder)
    sums = {name: files.sha256(folder / name) for name in FILES if (folder / name).exists()}
    files.write_json(folder / "card.json", card | {"sha256": sums})


def load(name):
    """(recipe, model, spec, card) of a trained model by name, or of a folder by path.

    Raises `InputError` when there is none, a checksum differs or a file is damaged.
    """
    folder = find(name)
    card = read_card(folder)
    _verify(folder, card)
    recipe, spec = read_spec(folder)
    sizes = _sizes(recipe, spec, folder)
    from zoo.backends.unset import unset_weights  # Keras, only where a model is made

    with unset_weights():
        model = recipe.build(**sizes)
    set_weights(model, folder / "weights.npz")
    return recipe, model, spec, card


def _sizes(recipe, spec, folder):
    try:
        return recipe.task.sizes(spec)
    except Exception as error:  # whatever a task or a tokenizer says of it, the spec is damaged
        raise InputError(
            f"{str(folder / 'spec.json')!r} is damaged ({type(error).__name__}), expected what "
            f"model {recipe.name!r} needs: restore it"
        ) from error


def read_spec(folder):
    """(recipe, spec) of a trained model's folder, the recipe with the options it was made with.

    Raises `InputError` for a file that is no spec, or holds more than plain values as options.
    """
    path = Path(folder) / "spec.json"
    saved = files.read_json(path)
    if not isinstance(saved, dict) or not {"recipe", "options", "task"} <= set(saved):
        raise InputError(
            f"{str(path)!r} is no model's spec, expected recipe, options and task: restore it"
        )
    recipe = registry.recipe(saved["recipe"])
    known = signature(recipe.builder).parameters
    for option, value in saved["options"].items():
        if option not in known or not _is_plain(value):
            raise InputError(
                f"{str(path)!r} has {option} = {str(value)[:40]!r}, expected options of "
                f"{recipe.builder.__name__} with plain values: restore it"
            )
    options = {k: tuple(v) if isinstance(v, list) else v for k, v in saved["options"].items()}
    # Not merged: the recipe may have gained some since.
    return replace(recipe, options=options), saved["task"]


def _is_plain(value):
    """Numbers, texts and lists of them: a dictionary could ask Keras for a class by name."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, int, float, bool))


def folder(name) -> Path | None:
    """The folder of a trained model by path, or by name in `ZOO_HOME`, in the checkout or where
    fetched ones are kept, or None. Needs no framework.
    """
    homes = [] if len(Path(name).parts) > 1 else _homes()
    places = [Path(name), *(home / name for home in homes)]
    return next((place for place in places if (place / "spec.json").exists()), None)


def _homes():
    return [Path(home) for home in (os.environ.get("ZOO_HOME"), SHIPPED, files.home()) if home]


def find(name) -> Path:
    """`folder`; a shipped model that is nowhere here is fetched. `InputError` says what to do."""
    if (found := folder(name)) is not None:
        return found
    if len(Path(name).parts) > 1:
        raise InputError(
            f"no trained model in {str(name)!r}, expected the folder of a finished run: "
            "check the path"
        )
    registry.recipe(str(name))  # an unknown name is said before a missing file
    if str(name) in download.index():
        return download.fetch(str(name))
    homes = dict.fromkeys(map(str, _homes()))
    raise InputError(
        f"no trained weights for {str(name)!r} in {' or '.join(homes)}: "
        f"train it with: zoo train {name}"
    )


def is_trained(name) -> bool:
    """Whether weights of that name can be found without fetching any."""
    return folder(name) is not None


def write_index(home=SHIPPED, path=download.INDEX):
    """Write the index of the models in `home`, from which an installed package knows its sums."""
    names = ("card.json", *FILES)
    found = {
        card.parent.name: {
            name: files.sha256(card.parent / name)
            for name in names
            if (card.parent / name).exists()
        }
        for card in sorted(Path(home).glob("*/card.json"))
    }
    files.write_json(path, found)


def read_card(folder) -> dict:
    """The card of a folder, {} where it has none (a run that was not evaluated)."""
    path = Path(folder) / "card.json"
    card = files.read_json(path) if path.exists() else {}
    if not isinstance(card, dict):
        raise InputError(f"{str(path)!r} is no card, expected names and values: restore it")
    return card


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
    shapes = files.array_shapes(path)  # read first: nothing larger than the model is unpacked
    expected = [tuple(w.shape) for w in model.weights]
    if [shapes[key] for key in sorted(shapes)] != expected:
        raise InputError(
            f"{str(path)!r} has {len(shapes)} arrays of other shapes than the {len(expected)} of "
            f"model {model.name!r}: it belongs to another model"
        )
    arrays = files.read_arrays(path)
    model.set_weights([arrays[key].astype("float32") for key in sorted(arrays)])
