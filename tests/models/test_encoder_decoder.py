"""The parts of an encoder-decoder: one set of layers for teacher forcing and for decoding."""

import keras
import numpy as np
import pytest

import zoo
from zoo.models.step import decoder_step, encode_step

B, M, T, V = 3, 5, 4, 9
RNG = np.random.default_rng(1)
SOURCE = RNG.integers(1, V, (B, M)).astype("int32")
SOURCE[1, 2:] = 0
TARGET = RNG.integers(1, V, (B, T)).astype("int32")
IMAGES = RNG.normal(size=(B, 8, 8, 3)).astype("float32")

CASES = {
    "translate": (
        zoo.many_to_many_delayed,
        dict(source_vocabulary=V, target_vocabulary=V, layers_=2, attention="additive"),
        SOURCE,
    ),
    "translate, dot": (
        zoo.many_to_many_delayed,
        dict(source_vocabulary=V, target_vocabulary=V, cell="gru", attention="dot"),
        SOURCE,
    ),
    "translate without attention": (
        zoo.many_to_many_delayed,
        dict(source_vocabulary=V, target_vocabulary=V, cell="peephole", attention=None),
        SOURCE,
    ),
    "caption": (zoo.one_to_many, dict(image=(8, 8, 3), vocabulary=V, filters=(4,)), IMAGES),
    "caption without attention": (
        zoo.one_to_many,
        dict(image=(8, 8, 3), vocabulary=V, filters=(4,), attention=None),
        IMAGES,
    ),
}


def make(name):
    builder, options, source = CASES[name]
    return builder(units=6, embedding=4, **options), source


def to_numpy(tree):
    return keras.tree.map_structure(keras.ops.convert_to_numpy, tree)


@pytest.mark.parametrize("name", CASES)
def test_step_by_step_equals_teacher_forcing(name):
    model, source = make(name)
    whole = model.predict_on_batch([source, TARGET])
    step = decoder_step(model)
    state = encode_step(model)(source)
    for t in range(T):
        logits, state = step.function(TARGET[:, t], state)
        np.testing.assert_allclose(to_numpy(logits), whole[:, t], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [n for n in CASES if "translate" in n])
def test_a_longer_padding_of_the_source_changes_nothing(name):
    model, source = make(name)
    expected = model.predict_on_batch([source, TARGET])
    longer = np.pad(source, ((0, 0), (0, 4)))
    np.testing.assert_allclose(
        model.predict_on_batch([longer, TARGET]), expected, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", ["translate", "translate, dot"])
def test_attention_never_looks_at_padding(name):
    model, source = make(name)
    encoded = model.get_layer("encoder")(source)
    tokens = keras.ops.convert_to_tensor(TARGET)
    outputs = to_numpy(model.get_layer("decoder")({"tokens": tokens, **encoded}))
    assert outputs["weights"].shape == (B, T, M)
    assert np.all(outputs["weights"][1, :, 2:] == 0)
    np.testing.assert_allclose(outputs["weights"].sum(-1), 1, rtol=1e-5)


def test_a_later_target_token_changes_no_earlier_logits():
    model, source = make("translate")
    other = TARGET.copy()
    other[:, 2:] = 1 + other[:, 2:] % (V - 1)
    found = model.predict_on_batch([source, other])
    expected = model.predict_on_batch([source, TARGET])
    np.testing.assert_allclose(found[:, :2], expected[:, :2], rtol=1e-5, atol=1e-6)
    assert not np.allclose(found[:, 2:], expected[:, 2:])


@pytest.mark.parametrize("name", ["translate", "caption"])
def test_the_parts_come_back_from_a_file(name, tmp_path):
    model, source = make(name)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    state, expected_state = encode_step(again)(source), encode_step(model)(source)
    found, _ = decoder_step(again).function(TARGET[:, 0], state)
    expected, _ = decoder_step(model).function(TARGET[:, 0], expected_state)
    np.testing.assert_allclose(to_numpy(found), to_numpy(expected), rtol=1e-5, atol=1e-6)


def test_a_step_decodes_with_the_weights_of_today():
    model, source = make("translate without attention")
    encode, step = encode_step(model), decoder_step(model)
    run = step.compiled("once", step.function)
    run(TARGET[:, 0], encode(source))
    model.set_weights([w * 0 for w in model.get_weights()])
    logits, _ = run(TARGET[:, 0], encode(source))
    assert np.all(to_numpy(logits) == 0)
