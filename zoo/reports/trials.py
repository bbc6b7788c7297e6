"""A recipe with one cell after the other, as wide as the same number of parameters allows.

A job is {recipe, cell, options, seed}, options those of the builder; trained and scored it is a
row, which a script keeps as soon as it has it, so that one that was stopped goes on.
"""

import time
from dataclasses import replace

from zoo.metrics import HIGHER_IS_BETTER

KEY = ("recipe", "cell", "options", "seed")
WIDEST = 1024


def missing(wanted, rows):
    """The jobs that no row answers."""
    done = [{key: row[key] for key in KEY} for row in rows]
    return [job for job in wanted if job not in done]


def parameters(recipe, units):
    """How many a recipe's model has with that many units."""
    from zoo.backends.unset import unset_weights

    with unset_weights():
        return recipe.override(units=units).build().count_params()


def equal_units(recipe, target):
    """The units with which a recipe's model has nearest to `target` parameters."""
    low, high = 1, WIDEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if parameters(recipe, middle) <= target else (low, middle)
    return min((low, high), key=lambda units: abs(parameters(recipe, units) - target))


def run(job, recipe, epochs=None):
    """Train and score: the row of a job. recipe: with its units; epochs: at most, by default the
    recipe's."""
    import keras

    from zoo import backends, training

    fit = recipe.fit if epochs is None else replace(recipe.fit, epochs=epochs)
    data, start = recipe.load(), time.perf_counter()
    found = training.fit(replace(recipe, fit=fit), data=data, seed=job["seed"], bar=False)
    seconds = time.perf_counter() - start
    scores = {
        split: recipe.task.evaluate(found.model, data[split], found.spec)[recipe.metric]
        for split in data
        if split != "train"
    }
    row = job | {
        "units": recipe.options["units"],
        "parameters": found.model.count_params(),
        "metric": recipe.metric,
        "goal": fit.goal,
        "solved": fit.goal and _reached(recipe.metric, scores["validation"], fit.goal),
        "steps": len(found.history["batches"]),
        "scores": scores,
        "baseline": recipe.baseline(data, found.spec),
        "seconds": round(seconds, 1),
        "backend": backends.name(),
    }
    keras.utils.clear_session()
    return row


def _reached(metric, value, goal):
    return value >= goal if HIGHER_IS_BETTER[metric] else value <= goal
