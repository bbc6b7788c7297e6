"""Texts with labels of the user's own, in every format: train, load, predict, evaluate."""

import csv
import json

import pytest
import tiny

from zoo import cards, predictor, registry, store, training
from zoo.data import labelled_text
from zoo.tasks import text_label

REAL = 24  # mails of each label, cut short


@pytest.fixture(scope="module")
def mails():
    """[(text, label)]: real mails, short ones."""
    texts, labels = labelled_text.spam()["train"]
    rows = [(text[:60], label) for text, label in zip(texts, labels, strict=True)]
    return [r for kind in ("ham", "spam") for r in [r for r in rows if r[1] == kind][:REAL]]


def write_csv(path, mails, delimiter=","):
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, delimiter=delimiter)
        rows.writerow(["body", "kind"])
        rows.writerows((text.replace("\t", " ").replace('"', ""), label) for text, label in mails)
    return path


def write_jsonl(path, mails):
    lines = (json.dumps({"body": text, "kind": label}) for text, label in mails)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_folder(path, mails):
    path.mkdir()
    for k, split in enumerate(("train", "validation", "test")):
        write_csv(path / f"{split}.csv", mails[k::3])
    return path


WAYS = {
    "mails.csv": write_csv,
    "mails.tsv": lambda path, mails: write_csv(path, mails, "\t"),
    "mails.jsonl": write_jsonl,
    "mails": write_folder,
}


@pytest.mark.parametrize("name", WAYS)
def test_own_texts_train_load_predict_and_evaluate(name, mails, tmp_path):
    path = WAYS[name](tmp_path / name, mails)
    options = {"text": "body", "label": "kind"}
    recipe = tiny.recipe("spam", epochs=1)
    data = recipe.data(path, **options)
    run = training.fit(recipe, data=data, out=tmp_path / "run", bar=False)
    card = cards.make(recipe, run.model, run.spec, data, run.history, 0, path=path, options=options)
    store.write_card(tmp_path / "run", card)
    assert card["metric"] == "F1" and card["data"]["options"] == options

    loaded = predictor.load(tmp_path / "run")
    first, second = loaded([mails[0][0], "win money now"])
    assert first["output"] in ("ham", "spam") and set(second["probabilities"]) == {"ham", "spam"}
    assert loaded.evaluate() == pytest.approx(card["scores"])


def test_three_labels_are_scored_by_accuracy(tmp_path):
    rows = [(f"{word} number {k}", word) for k in range(8) for word in ("red", "green", "blue")]
    data = registry.recipe("movie_sentiment").data(
        write_csv(tmp_path / "a.csv", rows), text="body", label="kind"
    )
    recipe = tiny.recipe("movie_sentiment", epochs=1)
    run = training.fit(recipe, data=data, bar=False)
    scores = recipe.task.evaluate(run.model, data["test"], run.spec)
    assert set(scores) == {"accuracy"}
    assert text_label.bag_of_words(data, run.spec) == 1.0


def test_data_that_may_not_be_shown_leave_no_text_in_the_card():
    recipe, data = tiny.recipe("movie_sentiment", epochs=1), tiny.data("movie_sentiment")
    run = training.fit(recipe, data=data, bar=False)
    card = cards.make(recipe, run.model, run.spec, data, run.history, 0)
    assert card["examples"] == []
    assert not any(text in json.dumps(card) for texts, _ in data.values() for text in texts)
    assert "fetched, not shipped" in card["data"]["licence"]


def test_the_baseline_reads_characters_where_no_text_has_a_word_of_two_letters():
    texts, labels = ["!", "!!", "?", "??"] * 3, ["loud", "loud", "unsure", "unsure"] * 3
    data = {"train": (texts, labels), "test": (texts[:4], labels[:4])}
    assert text_label.bag_of_words(data, {}) == 1
