"""Runs become a shipped model: stored, scored once each, described; and renewed without scoring."""

import sys
from pathlib import Path

import pytest
import tiny

from zoo import files, golden, store, training
from zoo.errors import InputError

SCRIPTS = str(Path(__file__).parent.parent / "scripts")
sys.path.insert(0, SCRIPTS)
import ship  # noqa: E402

sys.path.remove(SCRIPTS)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """`run(name, seed)`: the folder of a finished run of the tiny recipe, without a card."""
    runs = {}

    def folder(name="sine", seed=0, **options):
        key = (name, seed, *options.items())
        if key not in runs:
            out = tmp_path_factory.mktemp("runs") / f"{name}-{seed}"
            recipe = tiny.recipe(name, epochs=1, keep="last").override(**options)
            training.fit(recipe, data=tiny.data(name), seed=seed, out=out, bar=False)
            runs[key] = out
        return runs[key]

    return folder


@pytest.fixture
def scored(monkeypatch):
    """The lengths of the splits that were scored, in order."""
    task, lengths = store.registry.recipe("sine").task, []
    evaluate = task.evaluate

    def count(model, split, spec):
        lengths.append(len(split))
        return evaluate(model, split, spec)

    monkeypatch.setattr(task, "evaluate", count)
    return lengths


def test_the_first_run_is_shipped_and_each_is_scored_once(run, tmp_path, scored):
    card = ship.ship("sine", [run(seed=s) for s in (3, 1, 2)], home=tmp_path)
    assert scored == [314] * 3  # the test split, once for each run
    assert [row["seed"] for row in card["seeds"]] == [3, 1, 2]
    values = [row["value"] for row in card["seeds"]]
    assert (card["seed"], card["value"]) == (3, values[0])
    mean = sum(values) / 3
    assert card["mean"] == pytest.approx(mean)
    assert card["spread"] == pytest.approx((sum((v - mean) ** 2 for v in values) / 2) ** 0.5)
    page = (tmp_path / "sine" / "README.md").read_text()
    assert f"Mean over the seeds 3, 1, 2: {mean:.4g} ± {card['spread']:.2g}." in page


def test_what_is_shipped_is_whole_and_says_what_it_is(run, tmp_path):
    card = ship.ship("sine", [run()], home=tmp_path)
    folder = tmp_path / "sine"
    assert {path.name for path in folder.iterdir()} == {
        "weights.npz",
        "spec.json",
        "golden.npz",
        "card.json",
        "README.md",
    }
    assert card == store.read_card(folder)
    assert card["sha256"] == {name: files.sha256(folder / name) for name in store.FILES}
    assert card["data"]["splits"] == {"train": 3142, "validation": 315, "test": 314}
    assert card["data"]["sha256"].startswith("32069a5f")  # of the formula: the same everywhere
    assert card["spread"] is None and card["mean"] == card["value"]
    assert {"published", "intended_use", "limits", "command", "environment"} <= set(card)
    _, model, _, _ = store.load(folder)
    assert golden.replay(folder, model) < golden.TOLERANCE
    page = (folder / "README.md").read_text()
    for said in (card["sha256"]["weights.npz"], card["data"]["sha256"], "train 3,142", "Python 3."):
        assert said in page
    assert "Mean over" not in page


def test_renewing_scores_nothing_and_changes_no_weights(run, tmp_path, scored):
    card = ship.ship("sine", [run()], home=tmp_path)
    folder = tmp_path / "sine"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "golden.npz").unlink()
    (folder / "README.md").unlink()
    store.write_card(folder, card | {"data": {"name": "sine"}})  # as older cards were
    scored.clear()
    ship.renew("sine", tmp_path)
    assert scored == []
    assert golden.replay(folder, store.load(folder)[1]) < golden.TOLERANCE
    for name in ("weights.npz", "spec.json"):
        assert (folder / name).read_bytes() == before[name]
    assert store.read_card(folder)["data"] == card["data"]
    assert (folder / "README.md").read_text().startswith("# sine: ")


@pytest.mark.parametrize("allowed", [0.0, 1.0])
def test_float16_may_not_move_the_metric(allowed, run, tmp_path, monkeypatch):
    monkeypatch.setattr(ship, "LARGEST_CHANGE", allowed)
    if allowed:
        assert ship.ship("sine", [run()], "float16", tmp_path)["stored_as"] == "float16"
        return
    with pytest.raises(InputError, match=r"rollout RMSE on the validation split is .*as float16"):
        ship.ship("sine", [run()], "float16", tmp_path)
    assert not (tmp_path / "sine").exists()


def test_runs_that_do_not_belong_together_are_refused(run, tmp_path):
    with pytest.raises(InputError, match=r"runs of the seeds \[0, 0\], expected each seed once"):
        ship.ship("sine", [run(), run()], home=tmp_path)
    with pytest.raises(InputError, match="has other options than"):
        ship.ship("sine", [run(), run(seed=1, units=5)], home=tmp_path)
    with pytest.raises(InputError, match="is a run of 'sine', found 'digits'"):
        ship.ship("digits", [run()], home=tmp_path)
    with pytest.raises(InputError, match="no trained model in"):
        ship.ship("sine", [tmp_path / "nowhere"], home=tmp_path)
    assert list(tmp_path.iterdir()) == []
