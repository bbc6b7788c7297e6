"""The five builders as a Keras user meets them: compile, fit, evaluate, predict, save, load."""

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import InputError

B, T, V = 4, 6, 9
RNG = np.random.default_rng(0)
TOKENS = RNG.integers(1, V, (B, T)).astype("int32")
TOKENS[1, 3:] = 0
TOKENS[2, :2] = 0
SEQUENCE = RNG.normal(size=(B, T, 3)).astype("float32")
FRAMES = RNG.normal(size=(B, T, 8, 8, 2)).astype("float32")
IMAGES = RNG.normal(size=(B, 8, 8, 2)).astype("float32")
LENGTHS = np.array([6, 3, 1, 2], "int32")
LABELS, TAGS = np.array([0, 1, 2, 1]), RNG.integers(0, 3, (B, T))

SMALL = dict(units=5)
TEXT = dict(vocabulary=V, embedding=4)
PICTURE = dict(image=(8, 8, 2), filters=(3,))
TARGET = RNG.integers(1, V, (B, 5)).astype("int32")

# name -> (builder, its arguments, inputs, targets)
CASES = {
    "image to label": (zoo.one_to_one, dict(PICTURE, classes=3), IMAGES, LABELS),
    "vector to values": (
        zoo.one_to_one,
        dict(features=3, outputs=2, output_activation="tanh", hidden=2, dropout=0.1),
        SEQUENCE[:, 0],
        SEQUENCE[:, 0, :2],
    ),
    "text to label": (
        zoo.many_to_one,
        dict(TEXT, classes=3, direction="bidirectional", layers_=2, dropout=0.2),
        TOKENS,
        LABELS,
    ),
    "text to label by its mean": (
        zoo.many_to_one,
        dict(TEXT, classes=3, readout="mean", cell="peephole"),
        TOKENS,
        LABELS,
    ),
    "series to value": (
        zoo.many_to_one,
        dict(features=3, outputs=1, cell="simple_rnn", activation="relu", use_bias=False),
        SEQUENCE,
        SEQUENCE[:, 0, :1],
    ),
    "series and lengths to label": (
        zoo.many_to_one,
        dict(features=3, classes=3, lengths=True, readout="max", cell="coupled"),
        [SEQUENCE, LENGTHS],
        LABELS,
    ),
    "video to label": (
        zoo.many_to_one,
        dict(frames=(8, 8, 2), classes=3, lengths=True, cell="gru"),
        [FRAMES, LENGTHS],
        LABELS,
    ),
    "tagger": (
        zoo.many_to_many_aligned,
        dict(TEXT, classes=3, direction="bidirectional", dropout=0.1),
        TOKENS,
        TAGS,
    ),
    "filter": (
        zoo.many_to_many_aligned,
        dict(features=3, outputs=3, cell="gru", layers_=2),
        SEQUENCE,
        SEQUENCE,
    ),
    "image to text": (
        zoo.one_to_many,
        dict(PICTURE, vocabulary=V, embedding=4, dropout=0.1),
        [IMAGES, TARGET],
        TARGET,
    ),
    "image by places to text": (
        zoo.one_to_many,
        dict(PICTURE, vocabulary=V, embedding=4, repeats=2, positions=True),
        [IMAGES, TARGET],
        TARGET,
    ),
    "vector to text": (
        zoo.one_to_many,
        dict(features=3, vocabulary=V, embedding=4, cell="lstm", layers_=2),
        [SEQUENCE[:, 0], TARGET],
        TARGET,
    ),
    "text to text": (
        zoo.many_to_many_delayed,
        dict(source_vocabulary=V, target_vocabulary=V, embedding=4, cell="lstm"),
        [TOKENS, TARGET],
        TARGET,
    ),
    "text to text without attention": (
        zoo.many_to_many_delayed,
        dict(
            source_vocabulary=V,
            target_vocabulary=V,
            embedding="one_hot",
            attention=None,
            direction="forward",
            cell="gru",
        ),
        [TOKENS, TARGET],
        TARGET,
    ),
}

PARALLEL = {
    "text to label": "min_gru",
    "series and lengths to label": "rg_lru",
    "video to label": "min_lstm",
    "tagger": "rg_lru",
    "filter": "min_gru",
    "image to text": "min_lstm",
    "text to text": "rg_lru",
}
for name, cell in PARALLEL.items():  # the same models on cells whose gates see the input alone
    builder, options, *data = CASES[name]
    CASES[f"{name}, {cell}"] = (builder, options | {"cell": cell}, *data)


def make(name):
    builder, options, x, y = CASES[name]
    return builder(**SMALL, **options), x, y


