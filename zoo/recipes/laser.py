"""A chaotic laser: the next intensity as a distribution, from the 64 before it.

    zoo train laser                         about three minutes on one core

Data set A of the Santa Fe competition (Weigend & Gershenfeld 1993), one step ahead. The head was
chosen on the validation part: a normal likelihood learns the regular pulses and forgives itself the
rare collapses (NMSE 0.11 after 15 epochs), the pinball loss of quantiles does not (0.0028 after
12). Test NMSE with --seed 0 to 2 (JAX, CPU): 0.0026, 0.0019, 0.0018.
"""

from zoo import metrics
from zoo.data import forecast
from zoo.models.many_to_one import many_to_one
from zoo.registry import Fit, Recipe, register
from zoo.tasks import backtest, forecast_intervals, own_series
from zoo.tasks.forecast_windows import needed

FIT = Fit(
    epochs=50,
    batch_size=32,
    learning_rate=4e-3,
    schedule="cosine",
    window=64,
    steps=50,
    head="quantiles",
)


def baseline(data, spec):
    """NMSE of a linear autoregression of order 50, fitted to all that came before."""
    cuts = backtest.cuts(data["test"], 1, least=needed(spec))
    return metrics.nmse(backtest.autoregression(cuts, 50), backtest.truths(cuts, 1))


register(
    Recipe(
        name="laser",
        architecture="many_to_one",
        summary="next intensity of a chaotic laser, with its uncertainty",
        task=forecast_intervals,
        builder=many_to_one,
        load=own_series.loader(forecast.laser, FIT),
        options=dict(cell="lstm", units=64, layers_=2),
        sizes=dict(features=1, outputs=7),
        fit=FIT,
        metric="NMSE",
        baseline=baseline,
        baseline_name="AR(50)",
        data_name="laser",
        limits="Scored one step ahead only: sampled 50 steps ahead, the truth can leave the 90% "
        "interval",
        own_data="a CSV with a --target; --time, --exogenous, --series, --frequency, --season",
    )
)
