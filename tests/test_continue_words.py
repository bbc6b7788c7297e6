"""A language model on words: what is read, what is written and how, and the two units' scores."""

from dataclasses import replace

import numpy as np
import pytest

from zoo import predictor, registry, store, training
from zoo.data import text, vocabulary
from zoo.data.text import side_by_side
from zoo.errors import InputError
from zoo.models.language_model import language_model
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.tasks import continue_text
from zoo.tasks.continue_text import answer, evaluate, sizes, stream
from zoo.tasks.text_units import before_stop

TEXT = "“Who is it?” said the old man, and (as he said it) the door opened. It was the best man. "


@pytest.fixture(scope="module")
def spec():
    tokenizer = vocabulary.words([TEXT * 4], lowercase=False)
    return {"vocabulary": tokenizer.to_str(), "unit": "words", "batch": 4, "steps": 5}


@pytest.fixture(scope="module")
def model(spec):
    built = language_model(**sizes(spec), embedding=4, units=6, weight_drop=0.3, dropout=0.2)
    generator = np.random.default_rng(0)
    built.set_weights([generator.normal(size=w.shape) for w in built.get_weights()])
    return built


OPTIONS = {"steps": 30, "temperature": 1.0, "seed": 2}


def test_a_text_of_punctuation_alone_goes_on():
    spec = {"vocabulary": vocabulary.words(["! ? ! ?"]).to_str(), "unit": "words"}
    marks = language_model(**sizes(spec), embedding=4, units=6)
    assert set(answer(marks, ["!"], spec, steps=5)[0]["continuation"]) <= set("!? ")


def test_the_stream_is_the_answer_word_by_word(model, spec):
    for prefix in ("said the", "said the ", "“Who", "an unheard word", "unheard"):
        whole = answer(model, [prefix], spec, **OPTIONS)[0]
        pieces = list(stream(model, prefix, spec, **OPTIONS))
        assert len(pieces) == 30 and "".join(pieces) == whole["continuation"]
        assert whole["output"] == prefix + whole["continuation"]
        assert "[UNK]" not in whole["output"] and "  " not in whole["output"]


def test_what_is_written_reads_as_the_text_does(model, spec):
    """Punctuation closes up: the continuation is its own tokens again."""
    written = answer(model, ["It was"], spec, **OPTIONS)[0]["output"]
    assert " ." not in written and " ," not in written and "“ " not in written
    (again,) = answer(model, [written], spec, **(OPTIONS | {"steps": 1}))
    assert again["output"].startswith(written)


def test_special_tokens_are_never_written(model, spec):
    even = language_model(**sizes(spec), embedding=4, units=6)
    even.set_weights([w * 0 for w in even.get_weights()])  # a token is as likely as another
    assert len(list(stream(even, "It", spec, **OPTIONS))) == 30
    assert "[" not in answer(even, ["It"], spec, **OPTIONS)[0]["continuation"]


def test_a_text_ends_just_before_a_stop_of_whole_words(model, spec):
    free = answer(model, ["It was"], spec, **OPTIONS)[0]["continuation"]
    words = free.split()
    for stop in (words[3], " ".join(words[5:7]), ["door opened.", words[4]]):
        found = answer(model, ["It was"], spec, stop=stop, **OPTIONS)[0]["continuation"]
        assert free.startswith(found) and len(found) < len(free)
        first = stop if isinstance(stop, str) else words[4]
        assert first not in found.split()
        assert "".join(stream(model, "It was", spec, stop=stop, **OPTIONS)) == found


def test_a_stop_is_no_part_of_a_word():
    assert list(before_stop([7, 5, 6, 5, 8], [[5, 8]])) == [7, 5, 6]
    assert list(before_stop([7, 5], [[5, 8]])) == [7, 5]  # only begun: text in the end


