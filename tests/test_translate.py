"""Translation from the user's own pairs: trained, loaded, asked, scored."""

import keras
import numpy as np
import pytest
import tiny
from keras import ops

from zoo import cards, metrics, predictor, registry, store, training
from zoo.data import pairs
from zoo.errors import InputError
from zoo.layers.losses import SmoothedCrossEntropy, cross_entropy

NAME = "translate_en_es"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """(the user's file, a model trained on it): real verses, the shorter ones."""
    folder = tmp_path_factory.mktemp("own")
    items = [item for item in pairs.verses()["train"][:900] if len(item[0]) < 70][:60]
    path = folder / "pairs.tsv"
    path.write_text("".join(f"{s}\t{t}\n" for s, (t,) in items), encoding="utf-8")
    recipe = tiny.recipe(NAME, epochs=1)
    run = training.fit(recipe, path=path, out=folder / "run", bar=False)
    card = cards.make(recipe, run.model, run.spec, run.data, run.history, 0, path=path)
    store.write_card(folder / "run", card)
    return path, folder / "run"


def test_a_model_of_the_users_pairs_loads_translates_and_scores(own):
    path, run = own
    model = predictor.load(run)
    answer = model("And God said, “Let there be light”!", beam_width=2)
    assert isinstance(answer["output"], str) and len(answer["alternatives"]) == 1
    assert set(model.evaluate(path)) == {"sacreBLEU", "chrF"}
    assert model.evaluate(path) == pytest.approx(model.card["scores"], abs=0.2)
    assert model.card["data"]["name"] == "pairs.tsv" and model.card["baseline"] > 0


def test_subwords_are_learned_from_the_users_text_and_bounded_by_it(own):
    _, run = own
    _, _, spec, _ = store.load(run)
    small, large = (
        registry.recipe(NAME).task.sizes(spec)[k]
        for k in ("target_vocabulary", "source_vocabulary")
    )
    assert max(small, large) <= tiny.FIT[NAME]["vocabulary"]


def test_unknown_characters_do_not_stop_a_translation(own):
    answers = predictor.load(own[1])(["漢字 and 🙂", "\t[PAD] \\ “"], beam_width=1)
    assert all(isinstance(a["output"], str) for a in answers)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty, expected a sentence"),
        (" \n", "is empty"),
        ("and " * 400, "pieces of words, expected at most .* cut it into sentences"),
    ],
)
def test_sentences_that_cannot_be_translated_are_one_line_errors(own, text, words):
    with pytest.raises(InputError, match=words) as error:
        predictor.load(own[1])(text)
    assert "\n" not in str(error.value)


def test_attention_names_the_subwords_of_both_sides(own):
    found = predictor.load(own[1])("God said", attention=True)["attention"]
    assert found["source"][-1] == "[EOS]" and found["source"][0].startswith("▁")
    weights = np.array(found["weights"])
    assert weights.shape == (len(found["target"]), len(found["source"]))
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-3)


def test_without_attention_the_same_recipe_trains():
    recipe = tiny.recipe(NAME, epochs=1).override(attention=None)
    run = training.fit(recipe, data=tiny.data(NAME), bar=False)
    assert np.isfinite(run.history["epochs"][0]["validation_loss"])
    with pytest.raises(InputError, match="has no attention"):
        recipe.task.answer(run.model, ["God"], run.spec, attention=True)


def test_smoothed_cross_entropy_is_that_of_the_smoothed_target():
    random = np.random.default_rng(0)
    logits, y = random.normal(size=(2, 3, 5)).astype("float32"), random.integers(0, 5, (2, 3))
    weights = np.array([[1, 1, 0], [1, 0, 0]], "float32")
    target = 0.9 * np.eye(5)[y] + 0.1 / 5
    log_p = ops.convert_to_numpy(ops.log_softmax(logits))
    expected = (-(target * log_p).sum(-1) * weights).sum() / weights.sum()
    found = SmoothedCrossEntropy(0.1)(y, logits, sample_weight=weights)
    assert float(found) == pytest.approx(expected, rel=1e-5)
    plain = [loss(y, logits, sample_weight=weights) for loss in _plain()]
    assert float(plain[0]) == pytest.approx(float(plain[1]), rel=1e-5)


def _plain():
    return SmoothedCrossEntropy(0.0), cross_entropy()


def test_bleu_of_detokenised_text_is_sacrebleus_own():
    import sacrebleu

    answers, truths = ["Y dijo Dios: Sea la luz."], [["Y dijo Dios: Sea la luz: y fué la luz."]]
    expected = sacrebleu.corpus_bleu(answers, [[truths[0][0]]]).score
    assert metrics.sacrebleu(answers, truths) == pytest.approx(expected)
    assert metrics.sacrebleu(["a b c d e"], [["x", "a b c d e"]]) == pytest.approx(100)
    signatures = metrics.translation_signatures()
    assert "tok:13a" in signatures["sacreBLEU"] and "nc:6" in signatures["chrF"]
    assert 0 < metrics.chrf(answers, truths) < 100


def test_the_weights_of_the_recipe_fit_their_size_on_disk():
    model = registry.recipe(NAME).build()
    assert isinstance(model, keras.Model)
    assert model.count_params() * 2 < 9e6  # bytes in float16
