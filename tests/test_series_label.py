"""Series with labels: from `.ts` files to answers, whatever the length, gaps and neighbours."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tiny

from zoo import predictor, training
from zoo.data import series
from zoo.errors import InputError
from zoo.tasks import series_label

FIT = tiny.recipe("vowels").fit


@pytest.fixture(scope="module")
def vowels(trained):
    return predictor.load(trained("vowels"))


def write_ts(path, rows, labelled=True):
    """A `.ts` file of [(values (T, F), label)], NaN as `?`."""
    lines = [f"@dimensions {rows[0][0].shape[1]}", f"@classLabel {str(labelled).lower()}", "@data"]
    for values, label in rows:
        cells = [["?" if np.isnan(v) else f"{v:.5f}" for v in channel] for channel in values.T]
        line = ":".join(",".join(channel) for channel in cells)
        lines.append(f"{line}:{label}" if labelled else line)
    path.write_text("\n".join(lines))
    return path


def gestures(count=40, channels=2):
    """Series of 4 to 9 steps that rise or fall, with one value in twenty missing."""
    random = np.random.default_rng(0)
    for k in range(count):
        slope = (-1, 1)[k % 2] * np.arange(random.integers(4, 10))[:, None]
        values = slope + random.normal(size=(len(slope), channels))
        values[1:][random.random((len(slope) - 1, channels)) < 0.05] = np.nan
        yield 100 + 10 * values, ("falls", "rises")[k % 2]


def test_own_series_are_trained_on_evaluated_and_predicted(zoo, tmp_path):
    mine = write_ts(tmp_path / "mine.ts", list(gestures(100)))
    out = tmp_path / "run"
    train = ["train", "vowels", "--data", mine, "--units", 8, "--epochs", 12, "--out", out]
    status, output, _ = zoo(*train, "--json")
    card = json.loads(output)
    assert status == 0
    assert (card["data"]["name"], card["metric"], card["epochs"]) == ("mine.ts", "accuracy", 12)
    assert card["value"] >= 0.8
    assert {row["input"][:12] for row in card["examples"]} == {"test series "}
    row = json.loads(zoo("evaluate", out, "--json")[1])
    assert row["value"] == pytest.approx(card["value"])
    new = write_ts(tmp_path / "new.ts", list(gestures(5)), labelled=False)
    for command in (["predict", out, new], ["predict", out, "--file", new]):
        rows = json.loads(zoo(*command, "--json")[1])
        assert [row["input"] for row in rows] == [f"series {k} of {new}" for k in range(1, 6)]
        assert {row["output"] for row in rows} <= {"falls", "rises"}
    lines = zoo("predict", out, new)[1].splitlines()
    assert len(lines) == 5 and lines[0].startswith("series 1 of ")


def test_a_file_gives_an_answer_for_each_of_its_series(vowels, tmp_path):
    rows = list(zip(*tiny.data("vowels")["test"], strict=True))
    path = write_ts(tmp_path / "some.ts", rows[:3])
    answers = vowels(str(path))
    assert len(answers) == 3 and json.dumps(answers, allow_nan=False)
    for answer in answers:
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert answer["output"] in vowels.spec["labels"]
    one = write_ts(tmp_path / "one.ts", rows[:1])
    assert [a["output"] for a in vowels([str(one), str(path)])] == [
        a["output"] for a in [answers[0], *answers]
    ]


def test_an_answer_depends_on_neither_neighbours_nor_padding(vowels):
    inputs = sorted(tiny.data("vowels")["test"][0], key=len)
    together = [a["probabilities"]["1"] for a in vowels(inputs)]
    alone = [vowels(values)["probabilities"]["1"] for values in inputs]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    padded = [vowels.model.predict_on_batch(list(series.pad(inputs[:2], n))) for n in (29, 40)]
    np.testing.assert_allclose(*padded, atol=1e-5)


def test_the_scale_is_that_of_the_training_part_alone(vowels):
    steps = np.concatenate(tiny.data("vowels")["train"][0])
    np.testing.assert_allclose(vowels.spec["mean"], steps.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(vowels.spec["deviation"], steps.std(0), rtol=1e-4)


def test_a_missing_value_counts_as_the_mean_and_a_constant_channel_is_only_shifted():
    train = [np.array([[1, 0.1], [3, 0.1]], "float32"), np.array([[np.nan, 0.1]], "float32")]
    split = (train, ["a", "b"])
    spec = series_label.specify({"train": split}, FIT)
    np.testing.assert_allclose([spec["mean"], spec["deviation"]], [[2, 0.1], [1, 1]], rtol=1e-6)
    ((values, lengths), y, weights), *_ = series_label.batches(split, spec, FIT, shuffle=False)
    np.testing.assert_allclose(values[:2, :3, 0], [[-1, 1, 0], [0, 0, 0]])
    assert values.shape == (16, 16, 2) and np.abs(values[..., 1]).max() < 1e-6
    assert (lengths[:2].tolist(), y[:2].tolist(), weights.sum()) == ([2, 1], [0, 1], 2)
    empty = [np.full((2, 1), np.nan, "float32")]
    with pytest.raises(InputError, match="channel 1 has no value in the training part"):
        series_label.specify({"train": (empty, ["a"])}, FIT)


def test_noise_is_new_in_each_epoch_and_never_in_validation():
    data, fit = tiny.data("vowels"), replace(FIT, noise=0.5)
    spec = series_label.specify(data, fit)

    def first(**options):
        (values, _), _, _ = next(iter(series_label.batches(data["train"], spec, **options)))
        return values

    same, other, seed = first(fit=fit, epoch=1), first(fit=fit, epoch=2), first(fit=fit, seed=1)
    np.testing.assert_array_equal(first(fit=fit, epoch=1), same)
    assert not np.array_equal(same, other) and not np.array_equal(same, seed)
    still, plain = first(fit=fit, shuffle=False), first(fit=replace(fit, noise=0.0), shuffle=False)
    np.testing.assert_array_equal(still, plain)


def test_noise_hits_real_steps_only():
    train = [np.zeros((n, 2), "float32") + np.arange(n)[:, None] for n in (2, 5)]
    spec = series_label.specify({"train": (train, ["a", "b"])}, FIT)
    fit = replace(FIT, noise=0.5)
    ((values, lengths), _, _), *_ = series_label.batches((train, ["a", "b"]), spec, fit)
    for row, length in zip(values, lengths, strict=True):
        assert row[:length].all() and not row[length:].any()


def test_a_label_never_seen_is_refused(vowels, tmp_path):
    rows = [(values, "ab"[k % 2]) for k, (values, _) in enumerate(gestures(12, channels=12))]
    with pytest.raises(InputError, match="label 'a' was not in the training data"):
        vowels.evaluate(write_ts(tmp_path / "mine.ts", rows))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones((4, 3)), "series 1 has 3 channels, expected 12 channels and a step or more"),
        (np.ones((0, 12)), "series 1 has shape .0, 12., expected 12 channels and a step or more"),
        (np.full((2, 12), np.inf), "series 1 is infinite somewhere"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(values, message, vowels):
    with pytest.raises(InputError, match=message):
        vowels(values)


def test_files_that_do_not_fit_are_refused_in_one_line(zoo, trained, tmp_path):
    narrow = write_ts(tmp_path / "narrow.ts", list(gestures(2)))
    broken = tmp_path / "broken.ts"
    broken.write_text("@classLabel true a b\n@data\n1,2:3,x:a\n")
    for given, line in [
        ([narrow], f"'{narrow}': series 1 has 2 channels, expected 12 channels"),
        ([broken], f"'{broken}' line 3: 'x' in channel 2, expected a finite number"),
        (["none.ts"], "no file 'none.ts'"),
        ([], "no input for 'vowels'"),
    ]:
        status, output, error = zoo("predict", trained("vowels"), *given)
        assert (status, output) == (2, "")
        assert line in error and error.count("\n") == 1
    assert "line 3: 'x'" in zoo("train", "vowels", "--data", broken, "--out", tmp_path / "run")[2]
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_makes_the_same_numbers(tmp_path, monkeypatch):
    recipe, data = tiny.recipe("vowels", epochs=3, noise=0.5), tiny.data("vowels")
    whole = training.fit(recipe, data=data, bar=False).model.get_weights()
    save = training.Trainer.save

    def stop(self, path):
        save(self, path)
        if len(self.history["epochs"]) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.Trainer, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            training.fit(recipe, data=data, out=tmp_path / "run", bar=False)
    run = training.fit(recipe, data=data, out=tmp_path / "run", resume=True, bar=False)
    for a, b in zip(run.model.get_weights(), whole, strict=True):
        np.testing.assert_array_equal(a, b)
