"""Symbols in, symbols out where a step asks: batches, answers, scores, raw input; numbers too."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny

from zoo import registry, training
from zoo.errors import InputError
from zoo.tasks import series_value, symbols

FIT = replace(registry.recipe("associative_recall").fit, batch_size=4, boundaries=(6,))
ASKING = {"train": [("a1b2a?", "1"), ("b1a?b?", "21"), ("b2b?", "2")]}
EVERY = {"train": [("01", "01"), ("110", "100")]}


class Says:
    """Stands for a model that gives each token's own row of logits."""

    def __init__(self, rows):
        self.rows = np.array(rows, "float32")

    def predict_on_batch(self, tokens):
        return self.rows[tokens]


def test_only_steps_that_ask_have_weight():
    spec = symbols.specify(ASKING, FIT)
    assert (spec["symbols"], spec["labels"], spec["asks"]) == (list("12?ab"), ["1", "2"], True)
    ((x, y, weights),) = symbols.batches(ASKING["train"], spec, FIT, shuffle=False)
    assert x.shape == y.shape == weights.shape == (4, 6)
    assert x[:, 0].tolist() == [4, 5, 5, 4] and x[2].tolist() == [5, 2, 5, 3, 0, 0]
    assert weights[:3].tolist() == [[0, 0, 0, 0, 0, 1], [0, 0, 0, 1, 0, 1], [0, 0, 0, 1, 0, 0]]
    assert not weights[3].any()  # the row that fills the batch
    assert y[weights > 0].tolist() == [0, 1, 0, 1]


def test_without_a_question_every_step_asks_and_padding_does_not():
    spec = symbols.specify(EVERY, FIT)
    ((x, y, weights),) = symbols.batches(EVERY["train"], spec, FIT, shuffle=False)
    assert not spec["asks"] and x[0].tolist() == [1, 2, 0, 0, 0, 0]
    assert weights[:2, :4].tolist() == [[1, 1, 0, 0], [1, 1, 1, 0]]
    assert y[weights > 0].tolist() == [0, 1, 1, 0, 0]


def test_answers_and_scores_are_those_of_the_steps_that_ask():
    spec = symbols.specify(ASKING, FIT)
    model = Says(np.eye(6)[:, [0, 3]])  # at "?" label 2, elsewhere neither
    assert symbols.answer(model, ["a1b2a?", "b1a?b?"], spec) == [{"output": "2"}, {"output": "22"}]
    scores = symbols.evaluate(model, ASKING["train"], spec)
    assert scores == {"accuracy": 0.5, "exact match": pytest.approx(1 / 3)}
    rows = symbols.examples(model, ASKING["train"], spec)
    assert [row["right"] for row in rows] == [True, False, False]
    assert symbols.most_frequent({**ASKING, "test": [("a1a?", "1")]}, spec) in (0.0, 1.0)


@pytest.mark.parametrize(
    "data, text, line",
    [
        (ASKING, "", r"'' asks for nothing, expected a '\?' where a symbol is asked for"),
        (ASKING, "a1", r"'a1' asks for nothing"),
        (ASKING, "a9a?", "'a9a?' has the symbol '9', expected '12\\?ab'"),
        (EVERY, "", "'' asks for nothing, expected a symbol or more"),
    ],
)
def test_what_cannot_be_answered_is_one_line(data, text, line):
    with pytest.raises(InputError, match=line.replace("a9a?'", "a9a\\?'")) as error:
        symbols.read([text], symbols.specify(data, FIT))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("answer", ["12", "3"])
def test_an_answer_that_does_not_fit_is_refused(answer):
    spec = symbols.specify(ASKING, FIT)
    with pytest.raises(InputError, match=f"'a1a\\?' has the answer '{answer}', expected 1 symbols"):
        list(symbols.batches([("a1a?", answer)], spec, FIT))


def test_a_run_is_evaluated_and_asked_from_the_command_line(zoo, trained):
    folder = trained("associative_recall")
    row = json.loads(zoo("evaluate", folder, "--json")[1])
    assert row["metric"] == "accuracy" and 0 <= row["value"] <= 1
    (found,) = json.loads(zoo("predict", folder, "c5a3e0a?e?c?", "--json")[1])
    assert len(found["output"]) == 3 and set(found["output"]) <= set("012345")
    assert zoo("predict", folder, "c5a3e0a?")[1].strip() in "012345"
    status, _, told = zoo("predict", folder, "c5")
    assert status == 2 and "asks for nothing" in told and told.count("\n") == 1


def test_a_number_for_each_series(zoo, trained):
    data, folder = tiny.data("adding"), trained("adding")
    row = json.loads(zoo("evaluate", folder, "--json")[1])
    assert row["metric"] == "MSE"
    import zoo as package

    model = package.load(folder)
    series = data["test"][0]
    answers = [found["output"] for found in model(list(series[:3]))]
    assert model(series[1])["output"] == pytest.approx(answers[1], abs=1e-5)
    scores = series_value.evaluate(model.model, data["test"], model.spec)
    errors = [(a["output"] - t) for a, t in zip(model(list(series)), data["test"][1], strict=True)]
    assert scores["MSE"] == pytest.approx(np.mean(np.square(errors)), rel=1e-4)


def test_adding_up_is_learned():
    recipe, data = tiny.recipe("adding", epochs=30, learning_rate=1e-2), tiny.data("adding")
    recipe = replace(recipe.override(units=12), fit=replace(recipe.fit, goal=0.05, batch_size=16))
    losses = training.fit(recipe, data=data, bar=False).history["epochs"]
    assert losses[-1]["loss"] < 0.5 * losses[0]["loss"]
