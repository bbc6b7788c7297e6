"""Rolling backtests: explicit cut-offs, naive forecasts, scores by their definitions."""

from dataclasses import replace

import numpy as np
import pytest

from zoo import metrics
from zoo.data.forecast import Layout, from_array
from zoo.errors import InputError
from zoo.tasks import backtest

pytestmark = pytest.mark.neutral


def series(values, begin=0, season=None):
    return replace(from_array(values, Layout("y", season=season)), begin=begin)


def test_cut_offs_begin_with_the_split_and_leave_room_for_the_horizon():
    found = backtest.cuts([series(np.arange(20.0), begin=8)], horizon=4, stride=3)
    assert [len(s) for s in found] == [8, 11, 14]
    assert backtest.truths(found, 4)[:, 0].tolist() == [8, 11, 14]
    found = backtest.cuts([series(np.arange(20.0)), series(np.arange(9.0))], horizon=4, least=5)
    assert [len(s) for s in found] == [5, 9, 13, 5]
    with pytest.raises(InputError, match="has 6 values, expected 9 or more"):
        backtest.cuts([series(np.arange(6.0))], horizon=4, least=5)


def test_naive_forecasts_repeat_the_past_with_its_errors_around():
    values = np.tile([0.0, 10.0, 20.0], 20) + np.arange(60) * 0.1
    found = backtest.cuts([series(values, begin=51, season=3)], horizon=4)
    mean, quantiles = backtest.seasonal_naive(found, 4, (0.25, 0.5, 0.75))
    np.testing.assert_allclose(mean[0], values[[48, 49, 50, 48]])
    np.testing.assert_allclose(quantiles[0, :, 1], mean[0] + [0.3, 0.3, 0.3, 0.6])  # the trend
    mean, quantiles = backtest.naive(found, 4, (0.05, 0.95))
    np.testing.assert_allclose(mean, np.repeat(values[[50, 54], None], 4, axis=1))
    assert (quantiles[..., 1] >= quantiles[..., 0]).all()


def test_naive_forecasts_do_not_see_what_they_forecast():
    values = np.random.default_rng(0).normal(size=60)
    other = np.r_[values[:40], values[40:] + 5]
    for forecaster in (backtest.naive, backtest.seasonal_naive):
        first, second = (
            forecaster(backtest.cuts([series(v, begin=40, season=7)], 5)[:1], 5, (0.1, 0.9))
            for v in (values, other)
        )
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(first[1], second[1])


def test_a_naive_forecast_needs_a_season_and_a_past():
    found = backtest.cuts([series(np.arange(10.0), begin=5)], 2)
    with pytest.raises(InputError, match="give --season"):
        backtest.seasonal_naive(found, 2, (0.5,))
    with pytest.raises(InputError, match="expected more than 8"):
        backtest.seasonal_naive(
            backtest.cuts([series(np.arange(10.0), begin=5, season=8)], 2), 2, (0.5,)
        )


def test_an_autoregression_finds_its_own_coefficients():
    values = [1.0, 2.0]
    for _ in range(60):
        values.append(3 + 1.5 * values[-1] - 0.9 * values[-2])
    found = backtest.cuts([series(values, begin=40)], 1)
    np.testing.assert_allclose(backtest.autoregression(found, 2), backtest.truths(found, 1))


def test_an_autoregression_learns_from_a_past_that_has_grown():
    values = np.sin(np.arange(200) * 0.7) + np.random.default_rng(0).normal(size=200) * 0.1
    found = backtest.cuts([series(values, begin=8)], 1)
    errors = np.abs(backtest.autoregression(found, 6) - backtest.truths(found, 1))
    assert errors[100:].mean() < errors[:20].mean()


def test_the_published_autoregression_of_the_sunspots_comes_out():
    from zoo.data import forecast

    found = backtest.cuts([forecast.sunspots()["test"]], 1)
    mean = backtest.autoregression(found, 9)
    assert metrics.mse(mean, backtest.truths(found, 1)) == pytest.approx(189.2, abs=0.05)


def test_scores_of_a_normal_forecast_are_those_of_its_formulas():
    from statistics import NormalDist

    random = np.random.default_rng(0)
    truth = random.normal(size=(4000, 1)) + 10
    normal = NormalDist(10)
    quantiles = np.tile([normal.inv_cdf(p) for p in backtest.LEVELS], (4000, 1, 1))
    found = backtest.scores(np.full((4000, 1), 10.0), quantiles, truth)
    assert found["CRPS"] == pytest.approx(1 / np.sqrt(np.pi), rel=0.03)  # of N(0, 1) on itself
    assert found["NMSE"] == pytest.approx(1, abs=1e-3)
    for share in (0.5, 0.8, 0.9):
        assert found[f"coverage {share:.0%}"] == pytest.approx(share, abs=0.02)


def test_crps_of_quantiles_approaches_that_of_samples():
    random = np.random.default_rng(0)
    sample, truth = random.gamma(2, size=2000), random.gamma(2, size=50)
    pairs = np.abs(sample[:, None] - sample[None]).mean() / 2
    expected = np.mean([np.abs(sample - y).mean() - pairs for y in truth])
    quantiles = np.tile(np.quantile(sample, backtest.LEVELS), (50, 1))
    assert metrics.crps(quantiles, truth, backtest.LEVELS) == pytest.approx(expected, rel=0.01)


def test_a_forecaster_is_compared_on_the_same_cut_offs():
    found = backtest.cuts([series(np.sin(np.arange(80.0)), begin=60, season=6)], 3)

    def truth(cuts, steps, levels):
        values = backtest.truths(cuts, steps)
        return values, np.repeat(values[..., None], len(levels), axis=-1)

    rows = backtest.compared(truth, found, 3)
    assert rows["MSE"] == rows["CRPS"] == 0 and rows["coverage 50%"] == 1
    assert 0 < rows["seasonal naive CRPS"] < rows["naive CRPS"]
