"""Forecasts with intervals: windows, sampling, several series, a user's own file."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny

from zoo import predictor, training
from zoo.data import forecast
from zoo.data.forecast_csv import layout_from, read_series
from zoo.data.sources import verify
from zoo.errors import InputError
from zoo.layers import HEADS
from zoo.tasks import backtest, forecast_intervals
from zoo.tasks.forecast_windows import last_window, restored, scaled

TEMPERATURE = tiny.recipe("sf_temperature")


@pytest.fixture(scope="module")
def sunspots(trained):
    return predictor.load(trained("sunspots"))


@pytest.fixture(scope="module")
def temperature(trained):
    return predictor.load(trained("sf_temperature"))


def shops(length=90, future=0):
    """Two series of a day's sales, one ten times the other, with a price known beforehand."""
    random = np.random.default_rng(0)
    rows = [("day", "shop", "price", "sales")]
    for shop, size in (("north", 10), ("south", 100)):
        price = random.integers(1, 4, length + future)
        sales = size * (5 - price + np.sin(np.arange(length + future) * 2 * np.pi / 7))
        for k in range(length + future):
            day = np.datetime64("2024-01-01") + k
            rows.append((day, shop, price[k], round(sales[k], 2) if k < length else ""))
    return rows


def write(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = write(tmp_path_factory.mktemp("own") / "sales.csv", shops())
    found = read_series(path, layout_from("sales", "day", "price", "shop"))
    fit = replace(TEMPERATURE.fit, window=8, horizon=4, steps=5)
    return forecast.own_splits(found, 8 + 7, 4), fit


def test_a_row_holds_the_value_before_and_what_is_known_of_its_own_time(mine):
    data, fit = mine
    spec = forecast_intervals.specify(data, fit)
    assert spec["difference"] == 7 and spec["calendar"] == [] and len(spec["exogenous"]) == 1
    assert forecast_intervals.sizes(spec) == {"features": 2, "outputs": 7}
    fit = replace(fit, batch_size=1000)
    x, y, weights = next(iter(forecast_intervals.batches(data["test"], spec, fit, shuffle=False)))
    count = int(weights.sum())
    assert x.shape == (1000, 8, 2) and count == sum(len(s) - s.begin for s in data["test"])
    series = data["test"][0]
    values, (mean, deviation) = scaled(series, spec), spec["exogenous"][0]
    np.testing.assert_allclose(x[0, :, 0], values[series.begin - 7 - 8 : series.begin - 7], 1e-5)
    np.testing.assert_allclose(y[0, 0], values[series.begin - 7], 1e-5)
    price = (series.exogenous[series.begin - 7 : series.begin + 1, 0] - mean) / deviation
    np.testing.assert_allclose(x[0, :, 1], price, 1e-5)
    window, beside = last_window(series.at(series.begin), spec, steps=3)
    np.testing.assert_allclose(window, x[0], 1e-5)
    assert beside.shape == (3, 1)


@pytest.mark.parametrize("changes", [{}, {"difference": True}, {"root": True}])
def test_scaled_values_come_back(changes, mine):
    data, fit = mine
    fit = replace(fit, **{"difference": False, "root": False} | changes)
    spec = forecast_intervals.specify(data, fit)
    series = data["test"][1]
    cut = series.at(series.begin)
    ahead = scaled(series, spec)[-len(cut.later) :]
    np.testing.assert_allclose(restored(ahead[None], cut, spec)[0], cut.later, rtol=1e-6)


def test_scales_are_of_the_training_part_of_each_series(mine):
    data, fit = mine
    spec = forecast_intervals.specify(data, replace(fit, difference=False))
    small, large = (spec["scales"][name] for name in ("north", "south"))
    assert large[0] == pytest.approx(10 * small[0], rel=0.1)
    assert small[0] == pytest.approx(data["train"][0].values.mean())


def test_an_answer_has_its_interval_and_is_the_same_again(sunspots):
    series = sunspots.data()["test"][0]
    first, other = (sunspots.answer([series], steps=4, paths=50, seed=seed)[0] for seed in (0, 1))
    assert {len(first[name]) for name in ("output", "low", "high")} == {4}
    assert first["output"] == first["quantiles"]["0.5"] and first["level"] == 0.9
    rows = np.array([first["quantiles"][p] for p in ("0.05", "0.25", "0.5", "0.75", "0.95")])
    assert (np.diff(rows, axis=0) >= 0).all() and (rows >= 0).all()
    assert first["low"] == first["quantiles"]["0.05"] and other["output"] != first["output"]
    assert first["times"][0].startswith("1956")
    short = series.at(90)
    both = sunspots.answer([short, series], steps=4, paths=50)
    for name in ("output", "low", "high"):  # whatever stands beside it
        np.testing.assert_allclose(both[1][name], first[name], rtol=1e-4)
    narrow = sunspots.answer([series], steps=4, paths=50, level=0.5)[0]
    assert narrow["low"] == narrow["quantiles"]["0.25"]


def test_a_forecast_does_not_see_what_comes_later(temperature):
    series = temperature.data()["test"][0]
    cut = series.at(series.begin)
    changed = replace(series, values=series.values + np.r_[cut.values * 0, cut.later * 0 + 30])
    again = changed.at(series.begin)
    assert temperature.answer([cut], paths=10) == temperature.answer([again], paths=10)


def test_one_step_of_many_paths_agrees_with_the_head(sunspots):
    series = [sunspots.data()["test"][0]]
    levels = (0.1, 0.5, 0.9)
    exact, quantiles = forecast_intervals.forecast(sunspots.model, series, sunspots.spec, 1, levels)
    mean, sampled = forecast_intervals.forecast(
        sunspots.model, series, sunspots.spec, 2, levels, paths=3000
    )
    width = quantiles[0, 0, 2] - quantiles[0, 0, 0]
    assert np.abs(sampled[0, 0] - quantiles[0, 0]).max() < 0.1 * width
    assert abs(mean[0, 0] - exact[0, 0]) < 0.05 * width


@pytest.mark.parametrize("head", HEADS)
def test_every_head_trains_and_answers(head):
    recipe = tiny.recipe("sunspots", epochs=1, head=head)
    run = training.fit(recipe, data=tiny.data("sunspots"), bar=False)
    assert np.isfinite(run.history["epochs"][0]["validation_loss"])
    scores = recipe.task.evaluate(run.model, run.data["test"], run.spec, paths=20)
    assert {"MSE", "wQL", "CRPS", "coverage 90%", "naive wQL", "seasonal naive CRPS"} <= set(scores)
    assert all(np.isfinite(value) for value in scores.values())


def test_the_examples_of_a_card_say_whether_the_interval_held_the_truth(sunspots):
    rows = forecast_intervals.examples(sunspots.model, sunspots.data()["test"], sunspots.spec)
    assert rows and all({"input", "output", "truth", "right"} == set(row) for row in rows)
    assert rows[0]["input"].startswith("sunspots up to 19")


def test_arrays_are_enough_where_nothing_else_is_read(sunspots, temperature):
    values = sunspots.data()["test"][0].values
    assert len(sunspots(values, steps=3)["output"]) == 3
    with pytest.raises(InputError, match="expected time beside them: give a CSV"):
        temperature(np.arange(200.0))


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda s: s.at(3), {}, "has 3 values, expected 12 or more"),
        (lambda s: replace(s, name="moon"), {}, "series 'moon' was not among those of training"),
        (lambda s: s, dict(steps=0), "steps"),
        (lambda s: s, dict(paths=0), "paths"),
        (lambda s: s, dict(level=90), "level is 90"),
        (lambda s: np.array([1.0, np.nan]), {}, "expected finite numbers"),
        (lambda s: np.zeros((20, 2)), {}, "shape (20, 2)"),
    ],
)
def test_what_cannot_be_forecast_is_said_before_it_runs(change, options, words, sunspots):
    series = sunspots.data()["test"][0]
    with pytest.raises(InputError) as error:
        sunspots.answer([change(series)], **options)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_own_series_are_trained_on_evaluated_predicted_and_drawn(zoo, tmp_path):
    """A month of the real temperatures, under names of the user's own."""
    lines = verify("sf_temperature").read_text().splitlines()[1:600]
    own = tmp_path / "own.csv"
    own.write_text("\n".join(["when,degrees", *lines]))
    out, drawn = tmp_path / "run", tmp_path / "fan.png"
    train = ["train", "sf_temperature", "--data", own, "--target", "degrees", "--time", "when"]
    status, output, error = zoo(*train, "--units", 4, "--epochs", 1, "--out", out, "--json")
    assert status == 0, error
    card = json.loads(output)
    assert card["metric"] == "wQL" and card["baseline_name"] == "seasonal naive"
    again = json.loads(zoo("evaluate", out, "--json")[1])
    assert again["value"] == pytest.approx(card["value"], rel=1e-4)
    status, output, error = zoo("predict", out, own, "--steps", 6, "--out", drawn, "--json")
    assert status == 0, error
    (row,) = json.loads(output)
    assert len(row["output"]) == 6 and row["input"] == str(own)
    assert row["times"][0] == "2010-01-25T23:00:00" and drawn.stat().st_size > 10_000
    assert "90% from" in zoo("predict", out, "--steps", 2)[1], "its own test part, as a table"


