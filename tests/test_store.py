"""Stored models: what is saved is what is loaded, and what is damaged is refused."""

import shutil

import numpy as np
import pytest
import tiny

from zoo import files, store
from zoo.errors import InputError


@pytest.fixture
def folder(trained, tmp_path):
    return shutil.copytree(trained("digits"), tmp_path / "digits")


def change(path, at, size=4):
    content = bytearray(path.read_bytes())
    content[at : at + size] = bytes(b ^ 255 for b in content[at : at + size])
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("dtype, tolerance", [("float32", 0), ("float16", 1e-3)])
def test_a_model_answers_the_same_after_saving(folder, tmp_path, dtype, tolerance):
    recipe, model, spec, _ = store.load(folder)
    store.save(tmp_path / "again", recipe, model, spec, dtype)
    _, again, spec_again, _ = store.load(tmp_path / "again")
    assert spec_again == spec
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance, rtol=tolerance)
        assert b.dtype == "float32"


def test_options_are_stored_with_the_weights(folder):
    recipe, model, _, card = store.load(folder)
    assert (recipe.options["units"], recipe.options["filters"]) == (8, (4,))
    assert card["parameters"] == model.count_params()


def test_a_recipe_that_gains_an_option_still_loads_older_weights(folder, monkeypatch):
    older = tiny.recipe("digits")
    monkeypatch.setattr(store.registry, "recipe", lambda name: older.override(hidden=3))
    assert store.load(folder)[0].options == older.options


@pytest.mark.parametrize("name", ["weights.npz", "spec.json"])
def test_a_changed_file_does_not_match_its_sum(folder, name):
    change(folder / name, at=60)
    with pytest.raises(InputError, match=r"has SHA-256 .*, expected .*damaged"):
        store.load(folder)


@pytest.mark.parametrize("card", [True, False])
def test_truncated_weights_are_refused(folder, card):
    weights = folder / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:-500])
    if not card:
        (folder / "card.json").unlink()
    with pytest.raises(InputError, match="damaged"):
        store.load(folder)


def test_missing_weights_are_named(folder):
    (folder / "weights.npz").unlink()
    with pytest.raises(InputError, match=r"weights\.npz is missing"):
        store.load(folder)


def test_pickled_weights_are_refused(folder):
    (folder / "card.json").unlink()
    np.savez(folder / "weights.npz", **{"000": np.array([{}], dtype=object)})
    with pytest.raises(InputError, match="damaged"):
        store.load(folder)


def test_weights_of_another_model_are_refused(folder, trained):
    (folder / "card.json").unlink()
    shutil.copy(trained("sine") / "weights.npz", folder / "weights.npz")
    with pytest.raises(InputError, match="belongs to another model"):
        store.load(folder)


def test_a_card_and_a_task_that_are_none_are_refused(folder):
    files.write_json(folder / "card.json", [])
    with pytest.raises(InputError, match="is no card"):
        store.load(folder)
    (folder / "card.json").unlink()
    spec = files.read_json(folder / "spec.json")
    for task in ({}, [], spec["task"] | {"image": 3}):
        files.write_json(folder / "spec.json", spec | {"task": task})
        with pytest.raises(InputError, match=r"spec.json' is damaged \(.*\), expected what model"):
            store.load(folder)


def test_a_spec_without_a_recipe_is_refused(folder):
    (folder / "card.json").unlink()
    files.write_json(folder / "spec.json", {})
    with pytest.raises(InputError, match="no model's spec"):
        store.load(folder)


@pytest.mark.parametrize(
    "option",
    [
        {"activation": {"class_name": "function", "config": "system", "module": "os"}},
        {"activation": [{"class_name": "__lambda__"}]},
        {"run": "system"},
    ],
)
def test_a_spec_cannot_ask_for_a_class_or_an_option_that_is_none(option, folder):
    (folder / "card.json").unlink()
    spec = files.read_json(folder / "spec.json")
    files.write_json(folder / "spec.json", spec | {"options": spec["options"] | option})
    with pytest.raises(InputError, match=rf"has {next(iter(option))} = .*plain values: restore it"):
        store.load(folder)


def test_a_small_file_of_large_arrays_is_refused_before_it_is_unpacked(folder, monkeypatch):
    (folder / "card.json").unlink()
    names = sorted(files.read_arrays(folder / "weights.npz"))
    large = {name: np.zeros((1000, 1000), "uint8") for name in names}
    files.write_arrays(folder / "weights.npz", large)
    assert (folder / "weights.npz").stat().st_size < 1000 * len(names) + 5000
    monkeypatch.setattr(files, "read_arrays", lambda path: pytest.fail("unpacked"))
    with pytest.raises(InputError, match="belongs to another model"):
        store.load(folder)


def test_a_path_for_a_name_inside_weights_is_no_path(folder, tmp_path):
    """Arrays are read, never unpacked into files."""
    (folder / "card.json").unlink()
    arrays = files.read_arrays(folder / "weights.npz")
    evil = {f"../../{name}": array for name, array in arrays.items()}
    files.write_arrays(folder / "weights.npz", evil)
    before = sorted(tmp_path.rglob("*"))
    store.load(folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_names_are_found_in_zoo_home_and_paths_anywhere(folder, monkeypatch):
    monkeypatch.setenv("ZOO_HOME", str(folder.parent))
    assert store.find("digits") == folder
    assert store.find(folder) == folder
    assert store.is_trained("digits")


def test_a_folder_in_the_way_hides_no_model(folder, tmp_path, monkeypatch):
    (tmp_path / "elsewhere" / "digits").mkdir(parents=True)
    monkeypatch.setenv("ZOO_HOME", str(folder.parent))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert store.find("digits") == folder


def test_what_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_HOME", str(tmp_path))
    monkeypatch.setattr(store, "SHIPPED", tmp_path)
    monkeypatch.setattr(store.download, "index", dict)
    with pytest.raises(InputError, match=r"no trained weights for 'digits'.*zoo train digits"):
        store.find("digits")
    with pytest.raises(InputError, match=r"did you mean 'digits'\?"):
        store.find("digit")
    with pytest.raises(InputError, match="no trained model in 'runs/none'"):
        store.find("runs/none")


def test_float16_takes_half_the_room(folder, tmp_path):
    recipe, model, spec, _ = store.load(folder)
    store.save(tmp_path / "half", recipe, model, spec, "float16")
    stored = files.read_arrays(tmp_path / "half" / "weights.npz")
    assert {a.dtype for a in stored.values()} == {np.dtype("float16")}


def test_a_new_model_can_be_filled_from_the_stored_weights(folder):
    recipe, model, spec, _ = store.load(folder)
    fresh = recipe.build(**recipe.task.sizes(spec))
    store.set_weights(fresh, folder / "weights.npz")
    images = tiny.data("digits")["test"][0][:3].reshape(3, 8, 8, 1)
    np.testing.assert_array_equal(fresh.predict_on_batch(images), model.predict_on_batch(images))
