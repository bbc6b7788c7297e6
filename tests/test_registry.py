"""The registry is the test matrix: every registered model, tiny, on a few rows of its own data."""

from dataclasses import replace
from functools import cache

import keras
import numpy as np
import pytest
import tiny
from keras import ops, tree

import zoo
from zoo import registry
from zoo.errors import InputError
from zoo.models.carry import carried_model, carriers
from zoo.tasks import splits
from zoo.training import Trainer

ROWS = 8

# What makes a model small, where its recipe has such an option.
SMALL = dict(units=6, embedding=5, filters=(3, 4), hidden=1)


@cache
def raw(name):
    recipe = registry.recipe(name)
    data = tiny.data(name) if recipe.fetched else recipe.load()
    rows = splits.first(recipe.task, data["train"], ROWS)
    return {"train": rows, "validation": rows}


def small(name):
    """(recipe, model, spec, data): a recipe made tiny, on the first rows of its data."""
    recipe = registry.recipe(name)
    changes = {k: v for k, v in SMALL.items() if k in recipe.options}
    if changes.get("embedding") and recipe.options["embedding"] == "one_hot":
        del changes["embedding"]
    fit = replace(recipe.fit, epochs=1, batch_size=ROWS, steps=6, boundaries=(16,))
    recipe = replace(recipe.override(**changes), fit=fit)
    spec = recipe.task.specify(raw(name), recipe.fit)
    return recipe, recipe.build(**recipe.task.sizes(spec)), spec, raw(name)


def first_batch(recipe, spec, data):
    return next(iter(recipe.task.batches(data["train"], spec, recipe.fit)))


def every_model(function):
    return pytest.mark.parametrize("name", registry.list_models())(function)


@every_model
def test_one_step_of_training_changes_every_weight(name):
    recipe, model, spec, data = small(name)
    trainer = Trainer(recipe, model, spec, data, seed=0, quick=True, bar=False)
    before = [ops.convert_to_numpy(v) for v in model.trainable_variables]
    assert before
    trainer.run(None)
    assert np.isfinite(trainer.history["epochs"][0]["validation_loss"])
    for variable, old in zip(model.trainable_variables, before, strict=True):
        new = ops.convert_to_numpy(variable)
        assert np.isfinite(new).all(), variable.path
        assert not np.array_equal(new, old), f"{variable.path} did not learn"


@every_model
def test_saved_and_loaded_gives_the_same_numbers(name, tmp_path):
    recipe, model, spec, data = small(name)
    x, y, _ = first_batch(recipe, spec, data)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    expected = model.predict_on_batch(x)
    assert np.isfinite(expected).all()
    assert len(expected) == len(y)
    np.testing.assert_allclose(again.predict_on_batch(x), expected, rtol=1e-5, atol=1e-6)


@every_model
def test_a_recipe_says_what_it_is(name):
    recipe = registry.recipe(name)
    assert recipe.name == name and recipe.architecture in registry.ARCHITECTURES
    assert recipe.summary and recipe.metric and recipe.baseline_name and recipe.data_name
    model = zoo.create_model(name, units=SMALL["units"])
    assert model.name == name
    assert bool(carriers(model)) == (recipe.cell != "none")


@every_model
def test_what_the_data_decide_fits_the_default_sizes(name):
    """`create_model` builds without data what training builds with them."""
    recipe = registry.recipe(name)
    spec = recipe.task.specify(raw(name), recipe.fit)
    assert set(recipe.task.sizes(spec)) == set(recipe.sizes)


def causal(recipe):
    """Whether a recipe's model can be stepped, by what the recipe says of itself."""
    sequence = recipe.architecture in ("many_to_one", "many_to_many_aligned")
    return sequence and recipe.options.get("direction", "forward") == "forward"


@every_model
def test_causal_models_run_whole_step_by_step_and_in_chunks(name):
    recipe, model, spec, data = small(name)
    if not causal(recipe):
        if carriers(model):
            with pytest.raises(InputError, match="cannot be run step by step"):
                carried_model(model)
        return
    x, *lengths = (np.asarray(v) for v in tree.flatten(first_batch(recipe, spec, data)[0]))
    x = x[:, :6]
    stepwise = carried_model(model)
    shapes = [t.shape[1:] for t in stepwise.inputs[1 + len(lengths) :]]
    zeros = [np.zeros((len(x), *shape), "float32") for shape in shapes]
    whole = model.predict_on_batch([x, *lengths] if lengths else x)
    for cuts in ([], [2], range(1, x.shape[1])):
        state, parts, start = zeros, [], 0
        for part in np.split(x, cuts, axis=1):
            real = [np.clip(n - start, 0, part.shape[1]) for n in lengths]
            output, *state = stepwise.predict_on_batch([part, *real, *state])
            parts.append(output)
            start += part.shape[1]
        found = np.concatenate(parts, axis=1) if whole.ndim == 3 else parts[-1]
        np.testing.assert_allclose(found, whole, rtol=1e-4, atol=1e-5)


def test_some_models_are_causal():
    assert {"char_lm", "sine", "sine_to_cosine"} <= {
        name for name in registry.list_models() if causal(registry.recipe(name))
    }


def test_models_are_listed_in_the_order_of_the_architectures():
    architectures = [registry.recipe(n).architecture for n in registry.list_models()]
    assert architectures == sorted(architectures, key=registry.ARCHITECTURES.index)
    assert set(architectures) == set(registry.ARCHITECTURES)
    assert registry.list_models("sine*") == ["sine", "sine_to_cosine"]
    assert registry.list_models(architecture="one_to_one") == ["digits", "fashion_mnist"]
    assert registry.list_models("nothing*") == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: zoo.create_model("sinus"), ("'sinus'", "sine_to_cosine", "did you mean 'sine'")),
        (lambda: zoo.list_models(architecture="two_to_two"), ("'two_to_two'", "one_to_one")),
        (lambda: zoo.create_model("sine", cell="elman"), ("'elman'", "peephole")),
        (lambda: zoo.create_model("sine", units=0), ("units is 0",)),
    ],
)
def test_unknown_names_are_one_line_errors(call, words):
    with pytest.raises(InputError) as error:
        call()
    assert "\n" not in str(error.value)
    assert all(word in str(error.value) for word in words), error.value


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="registered twice"):
        registry.register(registry.recipe("sine"))
    with pytest.raises(ValueError, match="two_to_two"):
        registry.register(replace(registry.recipe("sine"), name="new", architecture="two_to_two"))


def test_overrides_reach_the_builder():
    small_, large = (zoo.create_model("sine", units=units) for units in (4, 8))
    assert small_.count_params() < large.count_params()
    assert zoo.create_model("sine", cell="gru").count_params() < (
        zoo.create_model("sine").count_params()
    )