@pytest.mark.parametrize(
    ("prefix", "options", "message"),
    [
        ("", {}, "prefix '' is empty"),
        ("  \n", {}, "has no word"),
        (7, {}, "prefix 7 is not a text"),
        ("It", {"stop": "unheard"}, "has a word that the model does not know"),
        ("It", {"stop": [" "]}, "has no word"),
        ("It", {"steps": 0}, "steps is 0"),
    ],
)
def test_bad_input_is_one_line_before_the_model_runs(spec, prefix, options, message):
    for call in (
        lambda: answer(None, [prefix], spec, **options),
        lambda: stream(None, prefix, spec, **options),
    ):
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_a_score_counts_every_token_but_the_first(model, spec):
    """Against the model called on each row's whole piece."""
    ids = vocabulary.encode(continue_text.Tokenizer.from_str(spec["vocabulary"]), [TEXT * 3])[0]
    rows = min(4, len(ids) // 20)
    length = -(-(len(ids) - 1) // rows)
    nats = []
    for row in range(rows):
        piece = ids[row * length : (row + 1) * length + 1]
        logits = model.predict_on_batch(piece[None, :-1])[0].astype("float64")
        chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        nats += list(-np.log(chances[np.arange(len(piece) - 1), piece[1:]]))
    assert len(nats) == len(ids) - 1
    found = evaluate(model, TEXT * 3, spec)["perplexity"]
    np.testing.assert_allclose(found, np.exp(np.mean(nats)), rtol=1e-4)


def test_equal_chances_have_the_perplexity_of_the_vocabulary(spec):
    even = language_model(**sizes(spec), embedding=4, units=6)
    even.set_weights([w * 0 for w in even.get_weights()])
    np.testing.assert_allclose(
        evaluate(even, TEXT, spec)["perplexity"], sizes(spec)["vocabulary"], rtol=1e-5
    )
    letters = {"vocabulary": vocabulary.characters([TEXT]).to_str(), "batch": 4, "steps": 5}
    flat = many_to_many_aligned(**sizes(letters), embedding="one_hot", units=3)
    flat.set_weights([w * 0 for w in flat.get_weights()])
    bits = evaluate(flat, TEXT, letters)["bits per character"]
    np.testing.assert_allclose(2**bits, sizes(letters)["vocabulary"], rtol=1e-5)


def test_no_id_is_left_out_side_by_side():
    for count, rows, steps in [(50, 3, 4), (49, 4, 6), (7, 3, 10), (2, 5, 3)]:
        x, y, real = side_by_side(np.arange(1, count + 1), rows, steps)
        assert x.shape == y.shape == real.shape and x.shape[1:] == (rows, steps)
        np.testing.assert_array_equal(np.sort(y[real]), np.arange(2, count + 1))
        np.testing.assert_array_equal(x[real] + 1, y[real])


def tiny(name, path):
    found = registry.recipe(name)
    options = dict(found.options) | {"units": 8}
    fit = replace(found.fit, epochs=1, batch_size=4, steps=8, minimum_frequency=1)
    return replace(found, options=options, fit=fit)


@pytest.mark.parametrize("name", ["char_lm", "word_lm"])
def test_a_text_of_the_users_is_trained_on_continued_and_scored(name, tmp_path):
    own = tmp_path / "own.txt"
    own.write_text(text.english()["validation"][:6000], encoding="utf-8")
    recipe = tiny(name, own)
    run = training.fit(recipe, path=own, out=tmp_path / "run", bar=False)
    assert np.isfinite(run.history["epochs"][0]["validation_loss"])
    store.write_card(tmp_path / "run", {"data": {"path": str(own)}})
    loaded = predictor.load(str(tmp_path / "run"))
    assert loaded("the man", steps=5)["output"].startswith("the man")
    (score,) = loaded.evaluate().values()
    assert 0 < score < 10_000 and np.isfinite(loaded.baseline())
    (again,) = loaded.recipe.task.examples(loaded.model, run.data["test"], loaded.spec)
    assert again["right"] is None and again["output"] and again["truth"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"too short", "9 characters; expected 200"),
        (b"caf\xe9 " * 100, "is not UTF-8"),
        (b"a" * 5000, "one token only, 'a', expected two|no token appears 4 times"),
        (b"all the same words " * 12, "give a longer text"),
    ],
)
@pytest.mark.parametrize("name", ["char_lm", "word_lm"])
def test_a_text_that_cannot_be_learned_from_is_told_before_any_work(
    name, content, message, tmp_path
):
    (tmp_path / "own.txt").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        training.fit(registry.recipe(name), path=tmp_path / "own.txt", out=tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
