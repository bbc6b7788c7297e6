"""Export: what was written gives the same outputs in its own runtime, or nothing is left."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from zoo import formats, golden
from zoo.errors import InputError
from zoo.formats import keras_file, saved_model, verifying
from zoo.formats.trained import export_trained
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


FILES = ["model.keras", "spec.json", "verification.json"]


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.mark.parametrize("kind", MODELS)
def test_a_keras_file_gives_the_same_outputs(kind, tmp_path):
    row = formats.export(MODELS[kind](), "keras", tmp_path / "mine")
    assert row["ok"] and row["max_difference"] < 1e-6 and row["reason"] is None
    assert names(tmp_path) == ["mine"] and names(tmp_path / "mine") == FILES


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tokens"] if NEEDS_A_CHILD else MODELS)
def test_a_saved_model_gives_the_same_outputs_from_every_backend(kind, tmp_path):
    model = MODELS[kind]()
    row = formats.export(model, "saved_model", tmp_path / "mine")
    assert row["ok"] and row["max_difference"] < 1e-4
    inputs = verifying.example_inputs(model, batch=5, time=31)
    (found,) = saved_model.outputs(tmp_path / "mine" / "model", inputs)
    np.testing.assert_allclose(found, verifying.as_called(model, inputs), atol=1e-4)


def test_the_folder_says_what_was_compared_and_the_sum_of_every_file(tmp_path):
    row = formats.export(MODELS["values"](), "keras", tmp_path / "mine", name="my model")
    spec = json.loads((tmp_path / "mine" / "spec.json").read_text())
    assert spec["name"] == "my model" and spec["task"] is None and spec["format"] == "keras"
    assert set(spec["sha256"]) == {"model.keras", "verification.json"}
    (values,) = spec["pieces"]["model"]["inputs"]
    assert values["dtype"] == "float32" and values["shape"] == [None, None, 2]
    verified = json.loads((tmp_path / "mine" / "verification.json").read_text())
    assert [(c["batch"], c["time"]) for c in verified["cases"]] == list(verifying.SHAPES)
    assert verified["largest_difference"] == row["max_difference"]


def test_a_trained_model_is_compared_on_its_golden_inputs(tmp_path):
    row = export_trained("sine", "keras", tmp_path / "sine")
    assert row["ok"] and row["name"] == "sine"
    verified = json.loads((tmp_path / "sine" / "verification.json").read_text())
    rows = [c["batch"] for c in verified["cases"] if c["piece"] == "golden inputs"]
    assert rows[:3] == [golden.ROWS, 1, 2 * golden.ROWS]


def test_golden_inputs_are_cut_and_padded_as_well():
    model = MODELS["pairs"]()
    inputs = [np.arange(1, 13).reshape(2, 6), np.arange(1, 9).reshape(2, 4)]
    shapes = [[x.shape for x in case] for case in verifying.golden_cases(model, inputs)]
    assert shapes == [
        [(2, 6), (2, 4)],
        [(1, 6), (1, 4)],
        [(4, 6), (4, 4)],
        [(2, 3), (2, 2)],
        [(2, 9), (2, 7)],
    ]


def test_another_output_leaves_the_folder_before(tmp_path, monkeypatch):
    model, path = MODELS["values"](), tmp_path / "mine"
    path.mkdir()
    (path / "verification.json").touch()
    opened = keras_file.opened

    def wrong(path):
        run = opened(path)
        return lambda inputs: [x + 1e-3 for x in run(inputs)]

    monkeypatch.setattr(keras_file, "opened", wrong)
    row = formats.export(model, "keras", path)
    assert not row["ok"] and row["max_difference"] == pytest.approx(1e-3, rel=1e-2)
    assert "differ by" in row["reason"]
    assert names(tmp_path) == ["mine"] and names(path) == ["verification.json"]


@pytest.mark.parametrize("found", [float("nan"), "shape"])
def test_nan_and_another_shape_are_no_match(found, tmp_path, monkeypatch):
    def wrong(path):
        def run(inputs):
            values = np.zeros((*inputs[0].shape[:2], 1))
            return [values[:, :1] if found == "shape" else values * found]

        return run

    monkeypatch.setattr(keras_file, "opened", wrong)
    row = formats.export(MODELS["values"](), "keras", tmp_path / "mine")
    assert not row["ok"] and not list(tmp_path.iterdir())


def test_a_failure_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def write(model, path, names):
        path.write_text("half")
        raise OSError("no space")

    monkeypatch.setattr(keras_file, "write", write)
    with pytest.raises(OSError, match="no space"):
        formats.export(MODELS["values"](), "keras", tmp_path / "mine")
    assert not list(tmp_path.iterdir())


def test_an_earlier_export_is_replaced(tmp_path):
    for _ in range(2):
        assert formats.export(MODELS["values"](), "keras", tmp_path / "mine")["ok"]
        (tmp_path / "mine" / "old").touch()
    assert formats.export(MODELS["values"](), "keras", tmp_path / "mine")["ok"]
    assert names(tmp_path / "mine") == FILES


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_no_export_is_not_replaced(kind, tmp_path):
    path = tmp_path / "mine"
    if kind == "folder":
        path.mkdir()
        (path / "letters").touch()
    else:
        path.touch()
    with pytest.raises(InputError, match="is there and is no export"):
        formats.export(MODELS["values"](), "keras", path)
    assert path.is_file() or names(path) == ["letters"]


def test_weights_of_8_bits_only_where_a_format_has_them(tmp_path):
    with pytest.raises(InputError, match="format 'keras' has no int8 weights: choose"):
        formats.export(MODELS["values"](), "keras", tmp_path / "mine", int8=True)


def test_an_unknown_format_is_refused_before_any_work(tmp_path):
    with pytest.raises(InputError, match="format 'onxx' is not one of keras, saved_model"):
        formats.export(None, "onxx", tmp_path / "model")


class Own(keras.Model):
    """A model that is code alone."""

    def call(self, x):
        return x


@pytest.mark.parametrize("model", [Own(), keras.Sequential([keras.layers.LSTM(3)]), "g2p"])
def test_what_has_no_graph_is_refused_before_any_work(model, tmp_path):
    with pytest.raises(InputError, match=r"without a graph of its own.*begins with keras\.Input"):
        formats.export(model, "saved_model", tmp_path / "mine")
    assert not list(tmp_path.iterdir())
