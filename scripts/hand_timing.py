"""Does `zoo compare` time what a loop written by hand times? Both in turn, in one process.

KERAS_BACKEND=torch python scripts/hand_timing.py sine
"""

import sys
import tempfile
import time
from dataclasses import replace
from statistics import median

import keras

from zoo import store
from zoo.reports.compare import prepare, speed
from zoo.reports.compare.cases import Place, Target
from zoo.trainer import optimizer_for

ROUNDS, SECONDS = 25, 0.1


def by_hand(name):
    """{use: function} of the shipped model, on the first batch of its training data."""
    recipe, model, spec, _ = store.load(name)
    batches = recipe.task.batches(recipe.data()["train"], spec, recipe.fit, shuffle=True)
    x, y, weights = next(iter(batches))
    fit = replace(recipe.fit, schedule="constant")
    model.compile(optimizer_for(fit), loss=recipe.task.loss(model))
    first = keras.tree.map_structure(lambda part: part[:1], x)
    return {
        "train": lambda: model.train_on_batch(x, y, sample_weight=weights),
        "batch": lambda: model.predict_on_batch(x),
        "latency": lambda: model.predict_on_batch(first),
    }


def timed(call):
    """The median of as many calls as fit into `SECONDS`."""
    found, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return median(found)


def main(name="sine"):
    loops = by_hand(name)
    for call in loops.values():
        timed(call)  # compiles
    with tempfile.TemporaryDirectory() as folder:
        prepare.prepare(None, None, Target(name).to_json(), folder, steps=1, seed=0)
        place = Place(keras.backend.backend())
        ways = speed.ready(place, lambda rows: None, folder, ("zoo",), False)["ways"]
        ratios = {use: [] for use in loops}
        for k in range(ROUNDS):
            calls = speed.visit(place, None, folder, SECONDS, k)["times"]
            for number, way in enumerate(ways):
                if not way["mode"]:  # Keras's own choice on a CPU: no XLA on TensorFlow
                    ratios[way["use"]].append(median(calls[number]) / timed(loops[way["use"]]))
    for use, found in ratios.items():
        print(f"{place.backend} {name} {use}: zoo compare / by hand = {median(found):.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
