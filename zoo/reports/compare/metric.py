"""The final metric over seeds: a recipe trained to its end on one backend."""

from dataclasses import replace

from zoo import registry, training


def metric(place, more, target, seed, epochs):
    """{"value", "name"}: the recipe's metric on its validation split after training with `seed`.

    epochs: of the training, None for the recipe's own.
    """
    recipe = registry.recipe(target["name"])
    if target["cell"]:
        recipe = recipe.override(cell=target["cell"])
    if epochs:
        recipe = replace(recipe, fit=replace(recipe.fit, epochs=epochs))
    run = training.fit(recipe, seed=seed, bar=False)
    scores = recipe.task.evaluate(run.model, run.data["validation"], run.spec)
    return {"value": float(scores[recipe.metric]), "name": recipe.metric}
