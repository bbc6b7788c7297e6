"""The script of the synthetic probes: equal parameters, a row for each run, the table from rows."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from zoo import plots, registry
from zoo.data import probes as generators
from zoo.errors import InputError
from zoo.reports import probes as report

SCRIPTS = str(Path(__file__).parent.parent / "scripts")
sys.path.insert(0, SCRIPTS)
import probes  # noqa: E402

sys.path.remove(SCRIPTS)

ROW = {
    "recipe": "parity",
    "cell": "gru",
    "options": {"layers_": 2},
    "seed": 0,
    "units": 37,
    "parameters": 15_000,
    "metric": "accuracy",
    "goal": 0.99,
    "solved": True,
    "steps": 150,
    "scores": {"validation": 1.0, "test": 0.998, "longer": 0.75},
    "baseline": 0.5,
    "seconds": 12.0,
    "backend": "jax",
}


@pytest.fixture
def small(monkeypatch):
    """The probe parity with a few short sequences."""
    recipe = registry.recipe("parity")
    data = generators.parity(longest=8, longer=9, sizes=(64, 16, 16))
    fit = replace(recipe.fit, epochs=2, epoch_batches=1, batch_size=16, boundaries=(8,))
    tiny = replace(recipe, fit=fit, load=lambda path=None: data)
    monkeypatch.setattr(probes.registry, "recipe", lambda name: tiny)


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["probes.py", *map(str, arguments)])
    probes.main()


def test_missing_rows_are_made_and_no_other(small, tmp_path, monkeypatch, capsys):
    rows = tmp_path / "rows.json"
    one = ("--rows", rows, "--probes", "parity", "--units", 4, "--layers", 1)
    call(monkeypatch, *one, "--cells", "gru", "--seeds", 1)
    (first,) = json.loads(rows.read_text())
    assert first["options"] == {"layers_": 1} and first["steps"] in (1, 2)
    assert set(first["scores"]) == {"validation", "test", "longer"}
    assert first["solved"] == (first["scores"]["validation"] >= first["goal"])
    call(monkeypatch, *one, "--cells", "gru,min_gru", "--seeds", 2)
    found = json.loads(rows.read_text())
    assert found[0] == first
    assert [(row["cell"], row["seed"]) for row in found[1:]] == [
        ("min_gru", 0),
        ("gru", 1),
        ("min_gru", 1),
    ]
    monkeypatch.setattr(probes, "run", None)  # nothing is left to run
    call(monkeypatch, *one, "--cells", "gru,min_gru", "--seeds", 2)
    assert "| `min_gru` |" in capsys.readouterr().out


@pytest.mark.parametrize("cell", probes.CELLS)
def test_every_cell_has_as_many_parameters_as_the_lstm(cell):
    job = {"recipe": "adding", "cell": cell, "options": {"layers_": 2}, "seed": 0}
    recipe = probes.chosen(job, 16, {})
    target = probes.parameters(registry.recipe("adding").override(layers_=2), 16)
    assert recipe.cell == cell
    assert probes.parameters(recipe, recipe.options["units"]) == pytest.approx(target, rel=0.05)


@pytest.mark.neutral
def test_options_are_numbers_or_words(monkeypatch):
    given = ["--cells", "gru", "--probes", "parity", "--seeds", "1", "--option", "dropout=0.1"]
    monkeypatch.setattr(sys, "argv", ["probes.py", *given, "--option", "direction=forward"])
    (job,) = probes.jobs(probes.arguments())
    assert job["options"] == {"layers_": 2, "dropout": 0.1, "direction": "forward"}


@pytest.mark.neutral
@pytest.mark.parametrize("option", ["--cells", "--probes"])
def test_an_unknown_name_is_told(option, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["probes.py", option, "lstn"])
    with pytest.raises(SystemExit):
        probes.arguments()
    assert "'lstn' is not one of" in capsys.readouterr().err


@pytest.mark.neutral
def test_an_entry_is_who_solved_it_when_and_the_range_of_the_seeds():
    rows = [ROW, ROW | {"seed": 1, "steps": 250, "scores": {"test": 0.99, "longer": 0.5}}]
    rows += [ROW | {"seed": 2, "solved": False, "steps": 400, "scores": {"test": 0.6}}]
    other = ROW | {"options": {"layers_": 1, "block": "x"}, "cell": "lstm", "recipe": "adding"}
    text = report.tables([*rows, other])
    assert "### 2 layers\n" in text and "### 1 layer, block x\n" in text
    assert (
        "| `gru` | 2 of 3, 200 steps<br>0.99 (0.6 – 0.998)<br>longer: 0.625 (0.5 – 0.75)"
        "<br>37 units, 15,000 |"
    ) in text
    assert "| `lstm` | **1 of 1**, 150 steps<br>" in text
    assert "accuracy 0.99, in 400 steps at most" in text


@pytest.mark.neutral
def test_the_page_keeps_what_stands_around_the_tables():
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    drawn = report.page(text, [ROW])
    assert drawn.startswith("before\n") and drawn.endswith("\nafter\n") and "old" not in drawn
    assert report.page(drawn, [ROW]) == drawn
    with pytest.raises(InputError, match="expected both: put them back"):
        report.page("no marks", [ROW])


@pytest.mark.neutral
def test_the_picture_has_a_panel_for_each_probe_and_a_mark_for_each_run():
    rows = [ROW, ROW | {"seed": 1, "solved": False}, ROW | {"recipe": "adding", "cell": "lstm"}]
    figure = plots.probe_steps(rows)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["parity", "adding"]
    marks = [sum(len(line.get_xdata()) for line in axes.lines) for axes in figure.axes]
    assert marks == [2, 1]
    with pytest.raises(InputError, match="no run to draw"):
        plots.probe_steps([])