@pytest.mark.parametrize(
    "name",
    [
        *("image to label", "image to text", "video to label", "text to text", "tagger"),
        *("text to text, rg_lru", "text to label, min_gru"),
    ],
)
def test_a_keras_user_can_fit_evaluate_and_predict(name):
    model, x, y = make(name)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(x, y, batch_size=2, epochs=1, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(model.evaluate(x, y, verbose=0))
    assert np.isfinite(model.predict(x, verbose=0)).all()
    lines = []
    model.summary(print_fn=lines.append)
    assert lines


@pytest.mark.parametrize("name", CASES)
def test_saved_and_loaded(name, tmp_path):
    model, x, y = make(name)
    expected = model.predict_on_batch(x)
    assert expected.shape[:1] == y.shape[:1] and np.isfinite(expected).all()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.predict_on_batch(x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["text to label", "text to label by its mean", "tagger, rg_lru"])
def test_padding_a_row_more_changes_nothing(name):
    model, x, _ = make(name)
    expected = model.predict_on_batch(x)
    padded = np.pad(x, ((0, 0), (0, 3)))
    found = model.predict_on_batch(padded)[:, : expected.shape[1]]
    if name.startswith("tagger"):  # what it says at padding is not read
        found, expected = found[x > 0], expected[x > 0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["series and lengths to label, rg_lru", "video to label"])
def test_what_stands_behind_a_length_changes_nothing(name):
    model, (x, lengths), _ = make(name)
    expected = model.predict_on_batch([x, lengths])
    other = x.copy()
    for row, length in enumerate(lengths):
        other[row, length:] = 50.0
    found = model.predict_on_batch([other, lengths])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    shorter = model.predict_on_batch([x[1:2, :3], lengths[1:2]])
    np.testing.assert_allclose(shorter, expected[1:2], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("readout", ["last", "mean", "max"])
def test_a_row_without_a_real_step_gives_a_finite_answer(readout):
    model = zoo.many_to_one(**TEXT, **SMALL, classes=3, readout=readout)
    logits = model.predict_on_batch(np.zeros((2, T), "int32"))
    bias = model.get_layer("logits").get_weights()[1]
    np.testing.assert_allclose(logits, np.stack([bias, bias]), atol=1e-6)


def test_the_readout_is_the_last_real_step():
    model = zoo.many_to_one(**TEXT, **SMALL, classes=3, cell="gru")
    expected = model.predict_on_batch(TOKENS[1:2, :3])
    np.testing.assert_allclose(model.predict_on_batch(TOKENS)[1:2], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: zoo.one_to_one(classes=2), ("nothing given", "image, features")),
        (lambda: zoo.one_to_one(features=2), ("nothing given", "classes, outputs")),
        (
            lambda: zoo.many_to_one(vocabulary=9, features=3, classes=2),
            ("vocabulary and features given", "exactly one"),
        ),
        (lambda: zoo.many_to_one(**TEXT, classes=2, outputs=1), ("classes and outputs given",)),
        (lambda: zoo.many_to_one(**TEXT, classes=2, readout="first"), ("'first'", "mean", "max")),
        (lambda: zoo.many_to_one(**TEXT, classes=2, cell="elman"), ("'elman'", "gru")),
        (lambda: zoo.many_to_many_aligned(features=3, classes=2, dropout=1.0), ("dropout is 1.0",)),
        (
            lambda: zoo.many_to_many_aligned(features=3, outputs=2, crf=True),
            ("crf", "classes"),
        ),
        (
            lambda: zoo.many_to_many_delayed(
                source_vocabulary=9, target_vocabulary=9, attention="hard"
            ),
            ("'hard'", "additive", "dot", "None"),
        ),
        (lambda: zoo.one_to_many(vocabulary=9), ("nothing given", "image, features")),
        (
            lambda: zoo.one_to_many(features=3, vocabulary=9, cell="elman"),
            ("'elman'", "gru"),
        ),
    ],
)
def test_bad_arguments_are_one_line_errors(build, words):
    with pytest.raises(InputError) as error:
        build()
    assert "\n" not in str(error.value)
    assert all(word in str(error.value) for word in words), error.value


def test_crf_head_trains_and_decodes(tmp_path):
    model = zoo.many_to_many_aligned(**TEXT, **SMALL, classes=3, crf=True)
    crf = model.get_layer("crf")
    model.compile("adam", loss=crf.loss)
    tags = np.where(TOKENS > 0, TAGS, -1)
    before = crf.get_weights()
    history = model.fit(TOKENS, tags, epochs=2, verbose=0).history["loss"]
    assert history[1] < history[0]
    assert all(not np.array_equal(a, b) for a, b in zip(before, crf.get_weights(), strict=True))
    emissions = model.predict_on_batch(TOKENS)
    found = keras.ops.convert_to_numpy(crf.viterbi(emissions, TOKENS > 0)[0])
    assert found.shape == TOKENS.shape and np.all(found[TOKENS == 0] == 0)
    model.save(tmp_path / "crf.keras")
    again = keras.models.load_model(tmp_path / "crf.keras")
    np.testing.assert_allclose(again.predict_on_batch(TOKENS), emissions, rtol=1e-5, atol=1e-6)
