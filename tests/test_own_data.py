"""A user's own data: options say how to read it, and what was trained on it works like the rest."""

import csv
import json
from dataclasses import replace

import pytest

from zoo import files, predictor, registry, training
from zoo.cli import reading
from zoo.cli.options import app
from zoo.cli.train import resume_line
from zoo.errors import InputError

ROWS = 80


def load(path=None, *, target=None, exogenous=None, fold=None):
    return {"train": [path, target, exogenous, fold]}


@pytest.fixture
def recipe():
    changes = dict(load=load, own_data="a CSV", shipped_options=("fold",))
    return replace(registry.recipe("sine"), **changes)


@pytest.mark.neutral
def test_options_are_handed_to_load(recipe):
    assert recipe.data_options == ("target", "exogenous", "fold")
    found = recipe.data("a.csv", target="y", exogenous=["a", "b"], fold=None)
    assert found == {"train": ["a.csv", "y", ["a", "b"], None]}
    assert recipe.data(fold=2) == {"train": [None, None, None, 2]}


@pytest.mark.neutral
@pytest.mark.parametrize(
    "path, options, message",
    [
        ("a.csv", {"label": "x"}, "model 'sine' takes no --label: leave it out"),
        (None, {"label": "x"}, "model 'sine' takes no --label: leave it out"),
        (
            None,
            {"target": "y"},
            "--target says how to read a file of yours, found none: add --data",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(path, options, message, recipe):
    with pytest.raises(InputError, match=message):
        recipe.data(path, **options)


@pytest.mark.neutral
def test_every_option_of_every_recipe_has_its_row_in_the_table():
    for name in registry.list_models():
        recipe = registry.recipe(name)
        assert set(recipe.data_options) <= set(reading.OPTIONS), name
        assert set(recipe.shipped_options) <= set(recipe.data_options), name


@pytest.mark.neutral
def test_train_and_evaluate_have_every_option_of_the_table():
    for verb in ("train", "evaluate"):
        (command,) = [c for c in app.registered_commands if c.name == verb]
        assert set(reading.OPTIONS) <= set(reading.signature(command.callback).parameters)


@pytest.mark.neutral
@pytest.mark.parametrize(
    "given, line",
    [
        (["--season", "0"], "--season 0, expected 1 or more"),
        (["--exogenous", "a,,b"], "--exogenous 'a,,b' has an empty name"),
        (["--target", " "], "--target ' ' has an empty name"),
        (["--text", "body"], "--text says how to read a file of yours"),
        (["--data", "nowhere", "--target", "y"], "model 'spam' takes no --target: leave it out"),
        (["--data", "nowhere.csv", "--text", "body"], "no file 'nowhere.csv'"),
        (["--from", "digits"], "is one to one, found model 'spam'"),
        (["--from", "spam", "--units", "4"], "--from brings its own units, found --units"),
        (["--embeddings", "none.txt"], "no file 'none.txt'"),
    ],
)
def test_bad_options_are_one_line(given, line, zoo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, output, error = zoo("train", "spam", "--quick", *given)
    assert (status, output) == (2, "")
    assert line in error and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def mails(tmp_path_factory):
    """(path, rows) of a CSV with real mails under other names than text and label."""
    texts, labels = registry.recipe("spam").data()["validation"]
    short = [(t[:300], y) for t, y in zip(texts, labels, strict=True) if len(t.split()) > 5]
    kinds = [[row for row in short if row[1] == kind][: ROWS // 2] for kind in ("ham", "spam")]
    path = tmp_path_factory.mktemp("mine") / "mails.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("body", "kind"), *kinds[0], *kinds[1]])
    return path, [*kinds[0], *kinds[1]]


def test_a_run_on_own_data_loads_predicts_and_evaluates_like_a_shipped_model(zoo, mails, tmp_path):
    path, rows = mails
    out, columns = tmp_path / "run", ["--text", "body", "--label", "kind"]
    command = ["train", "spam", "--data", path, *columns, "--units", 4, "--epochs", 1]
    status, output, error = zoo(*command, "--out", out, "--json")
    assert status == 0, error
    card = json.loads(output)
    data = card["data"]
    assert data["path"] == str(path) and data["options"] == {"text": "body", "label": "kind"}
    assert sum(data["splits"].values()) == ROWS

    loaded = predictor.load(out)
    assert loaded("free money")["output"] in ("ham", "spam")
    assert loaded.evaluate()[card["metric"]] == pytest.approx(card["value"], abs=1e-6)
    assert len(loaded.data()["test"][0]) == data["splits"]["test"]  # held out, also by its path
    assert loaded.data(path)["test"] == loaded.data()["test"]

    row = json.loads(zoo("evaluate", out, "--json")[1])
    assert row["value"] == pytest.approx(card["value"], abs=1e-6)
    assert row["baseline"] == pytest.approx(card["baseline"]) and row["data"] == path.name
    other = tmp_path / "other.csv"  # another file: all of it, read in the same way or another
    other.write_text("body,kind\n" + "".join(f"mail {k},{rows[k][1]}\n" for k in range(0, 80, 4)))
    assert len(loaded.data(other)["test"][0]) == 20
    other.write_text(other.read_text().replace("body,", "words,"))
    assert json.loads(zoo("evaluate", out, "--data", other, "--text", "words", "--json")[1])
    assert "no column 'body'" in zoo("evaluate", out, "--data", other)[2]


def test_an_own_model_starts_from_a_shipped_one_and_says_so(zoo, mails, trained, tmp_path):
    out, begin = tmp_path / "run", trained("spam")
    command = ["train", "spam", "--data", mails[0], "--text", "body", "--label", "kind"]
    command += ["--epochs", 1, "--from", begin, "--out", out, "--json"]
    status, output, error = zoo(*command)
    assert status == 0, error
    card = json.loads(output)
    assert "rows of vocabulary by name)" in error or "0 in part" in error
    assert card["started_from"].startswith(f"{begin}, weights ")
    assert files.read_json(out / "spec.json")["options"]["units"] == 4  # as it was there


@pytest.mark.neutral
def test_the_line_that_resumes_says_how_the_data_are_read():
    class Chosen:
        backend = precision = None

    given = {"data": "a.csv", "quick": None, "from": "spam", "embeddings": None}
    given["reading"] = {"target": "y", "exogenous": ["a", "b c"]}
    line = resume_line(Chosen, "spam", 0, "runs/a", given)
    assert line == (
        "resume with: zoo train spam --seed 0 --out runs/a --data a.csv --from spam --target y "
        "--exogenous 'a,b c' --resume"
    )


def test_the_folder_of_a_stopped_run_on_own_data_resumes(zoo, mails, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    command = ["train", "spam", "--data", mails[0], "--text", "body", "--label", "kind"]
    command += ["--units", 4, "--quick", "--out", tmp_path / "run"]
    with monkeypatch.context() as patch:
        patch.setattr(training.Trainer, "_validate", stop)
        status, _, error = zoo(*command)
    assert status == 130 and "--text body --label kind --resume" in error
    assert zoo(*command, "--resume")[0] == 0
