"""Training: what a run folder holds, and that a killed run ends where the other one ends."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny

from zoo import files, registry, store, trainer, training
from zoo.errors import InputError, TrainingError

RESUMED = [  # dropout; a carried state; an encoder and a decoder
    *(("digits", *stop) for stop in [(1, 2), (2, 1), (3, 2)]),
    *(("sine_to_cosine", *stop) for stop in [(1, 2), (2, 5)]),
    ("g2p", 2, 2),
    ("parity", 2, 1),  # in the second part of a pass over the data
]


def fit(name, out=None, epochs=2, **options):
    settings = options.pop("settings", {})
    recipe = tiny.recipe(name, epochs=epochs, **settings)
    return training.fit(recipe, data=tiny.data(name), out=out, bar=False, **options)


def rate(run):
    optimizer = run.model.optimizer
    value = optimizer.learning_rate
    return float(np.asarray(value if not callable(value) else value(optimizer.iterations)))


def stop_at(monkeypatch, epoch, batch, error=KeyboardInterrupt):
    """Make training stop with `error` before that batch, counted from 1."""
    batches = training.Trainer._batches

    def stopping(self, split, number):
        found = batches(self, split, number)
        if split != "train" or number != epoch - 1:
            return found
        seen = iter(range(1, len(found) + 1))

        def collate(item):
            if next(seen) == batch:
                raise error
            return found.collate(item)

        return replace(found, collate=collate)

    monkeypatch.setattr(training.Trainer, "_batches", stopping)


def test_a_run_folder_holds_weights_history_and_curves(tmp_path):
    run = fit("digits", tmp_path / "run")
    assert {path.name for path in run.folder.iterdir()} == {
        "weights.npz",
        "spec.json",
        "history.json",
        "env.json",
        "curves.png",
    }
    history = files.read_json(run.folder / "history.json")
    assert [row["epoch"] for row in history["epochs"]] == [1, 2]
    assert len(history["batches"]) == 2 * 4  # 64 images in batches of 16, twice
    assert all(np.isfinite(history["batches"]))


def test_what_is_stored_is_what_was_trained(tmp_path):
    run = fit("sine", tmp_path)
    for a, b in zip(run.model.get_weights(), store.load(tmp_path)[1].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_best_epoch_is_kept():
    settings = {"learning_rate": 0.1, "schedule": "constant", "keep": "best"}
    run = fit("digits", epochs=4, settings=settings)  # too fast: it gets worse again
    best = min(row["validation_loss"] for row in run.history["epochs"])
    recipe = tiny.recipe("digits")
    trainer = training.Trainer(recipe, run.model, run.spec, run.data, 0, quick=False, bar=False)
    assert trainer._validate() == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize("name", registry.list_models())
def test_every_weight_has_a_path_of_its_own(name):
    """Keras on torch clears gradients by path: of two weights with one path, one adds them up."""
    paths = [weight.path for weight in registry.create_model(name).weights]
    assert len(paths) == len(set(paths))


def test_the_same_seed_makes_the_same_weights_and_another_does_not():
    a, b, c = (fit("sine", epochs=1, seed=seed).model.get_weights()[0] for seed in (3, 3, 4))
    np.testing.assert_allclose(a, b, atol=1e-6)
    assert np.abs(a - c).max() > 1e-3


def test_the_cosine_schedule_ends_at_zero():
    run = fit("digits", epochs=2)
    assert rate(run) < 1e-9 < tiny.recipe("digits").fit.learning_rate


def test_training_learns():
    losses = fit("sine", epochs=20, settings={"learning_rate": 1e-2}).history["epochs"]
    assert losses[-1]["loss"] < 0.5 * losses[0]["loss"]


def test_quick_is_a_few_batches_of_one_epoch():
    history = fit("digits", epochs=9, settings={"batch_size": 4}, quick=True).history
    assert (len(history["epochs"]), len(history["batches"])) == (1, training.QUICK_BATCHES)


def test_without_validation_data_the_training_loss_decides():
    data = tiny.data("spam") | {"validation": ([], [])}
    run = training.fit(tiny.recipe("spam"), data=data, bar=False)
    assert [row["validation_loss"] for row in run.history["epochs"]] == [None, None]


def test_patience_stops_early():
    settings = {"learning_rate": 0.0, "patience": 1, "schedule": "constant"}
    assert len(fit("sine", epochs=6, settings=settings).history["epochs"]) < 6


def goal_of(history, epoch):
    """The goal that an earlier run's validation metric of that epoch was."""
    return -history["epochs"][epoch - 1]["validation_metric"]


