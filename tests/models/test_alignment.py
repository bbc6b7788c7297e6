"""Attention weights after a decode: those of the very steps that wrote the tokens."""

import keras
import numpy as np
import pytest

import zoo
from zoo.data.vocabulary import BEGIN, END
from zoo.engine.decoding import beam_search, generate
from zoo.errors import InputError
from zoo.models.alignment import alignment, grid
from zoo.models.step import decoder_step, encode_step

B, M, V, STEPS = 3, 6, 9, 7
RNG = np.random.default_rng(4)
SOURCE = RNG.integers(4, V, (B, M)).astype("int32")
SOURCE[1, 3:] = 0
IMAGES = RNG.random((B, 16, 8, 3)).astype("float32")
WORDS = dict(source_vocabulary=V, target_vocabulary=V, units=6, embedding=4)
MODELS = {
    "letters": (lambda: zoo.many_to_many_delayed(**WORDS, attention="additive"), SOURCE),
    "two layers, dot": (
        lambda: zoo.many_to_many_delayed(**WORDS, attention="dot", cell="gru", layers_=2),
        SOURCE,
    ),
    "images": (
        lambda: zoo.one_to_many(
            image=(16, 8, 3), vocabulary=V, units=6, embedding=4, filters=(4, 5)
        ),
        IMAGES,
    ),
}


def to_numpy(tensors):
    return keras.tree.map_structure(keras.ops.convert_to_numpy, tensors)


@pytest.fixture(scope="module", params=MODELS)
def case(request):
    """(model, source), the weights large enough that attention is far from even."""
    keras.utils.set_random_seed(5)
    make, source = MODELS[request.param]
    model = make()
    model.set_weights([3 * w for w in model.get_weights()])
    return model, source


def stepwise(model, source, tokens):
    """The weights of a decoder that is called for one token after the other."""
    step, decoder = decoder_step(model), model.get_layer("decoder")
    state, last, rows = encode_step(model)(source), np.full(len(tokens), BEGIN, "int32"), []
    encoded = model.get_layer("encoder")(source)
    for written in tokens.T:
        read = {"tokens": keras.ops.convert_to_tensor(last[:, None]), **encoded}
        outputs = decoder(read | {"state": state["state"]}, training=False)
        rows.append(to_numpy(outputs["weights"])[:, 0])
        _, state = step.function(keras.ops.convert_to_tensor(last), state)
        last = written.astype("int32")
    return np.stack(rows, axis=1)


def searched(model, source, width):
    start, state = np.full(len(source), BEGIN, "int32"), encode_step(model)(source)
    if width == 0:
        return generate(decoder_step(model), start, state, STEPS, end=END)
    options = dict(beam_width=width, steps=STEPS, end=END)
    return beam_search(decoder_step(model), start, state, **options).tokens[:, 0]


@pytest.mark.parametrize("width", [0, 4])
def test_one_pass_has_the_weights_of_the_steps(case, width):
    model, source = case
    tokens = searched(model, source, width)
    found = alignment(model, source, tokens)
    expected = stepwise(model, source, tokens)
    assert found.shape == expected.shape == (B, STEPS, expected.shape[-1])
    assert expected.std() > 0.01  # even weights would agree whatever was read
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-5)


def test_padding_of_the_tokens_and_other_rows_change_nothing(case):
    model, source = case
    tokens = searched(model, source, 0)
    whole = alignment(model, source, tokens)
    longer = alignment(model, source, np.pad(tokens, ((0, 0), (0, 5))))
    np.testing.assert_allclose(longer[:, :STEPS], whole, atol=1e-5)
    for row in range(B):
        alone = alignment(model, source[row : row + 1], tokens[row : row + 1])
        np.testing.assert_allclose(alone[0], whole[row], atol=1e-5)


def test_padding_of_the_source_gets_nothing_and_changes_nothing():
    model = MODELS["letters"][0]()
    tokens = RNG.integers(4, V, (1, STEPS))
    short, longer = SOURCE[1:2, :3], np.pad(SOURCE[1:2, :3], ((0, 0), (0, 4)))
    found = alignment(model, longer, tokens)
    assert np.all(found[:, :, 3:] == 0)
    np.testing.assert_allclose(found[:, :, :3], alignment(model, short, tokens), atol=1e-5)


def test_a_later_token_changes_no_earlier_row(case):
    model, source = case
    tokens = searched(model, source, 0)
    other = tokens.copy()
    other[:, 3:] = 4 + other[:, 3:] % (V - 4)
    found, expected = alignment(model, source, other), alignment(model, source, tokens)
    np.testing.assert_allclose(found[:, :4], expected[:, :4], atol=1e-6)
    assert not np.allclose(found[:, 4:], expected[:, 4:], atol=1e-4)


def test_a_model_from_a_file_and_new_weights_have_theirs(tmp_path):
    model = MODELS["letters"][0]()
    tokens = RNG.integers(4, V, (B, STEPS))
    before = alignment(model, SOURCE, tokens)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(alignment(again, SOURCE, tokens), before, atol=1e-6)
    model.set_weights([w * 0 for w in model.get_weights()])
    even = alignment(model, SOURCE, tokens)
    np.testing.assert_allclose(even[0], 1 / M, atol=1e-6)
    np.testing.assert_allclose(even[1, :, :3], 1 / 3, atol=1e-6)


def test_the_places_of_an_image_are_a_grid():
    model = MODELS["images"][0]()
    assert grid(model) == (4, 2)
    tokens = RNG.integers(4, V, (B, STEPS))
    assert alignment(model, IMAGES, tokens).shape[-1] == 4 * 2
    assert grid(MODELS["letters"][0]()) is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: zoo.many_to_many_delayed(**WORDS, attention=None),
        lambda: zoo.one_to_many(image=(8, 8, 3), vocabulary=V, units=4, attention=None),
        lambda: zoo.one_to_many(features=3, vocabulary=V, units=4),
        lambda: zoo.many_to_many_aligned(features=3, outputs=2, units=4),
    ],
)
def test_a_model_without_attention_is_refused_in_one_line(make):
    with pytest.raises(InputError, match="has no attention") as caught:
        alignment(make(), SOURCE, SOURCE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "tokens",
    [np.zeros(B, int), np.zeros((B + 1, 2), int), np.zeros((B, 0), int), np.zeros((B, 2))],
)
def test_tokens_of_another_shape_are_refused_in_one_line(tokens):
    with pytest.raises(InputError, match="give a row of tokens for each source") as caught:
        alignment(MODELS["letters"][0](), SOURCE, tokens)
    assert "\n" not in str(caught.value)
