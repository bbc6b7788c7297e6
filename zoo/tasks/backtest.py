"""Rolling backtests: forecasts from one cut-off after another, scored beside naive ones.

A forecaster is a function of series that end at their cut-off, a number of steps and levels:
(cuts, steps, levels) -> means (N, steps) and quantiles (N, steps, K). It cannot see what came
later: the values are not in what it is given.
"""

import numpy as np

from zoo import metrics
from zoo.errors import InputError

LEVELS = tuple(k / 100 for k in range(1, 100))
TENTHS = tuple(k / 10 for k in range(1, 10))
COVERAGES = (0.5, 0.8, 0.9)


def cuts(split, horizon, stride=None, least=1):
    """Every series of a split at its cut-offs: `begin`, then every `stride` values.

    horizon: how many values follow each cut-off; stride: by default the horizon, so that no value
    is forecast twice; least: how many values a forecast needs.
    Raises `InputError` where there is no room for one.

    >>> from zoo.data.forecast import from_array
    >>> [len(series) for series in cuts([from_array(np.arange(10.0))], horizon=3, least=4)]
    [4, 7]
    """
    stride = stride or horizon
    found = [
        series.at(k)
        for series in split
        for k in range(max(series.begin, least), len(series) - horizon + 1, stride)
    ]
    if not found:
        longest = max(len(series) for series in split)
        raise InputError(
            f"the longest series has {longest} values, expected {least + horizon} or more to "
            f"forecast {horizon} from {least}: give more"
        )
    return found


def truths(found, horizon):
    """What came behind each cut-off (N, horizon)."""
    return np.stack([series.later[:horizon] for series in found])


def naive(found, horizon, levels):
    """The last value for ever; quantiles: those of its errors in the past."""
    return _naive(found, horizon, levels, season=1)


def seasonal_naive(found, horizon, levels):
    """The value of one season before; quantiles: those of its errors in the past."""
    season = found[0].layout.season
    if season is None:
        raise InputError("the series have no season, expected a number of rows: give --season")
    return _naive(found, horizon, levels, season)


def _naive(found, horizon, levels, season):
    """At a lag that is the least multiple of the season that the past holds."""
    lags = [season * -(-h // season) for h in range(1, horizon + 1)]
    means, quantiles, errors = [], [], {}
    for series in found:
        past = series.values
        if len(past) <= max(lags):
            raise InputError(
                f"series {series.name!r} has {len(past)} values, expected more than {max(lags)} "
                "for a naive forecast: give more of the past"
            )
        mean = np.array([past[len(past) - lag + h] for h, lag in enumerate(lags)])
        length, by_lag = errors.get(series.name, (0, {}))
        if not length <= len(past) <= 1.01 * length:  # anew where the past grew by a hundredth
            by_lag = {lag: np.quantile(past[lag:] - past[:-lag], levels) for lag in set(lags)}
            errors[series.name] = len(past), by_lag
        means.append(mean)
        quantiles.append(mean[:, None] + np.stack([by_lag[lag] for lag in lags]))
    return np.stack(means), np.stack(quantiles)


def autoregression(found, order):
    """One-step forecasts (N, 1) of a linear autoregression with a constant, by least squares.

    It is fitted to the past of each series' first cut-off, and anew where that has doubled; of a
    lower order where the past is short.
    """
    fits, means = {}, []
    for series in found:
        past = series.values
        length, weights = fits.get(series.name, (0, None))
        if not length <= len(past) < 2 * length:
            lags = min(order, len(past) // 3)
            weights = np.linalg.lstsq(_lagged(past[:-1], lags), past[lags:], rcond=None)[0]
            fits[series.name] = len(past), weights
        lags = len(weights) - 1
        means.append(_lagged(past[len(past) - lags :], lags) @ weights)
    return np.stack(means)


def _lagged(values, order):
    windows = np.lib.stride_tricks.sliding_window_view(values, order)
    return np.c_[np.ones(len(windows)), windows]


def scores(mean, quantiles, truth, levels=LEVELS):
    """{metric: value} of forecasts: their means (N, H), and quantiles (N, H, K) at `levels`."""
    at = {round(level, 4): quantiles[..., k] for k, level in enumerate(levels)}
    tenths = np.stack([at[level] for level in TENTHS], -1)
    found = {
        "wQL": metrics.weighted_quantile_loss(tenths, truth, TENTHS),
        "CRPS": metrics.crps(quantiles, truth, levels),
        "MSE": metrics.mse(mean, truth),
        "NMSE": metrics.nmse(mean, truth),
    }
    for share in COVERAGES:
        low, high = (at[round(0.5 + sign * share / 2, 4)] for sign in (-1, 1))
        found[f"coverage {share:.0%}"] = metrics.coverage(low, high, truth)
    return found


def compared(forecaster, found, horizon):
    """The scores of a forecaster at these cut-offs, then those of both naive forecasts, named."""
    truth = truths(found, horizon)
    rows = scores(*forecaster(found, horizon, LEVELS), truth)
    others = {"naive": naive}
    if found[0].layout.season is not None:
        others["seasonal naive"] = seasonal_naive
    for name, other in others.items():
        theirs = scores(*other(found, horizon, LEVELS), truth)
        rows |= {f"{name} {metric}": value for metric, value in theirs.items()}
    return rows
