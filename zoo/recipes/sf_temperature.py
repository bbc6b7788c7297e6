"""Temperatures of San Francisco: the next 24 hours as a distribution.

    zoo train sf_temperature                about a minute on one core
    zoo train sf_temperature --data my.csv --target y --time t

Hourly values of 2010, so smooth from day to day that they look like climate normals. What is learnt
is the change since the same hour of the day before; noise on what is read keeps the sampled paths
from drifting. Head, noise and window were chosen on the validation weeks. wQL in the test
with --seed 0 to 2 (JAX, CPU): 0.0015, 0.0015, 0.0013.
"""

from zoo.data import forecast
from zoo.models.many_to_one import many_to_one
from zoo.registry import Fit, Recipe, register
from zoo.tasks import backtest, forecast_intervals, own_series
from zoo.tasks.forecast_windows import needed

FIT = Fit(
    epochs=12,
    batch_size=32,
    learning_rate=3e-3,
    schedule="cosine",
    window=48,
    horizon=24,
    steps=24,
    head="quantiles",
    difference=True,
    calendar=("day",),
    noise=0.3,
)


def baseline(data, spec):
    """wQL of the seasonal naive forecast (naive where the data have no season)."""
    horizon = spec["horizon"]
    cuts = backtest.cuts(data["test"], horizon, least=needed(spec))
    naive = backtest.naive if cuts[0].layout.season is None else backtest.seasonal_naive
    found = naive(cuts, horizon, backtest.LEVELS)
    return backtest.scores(*found, backtest.truths(cuts, horizon))["wQL"]


register(
    Recipe(
        name="sf_temperature",
        architecture="many_to_one",
        summary="temperature of the next 24 hours, with its uncertainty",
        task=forecast_intervals,
        builder=many_to_one,
        load=own_series.loader(forecast.sf_temperature, FIT),
        options=dict(cell="gru", units=32),
        sizes=dict(features=3, outputs=7),
        fit=FIT,
        metric="wQL",
        baseline=baseline,
        baseline_name="seasonal naive",
        data_name="sf_temperature",
        limits="The data are smooth as climate normals are: a real day is far less certain. The "
        "intervals are too narrow (see the coverage), because the weeks of the test change faster "
        "than most of the year",
        own_data="a CSV with a --target; --time, --exogenous, --series, --frequency, --season",
    )
)
