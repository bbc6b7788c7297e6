"""Make finished runs a shipped model: saved_models/NAME with weights, spec, card and README.

    python scripts/ship.py sine runs/sine-0
    python scripts/ship.py g2p runs/g2p-0 runs/g2p-1 runs/g2p-2 --float16
    python scripts/ship.py --golden sine g2p

The first run is shipped, scored as it is stored. The others are the same recipe with other seeds:
they give the card its mean and its spread, the standard deviation. Each run is scored once on the
test split. With --float16 the headline metric of the validation split may move by 0.1% at most.
With --golden, shipped models get their golden outputs, the checksum of their data and their README
again, without any training or scoring; without names, all of them.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import results

from zoo import card_page, cards, files, golden, registry, store
from zoo.errors import InputError

LARGEST_CHANGE = 1e-3  # of the headline metric, relative, by storing weights as float16


def ship(name, runs, dtype="float32", home=store.SHIPPED):
    """Write `home`/`name` from the folder `runs[0]`; returns the card.

    Raises `InputError` for a run that is not finished, of another recipe or other options than the
    first, for two runs of one seed, and for float16 that changes the metric.
    """
    # Paths always: "sine" alone would be the model that is shipped already.
    runs = [store.find(Path(run).resolve()) for run in runs]
    check(name, runs)
    recipe, model, spec, old = store.load(runs[0])
    described = old.get("data", {})
    own = {"path": described.get("path"), "options": described.get("options")}
    data = recipe.data(own["path"], **own["options"] or {})
    if dtype != "float32":
        check_rounding(recipe, model, spec, data["validation"], dtype)
    folder = Path(home) / name
    store.save(folder, recipe, model, spec, dtype)
    store.set_weights(model, folder / "weights.npz")
    history, trained = (files.read_json(runs[0] / f) for f in ("history.json", "env.json"))
    card = cards.make(recipe, model, spec, data, history, history["seed"], trained=trained, **own)
    card |= {"stored_as": dtype} | others(recipe, model, spec, data)
    card |= over_seeds(card, [scored(run, data) for run in runs[1:]])
    finish(folder, card, golden.make(recipe, model, spec, data["test"]))
    return store.read_card(folder)


def renew(name, home=store.SHIPPED):
    """Golden outputs, the description of the data and README of a shipped model, made again."""
    folder = Path(home) / name
    recipe, model, spec, card = store.load(folder)
    own = [card["data"].get(key) for key in ("path", "options")]
    data = recipe.data(own[0], **own[1] or {})
    card = card | {"data": cards.describe_data(recipe, data, *own)}
    finish(folder, card, golden.make(recipe, model, spec, data["test"]))


def finish(folder, card, outputs):
    """Write golden outputs, card and README: what is drawn from the files that are there."""
    files.write_arrays(folder / golden.FILE, outputs)
    store.write_card(folder, card)
    page = card_page.page(store.read_card(folder))
    files.write_bytes(folder / "README.md", page.encode())
    if folder.parent == store.SHIPPED:
        results.write()


def check(name, runs):
    """`InputError` unless the runs are of this recipe, alike but for their seeds."""
    specs = [files.read_json(run / "spec.json") for run in runs]
    seeds = [files.read_json(run / "history.json")["seed"] for run in runs]
    for run, spec in zip(runs, specs, strict=True):
        if spec["recipe"] != registry.recipe(name).name:
            raise InputError(
                f"{str(run)!r} is a run of {spec['recipe']!r}, found {name!r}: name that one"
            )
        if spec["options"] != specs[0]["options"]:
            raise InputError(f"{str(run)!r} has other options than {str(runs[0])!r}: leave it out")
    if len(set(seeds)) < len(seeds):
        raise InputError(f"runs of the seeds {seeds}, expected each seed once: leave one out")


def scored(run, data):
    """(seed, scores) of a run on the test split."""
    recipe, model, spec, _ = store.load(run)
    scores = recipe.task.evaluate(model, data["test"], spec)
    return files.read_json(run / "history.json")["seed"], scores


def over_seeds(card, found):
    """Every seed's value, their mean and standard deviation (of a sample; None for one seed)."""
    found = [(card["seed"], card["scores"]), *found]
    values = [scores[card["metric"]] for _, scores in found]
    return {
        "seeds": [
            {"seed": seed, "value": value, "scores": scores}
            for (seed, scores), value in zip(found, values, strict=True)
        ],
        "mean": statistics.fmean(values),
        "spread": statistics.stdev(values) if len(values) > 1 else None,
    }


def others(recipe, model, spec, data):
    """The scores of splits besides the three, such as concepts that training never saw."""
    more = [split for split in data if split not in ("train", "validation", "test")]
    scores = {split: recipe.task.evaluate(model, data[split], spec) for split in more}
    return {"other_splits": scores} if scores else {}


def check_rounding(recipe, model, spec, split, dtype):
    """`InputError` when storing the weights so moves the metric of the validation split."""
    exact = recipe.task.evaluate(model, split, spec)
    metric = cards.headline(recipe, exact)
    with tempfile.TemporaryDirectory() as folder:
        store.save(folder, recipe, model, spec, dtype)
        store.set_weights(model, Path(folder) / "weights.npz")
    rounded = recipe.task.evaluate(model, split, spec)
    change = abs(rounded[metric] - exact[metric])
    if not change <= LARGEST_CHANGE * abs(exact[metric]):
        raise InputError(
            f"{metric} on the validation split is {exact[metric]:.6g}, as {dtype} "
            f"{rounded[metric]:.6g}, expected a change of {LARGEST_CHANGE:.1%} at most: "
            f"leave --{dtype} out"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", help="the recipe, and the name to ship it under")
    parser.add_argument("runs", nargs="*", metavar="RUN", help="folders of finished runs")
    parser.add_argument("--float16", action="store_true", help="half the size on disk")
    parser.add_argument("--home", default=store.SHIPPED, help="another folder to ship into")
    parser.add_argument("--golden", action="store_true", help="renew models that are shipped")
    given = parser.parse_args()
    try:
        if given.golden:
            names = [given.name, *given.runs] if given.name else shipped(given.home)
            for name in names:
                renew(name, given.home)
                print(f"{name}: golden outputs and README renewed")
        elif not given.runs:
            parser.error("expected a name and one run or more, or --golden")
        else:
            dtype = "float16" if given.float16 else "float32"
            card = ship(given.name, given.runs, dtype, given.home)
            print(line(card))
    except InputError as error:
        sys.exit(f"ship: {error}")


def shipped(home):
    """The names of all shipped models."""
    return sorted(path.parent.name for path in Path(home).glob("*/card.json"))


def line(card):
    """What was shipped, in a line."""
    return (
        f"{card['name']}: {card['metric']} {card['value']:.4g}, over {len(card['seeds'])} seed(s) "
        f"{card_page.spread(card)}, baseline {card['baseline']:.4g}"
    )


if __name__ == "__main__":
    main()
