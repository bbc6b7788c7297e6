"""A text in, its words out: tags, words, scores, raw input, and a user's own file."""

import json

import numpy as np
import pytest

from zoo import metrics, registry
from zoo.data import segmented
from zoo.engine.runner import Runner
from zoo.errors import InputError
from zoo.tasks import segment

ROWS = segmented.cantonese()["train"][100:160]
RECIPE = registry.recipe("segment_cantonese")
SPEC = segment.specify({"train": ROWS}, RECIPE.fit)


class Tagger(Runner):
    """Stands for a model whose best tags are those that it is given."""

    def __init__(self, tags):
        self.tags = ["BMES".index(tag) for tag in tags]

    def best_tags(self, batch):
        rows = np.zeros(batch.shape, int)
        assert ((batch != 0).sum(1) == len(self.tags)).all()
        rows[:, : len(self.tags)] = self.tags
        return rows


def words(text, tags):
    return segment.answer(Tagger(tags), [text], SPEC)[0]["output"]


def test_own_sentences_are_trained_on_evaluated_and_cut(zoo, tmp_path):
    mine, out = tmp_path / "cut.txt", tmp_path / "run"
    mine.write_text("\n".join(" ".join(words) for _, words in ROWS), "utf-8")
    small = ("--units", 8, "--epochs", 1)
    status, output, _ = zoo(
        "train", "segment_cantonese", "--data", mine, *small, "--out", out, "--json"
    )
    card = json.loads(output)
    assert status == 0
    assert (card["data"]["name"], card["metric"]) == ("cut.txt", "word F1")
    assert set(card["scores"]) == {"word F1", "precision", "recall", "recall of new words"}
    assert all(isinstance(row["output"], str) for row in card["examples"])
    row = json.loads(zoo("evaluate", out, "--json")[1])
    assert row["value"] == pytest.approx(card["value"])
    texts = ["你去 call機未呀?", "好"]
    rows = json.loads(zoo("predict", out, *texts, "--json")[1])
    assert ["".join(row["output"]) for row in rows] == ["你去call機未呀?", "好"]
    assert zoo("predict", out, "好")[1].strip() == "好"


def test_tags_and_words_are_each_others_inverse():
    for text, truth in ROWS:
        tags = "".join(segment.TAGS[tag] for tag in segment.tags(truth))
        assert words(text, tags) == list(truth)


def test_no_word_goes_over_white_space_and_no_character_is_lost():
    assert words(" 去Hong  Kong食\t飯。\n", "BMMMEE") == ["去Hong", "Kong食", "飯。"]
    assert words("call機A-level", "BEBME") == ["call機", "A-level"]


def test_a_model_reads_marks_of_any_width_and_unknown_runs_alike():
    known = segment._tokens(["係,好.OK 12"], SPEC)[0]
    assert np.array_equal(known[:4], segment._tokens(["係，好。"], SPEC)[0])
    unknown = segment._tokens(["zzyzx 998877 \U0002a6d6"], SPEC)[0]
    run, number, character = unknown
    assert run != number and character == 1
    assert np.array_equal(segment._tokens(["Ürümqi"], SPEC)[0], [run])


def test_padding_has_no_tag_and_filling_rows_no_weight():
    (x, y, weights), *_ = segment.batches(ROWS[:3], SPEC, RECIPE.fit, shuffle=False)
    assert ((y == -1) == (x == 0)).all() and y.max() <= 3
    assert set(weights) == {0.0, 1.0}


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_empty_text_is_an_error(text):
    with pytest.raises(InputError, match="is empty"):
        segment.read([text], SPEC)


def test_scores_are_those_of_word_spans():
    truth, answer = ["今日", "去", "睇戲"], ["今日", "去睇", "戲"]
    scores = metrics.word_spans([answer], [truth], known={"今日", "去"})
    assert scores["precision"] == scores["recall"] == pytest.approx(1 / 3)
    assert scores["word F1"] == pytest.approx(1 / 3)
    assert scores["recall of new words"] == 0
    assert metrics.word_spans([truth], [truth], known=truth) == {
        "word F1": pytest.approx(1),
        "precision": 1,
        "recall": 1,
    }


def test_longest_match_takes_the_longest_known_word_at_each_place():
    data = {
        "train": [("", ("香港", "香港人", "人", "call機"))],
        "test": [("香港人call機X Y去", ("香港人", "call機", "X", "Y", "去"))],
    }
    assert RECIPE.baseline(data, SPEC) == pytest.approx(1)
