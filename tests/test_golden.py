"""Every shipped model gives the outputs that were kept when it was shipped, on every backend."""

import shutil

import numpy as np
import pytest
import tiny

from zoo import files, golden, store
from zoo.errors import InputError

SHIPPED = sorted(path.parent.name for path in store.SHIPPED.glob("*/card.json"))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_gives_its_golden_outputs_again(name):
    folder = store.SHIPPED / name
    assert golden.FILE in store.read_card(folder)["sha256"]  # so it was there, and is that one
    assert (folder / golden.FILE).stat().st_size < golden.LARGEST_FILE
    _, model, _, _ = store.load(folder)
    assert golden.replay(folder, model) < golden.TOLERANCE


@pytest.fixture
def kept(trained, tmp_path):
    """(folder, model) of a tiny model with golden outputs."""
    folder = shutil.copytree(trained("spam"), tmp_path / "spam")
    recipe, model, spec, _ = store.load(folder)
    arrays = golden.make(recipe, model, spec, tiny.data("spam")["test"])
    files.write_arrays(folder / golden.FILE, arrays)
    return folder, model


def test_the_inputs_have_padded_rows(kept):
    tokens = files.read_arrays(kept[0] / golden.FILE)["input0"]
    assert len(tokens) == golden.ROWS
    assert (tokens == 0).any() and (tokens != 0).any(axis=1).all()


def test_other_weights_give_other_outputs(kept):
    folder, model = kept
    assert golden.replay(folder, model) == pytest.approx(0, abs=1e-6)
    model.set_weights([w + 0.1 for w in model.get_weights()])
    assert golden.replay(folder, model) > golden.TOLERANCE
    model.set_weights([w * np.nan for w in model.get_weights()])
    assert golden.replay(folder, model) == float("inf")


def test_a_large_output_is_kept_in_part(kept, monkeypatch):
    folder, model = kept
    monkeypatch.setattr(golden, "VALUES", 3)
    inputs = [files.read_arrays(folder / golden.FILE)["input0"]]
    arrays = golden.outputs(model, inputs)
    assert (arrays["output0"].shape, arrays["shape0"].tolist()) == ((3,), [4, 2])


def test_golden_outputs_of_another_model_or_none_are_refused(kept, trained):
    folder, _ = kept
    other = store.load(trained("vowels"))
    files.write_arrays(folder / golden.FILE, golden.make(*other[:3], tiny.data("vowels")["test"]))
    with pytest.raises(InputError, match="belongs to another model"):
        golden.replay(folder, store.load(trained("spam"))[1])
    (folder / golden.FILE).unlink()
    with pytest.raises(InputError, match="no file"):
        golden.replay(folder, other[1])


def test_what_is_too_large_is_refused(kept, monkeypatch):
    recipe, model, spec, _ = store.load(kept[0])
    monkeypatch.setattr(golden, "LARGEST_FILE", 10)
    with pytest.raises(InputError, match=r"one input of 'spam' .* takes [\d,]+ bytes"):
        golden.make(recipe, model, spec, tiny.data("spam")["test"])