def test_many_series_with_exogenous_columns_and_a_known_future(zoo, tmp_path):
    own = write(tmp_path / "sales.csv", shops(85))
    out = tmp_path / "run"
    columns = [
        "--target",
        "sales",
        "--time",
        "day",
        "--exogenous",
        "price",
        "--series",
        "shop",
        "--season",
        "7",
    ]
    small = ["--units", 4, "--epochs", 1, "--out", out, "--json"]
    status, _, error = zoo("train", "laser", "--data", own, *columns, *small)
    assert status == 2 and "series 'north' has 85 values" in error
    own = write(own, shops(160))
    status, _, error = zoo("train", "laser", "--data", own, *columns, *small)
    assert status == 0, error
    new = write(tmp_path / "new.csv", shops(70, future=3))
    rows = json.loads(zoo("predict", out, new, "--steps", 3, "--json")[1])
    assert [row["input"] for row in rows] == [f"{name} of {new}" for name in ("north", "south")]
    assert np.mean(rows[1]["output"]) > 3 * np.mean(rows[0]["output"])
    status, _, error = zoo("predict", out, new, "--steps", 4)
    assert status == 2 and "has 3 future rows of price, expected 4" in error
    other = write(
        tmp_path / "other.csv",
        [[str(c).replace("north", "west") for c in r] for r in shops(70, future=3)],
    )
    status, _, error = zoo("predict", out, other, "--steps", 3)
    assert status == 2 and "series 'west' was not among those of training: north, south" in error


def test_a_backtest_of_the_model_is_the_evaluation(sunspots):
    split = sunspots.data()["test"]
    found = backtest.cuts(split, 1)
    mean, _ = forecast_intervals.forecast(sunspots.model, found, sunspots.spec, 1, (0.5,))
    expected = np.mean((mean - backtest.truths(found, 1)) ** 2)
    assert sunspots.evaluate()["MSE"] == pytest.approx(expected)


def test_the_page_on_forecasting_runs():
    page = Path(__file__).parents[1] / "docs" / "forecasting.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    exec("\n".join(blocks), {})


def test_a_card_counts_values_not_series():
    data = tiny.data("laser")
    assert {name: forecast_intervals.size(split) for name, split in data.items()} == {
        "train": 90,
        "validation": 20,
        "test": 20,
    }
