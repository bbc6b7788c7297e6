"""The ONNX format: every registered model, its file, and the decoding step of those that write."""

import sys

import keras
import numpy as np
import pytest
from keras import layers
from onnx_checks import LOOPS, Converted, filled

import zoo
from zoo import registry
from zoo.errors import InputError
from zoo.formats import onnx, verifying
from zoo.formats.exporting import export
from zoo.layers.cells import parallel
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.models.many_to_many_delayed import many_to_many_delayed
from zoo.models.many_to_one import many_to_one
from zoo.models.one_to_many import one_to_many

SMALL = dict(units=6, embedding=5, filters=(6, 8))
SHAPES = ((1, 1), (2, 9), (3, 4))  # none of them is in a model


def small(name):
    options = registry.recipe(name).options
    changes = {k: v for k, v in SMALL.items() if k in options and options[k] != "one_hot"}
    return filled(zoo.create_model(name, **changes))


@pytest.mark.parametrize("name", registry.list_models())
def test_every_model_at_sizes_that_it_was_not_built_at(name):
    model = small(name)
    converted = Converted(model)
    cell = registry.recipe(name).cell
    linear = cell != "none" and parallel(cell)  # a recurrence that ONNX has no node for
    assert converted.kinds & LOOPS == ({"Scan"} if linear else set())
    recurrent = {"LSTM", "GRU", "RNN"} & converted.kinds
    assert bool(recurrent) == (cell != "none" and not linear)
    assert converted.inputs == [tensor.name for tensor in model.inputs]
    for batch, time in SHAPES:
        (found,) = converted.check(verifying.example_inputs(model, batch, time))
        assert np.isfinite(found).all()
    assert found.std() > 1e-3


def test_an_export_was_checked(tmp_path):
    model = many_to_one(vocabulary=30, classes=3, units=4, embedding=4, direction="bidirectional")
    row = export(model, "onnx", tmp_path / "mine")
    assert row["ok"] and row["max_difference"] < 1e-5
    assert (tmp_path / "mine" / "model.onnx").is_file()


def test_all_outputs_are_compared(tmp_path, monkeypatch):
    x = keras.Input((None, 2), name="x")
    y, h = layers.GRU(3, return_sequences=True, return_state=True)(x)
    model = keras.Model(x, {"all": y, "last": h})
    assert export(model, "onnx", tmp_path / "mine")["ok"]
    opened = onnx.opened

    def wrong(path):
        run = opened(path)
        return lambda inputs: [y + k for k, y in enumerate(run(inputs))]

    monkeypatch.setattr(onnx, "opened", wrong)
    row = export(model, "onnx", tmp_path / "wrong")
    assert not row["ok"] and row["max_difference"] == pytest.approx(1, abs=1e-5)


def test_what_cannot_be_converted_leaves_nothing(tmp_path):
    model = keras.Sequential([keras.Input((None, 2)), layers.LSTM(3, activation="swish")])
    with pytest.raises(InputError, match="'silu' is not one of") as error:
        export(model, "onnx", tmp_path / "mine")
    assert "\n" not in str(error.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_file_that_is_cut_off(kept, tmp_path):
    path = tmp_path / "model.onnx"
    onnx.write(many_to_many_aligned(features=2, outputs=1, units=4), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(InputError, match=r"cannot be read as ONNX.*export it again") as error:
        onnx.outputs(path, [np.zeros((1, 2, 2), "float32")])
    assert "\n" not in str(error.value)


def test_without_the_package_the_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"onnxruntime is not installed.*'rnn-zoo\[onnx\]'"):
        onnx.write(many_to_many_aligned(features=2, outputs=1, units=4), tmp_path / "model.onnx")


def decoded(folder, source, begin, steps):
    """Logits of `steps` greedy steps by the two files, and the tokens."""
    encoder, decoder = (onnx.open_session(folder / f"{n}.onnx") for n in ("encoder", "decoder"))
    names = [tensor.name.replace("_out", "_in") for tensor in encoder.get_outputs()]
    state = dict(zip(names, encoder.run(None, {encoder.get_inputs()[0].name: source}), strict=True))
    outputs = [tensor.name for tensor in decoder.get_outputs()]
    token, logits = np.full((len(source), 1), begin, "int32"), []
    for _ in range(steps):
        found = dict(zip(outputs, decoder.run(None, {"tokens": token, **state}), strict=True))
        state |= {k.replace("_out", "_in"): v for k, v in found.items() if "state" in k}
        logits.append(found["logits"])
        token = logits[-1].argmax(-1).astype("int32")
    return np.concatenate(logits, axis=1)


@pytest.mark.parametrize("attention", ["additive", "dot", None])
def test_an_encoder_and_its_decoder_step_by_step(attention, tmp_path):
    model = filled(
        many_to_many_delayed(
            source_vocabulary=30, target_vocabulary=20, units=6, embedding=5, attention=attention
        )
    )
    row = export(model, "onnx", tmp_path / "mine", steps=True)
    assert row["ok"] and row["max_difference"] < 1e-5
    source = np.array([[3, 4, 5, 6, 7], [8, 9, 2, 0, 0]], "int32")
    logits = decoded(tmp_path / "mine", source, begin=2, steps=6)
    tokens = np.concatenate([np.full((2, 1), 2), logits.argmax(-1)[:, :-1]], axis=1)
    expected = model.predict_on_batch([source, tokens.astype("int32")])
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_the_step_of_a_model_that_reads_an_image(tmp_path):
    model = filled(one_to_many(image=(8, 8, 3), vocabulary=9, units=4, filters=(3,)))
    assert export(model, "onnx", tmp_path / "mine", steps=True)["ok"]


def test_a_causal_model_in_pieces(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((10, 3), name="sequence"),
            layers.Conv1D(4, 3, padding="causal"),
            layers.LSTM(5, return_sequences=True),
            layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)], return_sequences=True),
            layers.Dense(2, name="values"),
        ]
    )
    assert export(filled(model), "onnx", tmp_path / "mine", steps=True)["ok"]
    session = onnx.open_session(tmp_path / "mine" / "step.onnx")
    names = [tensor.name for tensor in session.get_inputs()]
    assert names == ["sequence", *(f"state_in{k}" for k in range(6))]
    x = np.random.default_rng(0).normal(size=(2, 10, 3)).astype("float32")
    state = [np.zeros((2, *tensor.shape[1:]), "float32") for tensor in session.get_inputs()[1:]]
    pieces = []
    for piece in np.split(x, [1, 2, 6], axis=1):
        output, *state = session.run(None, dict(zip(names, [piece, *state], strict=True)))
        pieces.append(output)
    expected = model.predict_on_batch(x)
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), expected, rtol=1e-4, atol=1e-5)


def test_a_model_that_is_not_causal_has_no_step(tmp_path):
    model = many_to_one(vocabulary=9, classes=2, units=4, direction="bidirectional")
    with pytest.raises(InputError, match="cannot be run step by step"):
        export(model, "onnx", tmp_path / "mine", steps=True)
