"""The parts of an encoder-decoder: one set of layers for teacher forcing and for decoding.

Keras fixes its backend at import, so another backend is a child process, which runs this file.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from zoo.data.vocabulary import BEGIN, END
from zoo.engine.decoding import beam_search, generate
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
    "caption by place": (
        zoo.one_to_many,
        dict(image=(8, 8, 3), vocabulary=V, filters=(4, 6), repeats=2, positions=True),
        IMAGES,
    ),
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


def decoded(model, source, width=3):
    """Greedy tokens (B, 8) and the beams of a model."""
    step, start, state = (
        decoder_step(model),
        np.full(len(source), BEGIN),
        encode_step(model)(source),
    )
    greedy = generate(step, start, state, 8, end=END)
    options = dict(beam_width=width, steps=8, end=END, length_penalty=0.7)
    return greedy, beam_search(step, start, state, **options)


def sharp(name):
    """The model with weights so large that sequences differ clearly in probability."""
    keras.utils.set_random_seed(11)
    model, source = make(name)
    model.set_weights([2.5 * w for w in model.get_weights()])
    return model, source


@pytest.mark.parametrize("name", ["translate", "caption"])
def test_a_beam_of_one_is_greedy_and_a_wider_one_no_worse(name):
    model, source = sharp(name)
    step, start, state = decoder_step(model), np.full(B, BEGIN), encode_step(model)(source)
    greedy = generate(step, start, state, 8, end=END)
    narrow, wide = (
        beam_search(step, start, state, beam_width=width, steps=8, end=END) for width in (1, V)
    )
    np.testing.assert_array_equal(narrow.tokens[:, 0], greedy)
    assert np.all(wide.scores[:, 0] >= narrow.scores[:, 0] - 1e-5)
    assert np.any(wide.scores[:, 0] > narrow.scores[:, 0] + 1e-3)


@pytest.mark.parametrize("name", ["translate", "translate, dot", "caption"])
def test_a_decoded_row_depends_on_no_other_row(name):
    model, source = sharp(name)
    greedy, beams = decoded(model, source)
    for row in range(B):
        alone, found = decoded(model, source[row : row + 1])
        np.testing.assert_array_equal(alone[0], greedy[row])
        np.testing.assert_array_equal(found.tokens[0], beams.tokens[row])
        np.testing.assert_allclose(found.scores[0], beams.scores[row], atol=1e-4)


@pytest.mark.parametrize("name", [n for n in CASES if "translate" in n])
def test_a_decode_does_not_see_the_padding_of_the_source(name):
    model, source = sharp(name)
    greedy, beams = decoded(model, source)
    longer, found = decoded(model, np.pad(source, ((0, 0), (0, 6))))
    np.testing.assert_array_equal(longer, greedy)
    np.testing.assert_array_equal(found.tokens, beams.tokens)
    np.testing.assert_allclose(found.scores, beams.scores, atol=1e-4)


def another_backend():
    """The next backend that is installed, behind that of this process."""
    order = ["tensorflow", "jax", "torch"]
    at = order.index(keras.backend.backend())
    return next(name for name in order[at + 1 :] + order[:at] if find_spec(name))


@pytest.mark.slow
def test_a_saved_model_decodes_the_same_in_a_fresh_process_on_another_backend(tmp_path):
    expected = {}
    for name in ("translate", "caption"):
        model, source = sharp(name)
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.npy", source)
        greedy, beams = decoded(model, source)
        expected |= {f"{name} greedy": greedy, f"{name} tokens": beams.tokens}
        expected |= {f"{name} scores": beams.scores, f"{name} lengths": beams.lengths}
    other = another_backend()
    environment = os.environ | {"KERAS_BACKEND": other}
    subprocess.run([sys.executable, Path(__file__), tmp_path], env=environment, check=True)
    with np.load(tmp_path / "found.npz") as found:
        assert str(found["backend"]) == other != keras.backend.backend()
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, atol=1e-4, err_msg=f"{name}, {other}")


def decode_again(folder):
    """In the child: reload what the parent saved, decode, and write what was found."""
    found = {"backend": keras.backend.backend()}
    for path in folder.glob("*.keras"):
        model = keras.models.load_model(path)
        greedy, beams = decoded(model, np.load(path.with_suffix(".npy")))
        found |= {f"{path.stem} greedy": greedy, f"{path.stem} tokens": beams.tokens}
        found |= {f"{path.stem} scores": beams.scores, f"{path.stem} lengths": beams.lengths}
    np.savez(folder / "found.npz", **found)


if __name__ == "__main__":
    decode_again(Path(sys.argv[1]))
