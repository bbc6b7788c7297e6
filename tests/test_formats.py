"""Export: what was written gives the same outputs in its own runtime, or nothing is left."""

import shutil

import keras
import numpy as np
import pytest

from zoo import formats, predictor
from zoo.errors import InputError
from zoo.formats import keras_file, saved_model
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.models.many_to_many_delayed import many_to_many_delayed
from zoo.models.many_to_one import many_to_one

MODELS = {
    "tokens": lambda: many_to_one(
        vocabulary=30, classes=3, units=4, embedding=4, direction="bidirectional"
    ),
    "values": lambda: many_to_many_aligned(features=2, outputs=1, cell="gru", units=4),
    "pairs": lambda: many_to_many_delayed(
        source_vocabulary=30, target_vocabulary=30, units=4, embedding=4
    ),
}
NEEDS_A_CHILD = keras.backend.backend() != "tensorflow"


@pytest.mark.parametrize("kind", MODELS)
def test_a_keras_file_gives_the_same_outputs(kind, tmp_path):
    row = formats.export(MODELS[kind](), "keras", tmp_path / "model.keras")
    assert row["ok"] and row["max_difference"] < 1e-6 and row["reason"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tokens"] if NEEDS_A_CHILD else MODELS)
def test_a_saved_model_gives_the_same_outputs_from_every_backend(kind, tmp_path):
    model = MODELS[kind]()
    row = formats.export(model, "saved_model", tmp_path / "model")
    assert row["ok"] and row["max_difference"] < 1e-4
    inputs = formats.example_inputs(model, batch=5, time=31)
    expected = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
    np.testing.assert_allclose(saved_model.outputs(tmp_path / "model", inputs), expected, atol=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_trained_model_exports(trained, tmp_path):
    model = predictor.load(trained("sine")).model
    assert formats.export(model, "keras", tmp_path / "sine.keras")["ok"]


def test_another_output_leaves_the_file_before(tmp_path, monkeypatch):
    model, path = MODELS["values"](), tmp_path / "model.keras"
    path.write_text("before")
    outputs = keras_file.outputs
    monkeypatch.setattr(keras_file, "outputs", lambda p, i: np.asarray(outputs(p, i)) + 1e-3)
    row = formats.export(model, "keras", path)
    assert not row["ok"] and row["max_difference"] == pytest.approx(1e-3, rel=1e-2)
    assert "differ by" in row["reason"]
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize("found", [float("nan"), "shape"])
def test_nan_and_another_shape_are_no_match(found, tmp_path, monkeypatch):
    outputs = keras_file.outputs

    def wrong(path, inputs):
        values = np.asarray(outputs(path, inputs))
        return values[:, :1] if found == "shape" else values * found

    monkeypatch.setattr(keras_file, "outputs", wrong)
    row = formats.export(MODELS["values"](), "keras", tmp_path / "model.keras")
    assert not row["ok"] and not list(tmp_path.iterdir())


def test_a_failure_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def write(model, path):
        path.mkdir()
        (path / "half").write_text("half")
        raise OSError("no space")

    monkeypatch.setattr(keras_file, "write", write)
    with pytest.raises(OSError, match="no space"):
        formats.export(MODELS["values"](), "keras", tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


def test_an_earlier_export_is_replaced(tmp_path):
    path = tmp_path / "model.keras"
    path.mkdir()
    (path / "old").write_text("old")
    assert formats.export(MODELS["values"](), "keras", path)["ok"]
    assert path.is_file()
    shutil.rmtree(tmp_path)


def test_an_unknown_format_is_refused_before_any_work(tmp_path):
    with pytest.raises(InputError, match="format 'onxx' is not one of keras, saved_model"):
        formats.export(None, "onxx", tmp_path / "model")