def test_a_goal_stops_at_the_first_epoch_that_reaches_it():
    settings = {"goal": 2.0, "learning_rate": 0.05}  # an accuracy that is never reached
    whole = fit("parity", epochs=5, settings=settings).history
    scores = [row["validation_metric"] for row in whole["epochs"]]
    first = scores.index(min(scores)) + 1
    run = fit("parity", epochs=5, settings=settings | {"goal": goal_of(whole, first)})
    assert [row["validation_metric"] for row in run.history["epochs"]] == scores[:first]
    evaluated = run.recipe.task.evaluate(run.model, run.data["validation"], run.spec)
    assert evaluated["accuracy"] == pytest.approx(-scores[first - 1])  # what it is left with


def test_a_goal_may_be_a_small_error():
    history = fit("adding", epochs=3, settings={"goal": 1e9}).history
    assert len(history["epochs"]) == 1


def test_a_run_at_its_goal_is_not_gone_on_with(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "_finish", refuse)  # killed behind the last checkpoint
        with pytest.raises(KeyboardInterrupt):
            fit("parity", tmp_path, epochs=4, settings={"goal": 0.0})
    resumed = fit("parity", tmp_path, epochs=4, settings={"goal": 0.0}, resume=True)
    assert len(resumed.history["epochs"]) == 1


def test_small_epochs_go_through_all_of_the_data():
    run = fit("parity", epochs=4)  # 64 sequences in batches of 16, three batches an epoch at most
    assert len(run.history["batches"]) == 3 + 1 + 3 + 1
    seen = training.Trainer(run.recipe, run.model, run.spec, run.data, 0, False, False)
    passes = [[seen._batches("train", epoch) for epoch in pair] for pair in ((0, 1), (2, 3))]
    rows = [np.concatenate([b for part in two for b, _ in part.plan]) for two in passes]
    assert [sorted(found) for found in rows] == [list(range(64))] * 2
    assert list(rows[0]) != list(rows[1])


@pytest.mark.parametrize("name, epoch, batch", RESUMED)
def test_stopped_and_resumed_is_uninterrupted(name, epoch, batch, tmp_path, monkeypatch, whole):
    with monkeypatch.context() as patch:
        stop_at(patch, epoch, batch)
        with pytest.raises(KeyboardInterrupt):
            fit(name, tmp_path / "run", epochs=3)
    resumed = fit(name, tmp_path / "run", epochs=3, resume=True)
    same(resumed, whole(name))


def test_rows_that_forget_begin_from_zeros():
    still = {"learning_rate": 0.0, "schedule": "constant"}
    carried, forgot = (
        fit("sine_to_cosine", epochs=1, settings=still | {"forget": share}).history["batches"]
        for share in (0.0, 1.0)
    )
    assert carried[0] == forgot[0] and carried[1] != forgot[1]


@pytest.fixture(scope="module")
def whole():
    runs = {}

    def run(name):
        if name not in runs:
            runs[name] = fit(name, epochs=3)
        return runs[name]

    return run


def same(resumed, expected):
    for a, b in zip(resumed.model.get_weights(), expected.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6, rtol=0)
    np.testing.assert_allclose(
        resumed.history["batches"], expected.history["batches"], atol=2e-6, rtol=0
    )


