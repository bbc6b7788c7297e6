"""The README's table and the CSVs are what the cards say; the commands that make them again."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from zoo import files

pytestmark = pytest.mark.neutral

ROOT = Path(__file__).parent.parent
SCRIPTS = str(ROOT / "scripts")
sys.path.insert(0, SCRIPTS)
import reproduce  # noqa: E402
import results  # noqa: E402

sys.path.remove(SCRIPTS)

CARD = {
    "name": "tagger",
    "architecture": "many_to_many_aligned",
    "task": "tags | of words",
    "metric": "accuracy",
    "higher_is_better": True,
    "value": 0.97812,
    "mean": 0.9775,
    "spread": 0.00123,
    "seeds": [{"seed": s, "value": 0.97, "scores": {"accuracy": 0.97}} for s in (0, 1)],
    "seed": 0,
    "scores": {"accuracy": 0.97812},
    "other_splits": {"unseen": {"accuracy": 0.5}},
    "baseline": 0.884,
    "baseline_name": "most frequent tag",
    "published": "BiLSTM-CRF 0.98",
    "parameters": 1_234_567,
    "seconds": 600.0,
    "command": "zoo train tagger --out runs/a --seed 1 --cell gru --resume",
    "environment": {"backend": "jax"},
    "stored_as": "float16",
}


@pytest.fixture
def home(tmp_path):
    files.write_json(tmp_path / "shipped" / "tagger" / "card.json", CARD)
    return tmp_path / "shipped"


@pytest.mark.parametrize("path", results.drawn(), ids=lambda path: path.name)
def test_what_is_in_the_repository_is_what_the_cards_say(path):
    assert path.read_text(encoding="utf-8") == results.drawn()[path], "run scripts/results.py"


def test_a_row_of_the_table_has_all_that_a_value_is_compared_with():
    (row,) = results.table([CARD]).splitlines()[2:]
    assert row == (
        "| many to many aligned | [`tagger`](saved_models/tagger/README.md) | tags \\| of words | "
        "accuracy ↑ **0.978**<br>0.9775 ± 0.0012 over 2 seeds | 0.884 most frequent tag | "
        "`zoo evaluate tagger` |"
    )


def test_the_table_is_drawn_between_its_marks_and_nothing_else_changes():
    text = f"before\n{results.BEGIN}\n\nold\n\n{results.END}\nafter\n"
    drawn = results.readme(text, [CARD])
    assert drawn.startswith("before\n") and drawn.endswith("\nafter\n") and "old" not in drawn
    assert results.readme(drawn, [CARD]) == drawn
    with pytest.raises(SystemExit, match="put them back"):
        results.readme("no marks", [CARD])


def test_every_score_of_every_seed_and_split_is_a_row():
    rows = list(csv.DictReader(io.StringIO(results.scores_csv([CARD]))))
    assert [(row["split"], row["seed"], row["value"]) for row in rows] == [
        ("test", "0", "0.97"),
        ("test", "1", "0.97"),
        ("unseen", "0", "0.5"),
    ]


def test_a_card_says_how_its_seeds_are_trained_and_shipped_again(home):
    (card,) = reproduce.cards([], home)
    runs = reproduce.training(card, "again")
    assert [command[3:] for _, command in runs] == [
        [
            "train",
            "tagger",
            "--cell",
            "gru",
            "--backend",
            "jax",
            "--seed",
            seed,
            "--out",
            f"again/runs/tagger-{seed}",
        ]
        for seed, run in (("0", "again/runs/tagger-0"), ("1", "again/runs/tagger-1"))
    ]
    assert reproduce.shipping(card, "again", runs)[2:] == [
        *("tagger", "again/runs/tagger-0", "again/runs/tagger-1"),
        *("--home", "again", "--float16"),
    ]


@pytest.mark.parametrize(
    "card, value, allowed, good",
    [
        ({"value": 0.95}, 0.9515, 0.002, True),
        ({"value": 0.95}, 0.9525, 0.002, False),
        ({"value": 60.0}, 60.1, 0.12, True),
        ({"value": 0.95}, float("nan"), 0.002, False),
        ({"value": 0.95}, None, 0.002, False),
    ],
)
def test_a_value_that_differs_is_told(card, value, allowed, good, capsys):
    assert reproduce.told(CARD | card, value, card["value"], allowed, "torch") is good
    assert capsys.readouterr().out.startswith("ok" if good else "DIFFERS")


def test_scores_that_differ_from_the_cards_fail(home, monkeypatch):
    monkeypatch.setattr(reproduce.store, "SHIPPED", home)
    for value, good in (("0.979", True), ("0.97", False)):
        answer = subprocess.CompletedProcess([], 0, stdout=f'{{"value": {value}}}')
        monkeypatch.setattr(reproduce.subprocess, "run", lambda *_, a=answer, **__: a)
        assert reproduce.evaluate_all([CARD], ["jax", "torch"], dry=False) is good


def dry_run(*arguments):
    command = ["sh", f"{SCRIPTS}/reproduce_all.sh", "--dry-run", *arguments]
    run = subprocess.run(
        command, env={"PYTHON": sys.executable}, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout.splitlines(), run.stderr


def test_a_dry_run_prints_every_command_and_runs_none(tmp_path):
    status, lines, _ = dry_run(str(tmp_path / "again"), "sine", "digits")
    assert status == 0 and list(tmp_path.iterdir()) == []
    assert all(line.startswith("$ ") for line in lines)
    assert sum(" train sine " in line for line in lines) >= 1
    assert sum("ship.py digits " in line for line in lines) == 1
    status, lines, _ = dry_run("--evaluate", "--backends", "jax,torch", "sine")
    assert status == 0
    assert [line.split("--backend ")[1] for line in lines] == ["jax --json", "torch --json"]
    status, _, error = dry_run("--evaluate", "nothing")
    assert status == 1 and "'nothing' is not one of" in error
