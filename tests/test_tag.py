"""The tagger: from words to tags, with and without CRF, on the user's own files."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

from zoo import metrics, registry, training
from zoo.data import tagged
from zoo.errors import InputError
from zoo.layers.crf import CRF
from zoo.layers.losses import TagLoss
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.models.tagger import best_tags, crf_of
from zoo.predictor import Predictor
from zoo.tasks import tag

SMALL = dict(units=8, embedding=8, character_embedding=4, character_units=6, dropout=0.0)


def recipe(**options):
    found = registry.recipe("pos_brown").override(**SMALL, **options)
    fit = replace(found.fit, epochs=1, batch_size=8, boundaries=(12,), learning_rate=0.02)
    return replace(found, fit=fit)


def sentences(count, longest=12):
    """Sentences of the corpus, in the shape of a split."""
    found = [row for row in tagged.brown()["test"][:400] if len(row[0]) <= longest]
    return found[:count]


def parts(rows):
    count = len(rows) // 4
    return {"train": rows[2 * count :], "validation": rows[:count], "test": rows[count : 2 * count]}


def trained(data, epochs=1, **options):
    found = recipe(**options)
    found = replace(found, fit=replace(found.fit, epochs=epochs))
    run = training.fit(found, data=data, bar=False)
    return run, Predictor(found, run.model, run.spec, {})


@pytest.fixture(scope="module", params=[True, False], ids=["crf", "softmax"])
def learned(request):
    """(sentences, the run that learned them, its predictor)."""
    rows = sentences(16)
    return rows, *trained({"train": rows, "validation": rows, "test": rows}, 12, crf=request.param)


def test_the_tagger_learns_its_sentences(learned):
    rows, run, predict = learned
    losses = [row["loss"] for row in run.history["epochs"]]
    assert losses[-1] < 0.8 * losses[0]
    scores = predict.recipe.task.evaluate(run.model, rows, run.spec)
    assert scores["accuracy"] > 0.4
    assert "accuracy on unknown words" not in scores
    words, _ = rows[0]
    (found,) = predict.answer([list(words)])
    assert [word for word, _ in found["output"]] == list(words)
    assert found["text"].split(" ")[0] == "/".join(found["output"][0])


def test_answers_do_not_depend_on_their_neighbours(learned):
    rows, run, _ = learned
    inputs = [list(words) for words, _ in rows[:8]]
    together = tag.answer(run.model, inputs, run.spec)
    assert together == [tag.answer(run.model, [words], run.spec)[0] for words in inputs]


def test_tags_of_another_set_are_refused_and_a_rare_unknown_one_is_missed(learned):
    rows, run, _ = learned
    words = rows[0][0]
    with pytest.raises(InputError, match="tag 'NN' was not in the training data"):
        tag.evaluate(run.model, [(words, ("NN",) * len(words))], run.spec)
    many = rows * 10 + [(("new",), ("NN",))]
    assert tag.evaluate(run.model, many, run.spec)["sentences all right"] < 1
    *_, (_, y, weights) = tag.batches(many, run.spec, recipe().fit, shuffle=False)
    assert np.isfinite(weights).all() and (y >= -1).all()


def test_the_crf_loss_is_the_negative_log_likelihood_per_tag():
    crf = CRF(3)
    emissions = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    crf(emissions)
    crf.transitions.assign(np.arange(9, dtype="float32").reshape(3, 3) / 9)
    tags = np.array([[0, 2, 1, -1], [1, 1, -1, -1]], "int32")
    expected = -ops.convert_to_numpy(crf.log_likelihood(emissions, tags)) / [3, 2]
    loss = TagLoss(crf)
    found = loss(tags, emissions, sample_weight=np.array([3.0, 2.0], "float32"))
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), (expected * [3, 2]).sum() / 5, rtol=1e-5
    )


def test_without_a_crf_the_loss_is_the_cross_entropy_per_tag():
    logits = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    tags = np.array([[0, 2, 1, -1], [1, -1, -1, -1]], "int32")
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expected = -np.mean([np.log(p[0, 0, 0]), np.log(p[0, 1, 2]), np.log(p[0, 2, 1])])
    found = TagLoss()(tags, logits, sample_weight=np.array([1.0, 0.0], "float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-5)


def test_padding_changes_nothing_and_weights_count_tags():
    found = recipe()
    data = parts(sentences(16))
    spec = tag.specify(data, found.fit)
    model = found.build(**tag.sizes(spec))
    batch = next(iter(tag.batches(data["test"], spec, found.fit, shuffle=False)))
    (words, characters), y, weights = batch
    assert words.shape == y.shape == characters.shape[:2]
    assert ((y >= 0) <= (words > 0)).all()
    np.testing.assert_array_equal(weights[:4], (y[:4] >= 0).sum(1))
    assert not weights[4:].any()
    wide = [np.pad(words, ((0, 0), (0, 3))), np.pad(characters, ((0, 0), (0, 3), (0, 0)))]
    short = model.predict_on_batch([words, characters])
    longer = model.predict_on_batch(wide)
    np.testing.assert_allclose(longer[:, : y.shape[1]], short, rtol=1e-4, atol=1e-5)


def test_the_best_tags_are_those_of_the_crf_on_the_real_steps():
    model = many_to_many_aligned(vocabulary=9, classes=4, units=4, crf=True)
    crf = crf_of(model)
    crf.transitions.assign(np.random.default_rng(0).normal(size=(4, 4)).astype("float32"))
    tokens = np.array([[1, 5, 2, 0], [3, 0, 0, 0]], "int32")
    expected, _ = crf.viterbi(model.predict_on_batch(tokens), mask=tokens != 0)
    found = best_tags(model).predict_on_batch(tokens)
    np.testing.assert_array_equal(found, ops.convert_to_numpy(expected))


def test_characters_need_words():
    with pytest.raises(InputError, match="character_vocabulary without vocabulary"):
        many_to_many_aligned(features=3, classes=2, character_vocabulary=5)


def write_ner(path, count=40):
    """Sentences with spans of two words, whose names end in the same way."""
    rows = []
    for k in range(count):
        first, last = f"Ann{'abcdefghij'[k % 10]}", f"Smith{'klmnop'[k % 6]}"
        rows += [f"{first} B-PER\n{last} I-PER\nsaw O\nRiver{k % 7}town B-LOC\nday{k} O\n"]
    path.write_text("\n".join(rows))
    return path


def test_names_by_bio_tags_are_constrained_and_scored_by_spans(tmp_path):
    found = recipe()
    data = found.data(write_ner(tmp_path / "ner.txt"))
    run = training.fit(found, data=data, bar=False)
    crf = crf_of(run.model)
    labels = run.spec["labels"]
    assert run.spec["constrained"] and crf.transitions_allowed is not None
    scores = tag.evaluate(run.model, data["test"], run.spec)
    assert {"span F1", "span precision", "span recall"} <= set(scores)
    run.model.set_weights(
        [np.random.default_rng(0).normal(size=w.shape) for w in run.model.weights]
    )
    for answer in tag.answer(run.model, [list(words) for words, _ in data["train"]], run.spec):
        before = "O"
        for _, now in answer["output"]:
            assert not now.startswith("I-") or before[2:] == now[2:], answer
            before = now
    assert labels == ["B-LOC", "B-PER", "I-PER", "O"]


def test_tags_that_do_not_follow_bio_are_not_constrained():
    rows = [(("a", "b"), ("O", "I-PER"))] * 4
    spec = tag.specify({"train": rows, "validation": rows, "test": rows}, recipe().fit)
    assert not spec["constrained"] and "allowed" not in tag.sizes(spec)


def test_spans_are_right_with_both_ends_and_kind():
    truths = [["B-A", "I-A", "O", "B-B"], ["O", "B-A", "B-A"]]
    answers = [["B-A", "I-A", "O", "B-A"], ["O", "I-A", "B-A"]]
    scores = metrics.span_scores(answers, truths)
    assert scores["span recall"] == scores["span precision"] == 0.75


def write_conllu(path, rows):
    lines = []
    for k, (words, tags) in enumerate(rows):
        lines.append(f"# sent_id = {k}")
        for number, (word, tag_) in enumerate(zip(words, tags, strict=True), 1):
            lines.append("\t".join([str(number), word, "_", tag_, "_", "_", "_", "_", "_", "_"]))
        lines.append("")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def test_own_sentences_are_trained_on_evaluated_and_predicted(zoo, tmp_path):
    mine, out = write_conllu(tmp_path / "mine.conllu", sentences(60)), tmp_path / "run"
    train = ["train", "pos_brown", "--data", mine, "--units", 8, "--epochs", 2, "--out", out]
    status, output, _ = zoo(*train, "--json")
    card = json.loads(output)
    assert status == 0
    assert (card["data"]["name"], card["metric"]) == ("mine.conllu", "accuracy")
    assert {"input", "output", "truth", "right"} == set(card["examples"][0])
    row = json.loads(zoo("evaluate", out, "--json")[1])
    assert row["value"] == pytest.approx(card["value"])
    (row,) = json.loads(zoo("predict", out, "He said so.", "--json")[1])
    assert [word for word, _ in row["output"]] == ["He", "said", "so", "."]
    assert zoo("predict", out, "He said so.")[1].startswith("He/")
    status, _, said = zoo("evaluate", out, "--data", mine, "--column", "lemma")
    assert status == 2 and "line 2: tag '_' is empty" in said


@pytest.mark.parametrize(
    ("raw", "words"),
    [("", "has no words"), ("  ", "has no words"), ([], "has no words"), (["a", " "], "empty")],
)
def test_a_sentence_without_words_is_refused(raw, words):
    data = parts(sentences(16))
    spec = tag.specify(data, recipe().fit)
    with pytest.raises(InputError, match=words):
        tag.answer(None, [raw], spec)


def test_few_words_all_get_a_vector_and_unknown_ones_are_scored_apart():
    data = parts(sentences(16))
    spec = tag.specify(data, recipe().fit)
    assert spec["rare"] == []
    model = recipe().build(**tag.sizes(spec))
    new = [((f"zyx{k}", *words[1:]), tags) for k, (words, tags) in enumerate(data["test"])]
    scores = tag.evaluate(model, new, spec)
    assert 0 <= scores["accuracy on unknown words"] <= 1


def test_the_saved_tagger_keeps_its_constraints(tmp_path):
    found = recipe()
    data = found.data(write_ner(tmp_path / "ner.txt"))
    spec = tag.specify(data, found.fit)
    model = found.build(**tag.sizes(spec))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        crf_of(again).transitions_allowed, crf_of(model).transitions_allowed
    )