@pytest.mark.slow
def test_killed_and_resumed_is_uninterrupted(tmp_path, whole):
    code = f"""
        import time
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import tiny
        from pathlib import Path
        from zoo import training
        train = training.Trainer._train
        def slow(self, epoch):  # so that the signal falls into the second epoch
            losses = train(self, epoch)
            time.sleep(60 * epoch)
            return losses
        training.Trainer._train = slow
        recipe = tiny.recipe("digits", epochs=3)
        training.fit(recipe, data=tiny.data("digits"), out={str(tmp_path)!r}, bar=False)
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)])
    end = time.monotonic() + 120
    while not (tmp_path / "checkpoint.npz").exists() and time.monotonic() < end:
        assert child.poll() is None
        time.sleep(0.1)
    child.send_signal(signal.SIGKILL)
    child.wait()
    same(fit("digits", tmp_path, epochs=3, resume=True), whole("digits"))


def test_a_killed_finish_is_finished_by_resuming(tmp_path, monkeypatch, whole):
    with monkeypatch.context() as patch:
        patch.setattr(store, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            fit("digits", tmp_path, epochs=3)
    same(fit("digits", tmp_path, epochs=3, resume=True), whole("digits"))
    assert not (tmp_path / "checkpoint.npz").exists()


def test_resuming_a_complete_run_changes_nothing(tmp_path):
    run = fit("sine", tmp_path, epochs=1)
    before = (tmp_path / "weights.npz").read_bytes()
    again = fit("sine", tmp_path, epochs=1, resume=True)
    assert again.history == json.loads(json.dumps(run.history))
    assert (tmp_path / "weights.npz").read_bytes() == before


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_epoch(tmp_path, monkeypatch):
    data = tiny.data("sine")
    with monkeypatch.context() as patch:
        stop_at(patch, 2, 2)
        with pytest.raises(KeyboardInterrupt):
            fit("sine", tmp_path, epochs=3)
    before = (tmp_path / "checkpoint.npz").read_bytes()
    settings = {"learning_rate": 1e38, "schedule": "constant", "clip": None}
    recipe = tiny.recipe("sine", epochs=3, **settings)
    recipe = recipe.override(output_activation=None)
    with pytest.raises(TrainingError, match=r"loss became (nan|inf) at epoch \d, batch \d"):
        training.fit(recipe, data=data, bar=False)
    with monkeypatch.context() as patch:
        patch.setattr("zoo.trainer.math.isfinite", lambda loss: False)
        with pytest.raises(TrainingError, match="the last whole epoch is kept"):
            fit("sine", tmp_path, epochs=3, resume=True)
    assert (tmp_path / "checkpoint.npz").read_bytes() == before


def test_a_disk_that_fills_leaves_the_checkpoint_before(tmp_path, monkeypatch, whole):
    stops = iter([False, True])

    def fsync(handle):
        if next(stops):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(InputError, match="No space left"):
            fit("digits", tmp_path, epochs=3)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]
    same(fit("digits", tmp_path, epochs=3, resume=True), whole("digits"))


@pytest.mark.parametrize("finished", [True, False])
def test_a_folder_with_a_run_is_not_overwritten(finished, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        if not finished:
            stop_at(patch, 2, 1)
        with contextlib.suppress(KeyboardInterrupt):
            fit("sine", tmp_path)
    with pytest.raises(InputError, match="already holds a run: add --resume"):
        fit("sine", tmp_path)


def test_what_cannot_be_resumed_is_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no run in"):
        fit("sine", tmp_path / "none", resume=True)
    with monkeypatch.context() as patch:
        stop_at(patch, 2, 1)
        with pytest.raises(KeyboardInterrupt):
            fit("sine", tmp_path)
    with pytest.raises(InputError, match="seed 0, found sine with seed 1"):
        fit("sine", tmp_path, resume=True, seed=1)
    with pytest.raises(InputError, match="found digits"):
        fit("digits", tmp_path, resume=True)
    wider = tiny.recipe("sine").override(units=5)
    with pytest.raises(InputError, match="belongs to another model"):
        training.fit(wider, data=tiny.data("sine"), out=tmp_path, resume=True, bar=False)
    (tmp_path / "checkpoint.npz").write_bytes(b"PK cut")
    with pytest.raises(InputError, match="damaged"):
        fit("sine", tmp_path, resume=True)


@pytest.mark.parametrize("jit", [False, "auto"])
def test_a_token_that_occurs_twice_moves_as_far_as_one_that_occurs_once(jit):
    """Adam's first step is the learning rate, whatever the gradient (Kingma and Ba 2015, sec. 2.1).

    On TensorFlow stock Keras moves the token that occurs twice by 1.41 times that.
    """
    tokens = keras.Input((3,), dtype="int32")
    vectors = keras.layers.Embedding(4, 1, embeddings_initializer="ones", name="e")(tokens)
    model = keras.Model(tokens, keras.layers.Flatten()(vectors))
    optimizer = trainer.optimizer_for(registry.Fit(epochs=1, learning_rate=0.1, clip=1.0))
    model.compile(optimizer, "mse", jit_compile=jit)
    model.train_on_batch(np.array([[1, 1, 2]]), np.array([[9.0, 9.0, 9.0]]))
    moved = model.get_layer("e").get_weights()[0].ravel() - 1
    np.testing.assert_allclose(moved, [0, 0.1, 0.1, 0], atol=1e-5)
