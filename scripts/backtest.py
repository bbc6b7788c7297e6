"""A rolling backtest of forecasting models beside the naive forecasts, as a table.

    python scripts/backtest.py sunspots laser sf_temperature
    python scripts/backtest.py runs/laser-0 runs/laser-1 runs/laser-2     # the mean of several
    python scripts/backtest.py runs/mine --data newer.csv --horizon 48

Cut-offs are those of `zoo evaluate`: the first value of the test split, then every horizon. Several
runs of one recipe become one row, their mean; the spread over seeds stands in the cards.
"""

import argparse
import sys
from collections import defaultdict

import numpy as np

from zoo import predictor
from zoo.cli.output import number, table
from zoo.errors import InputError
from zoo.tasks import forecast_intervals

METRICS = ("wQL", "CRPS", "MSE", "NMSE", "coverage 50%", "coverage 80%", "coverage 90%")
NAIVE = ("naive", "seasonal naive")


def measured(name, data, horizon):
    """(recipe, scores) of one model."""
    loaded = predictor.load(name)
    if loaded.recipe.task is not forecast_intervals:
        raise InputError(f"model {name!r} does not forecast with intervals: choose another")
    if horizon is not None:
        loaded.spec["horizon"] = horizon
    return loaded.name, loaded.evaluate(data)


def rows(recipe, runs):
    """Lines of the table: the model, then both naive forecasts, which are the same in all runs."""
    for name in ("", *(f"{name} " for name in NAIVE)):
        if f"{name}{METRICS[0]}" in runs[0]:
            means = [float(np.mean([scores[f"{name}{m}"] for scores in runs])) for m in METRICS]
            yield [f"  {name}" if name else recipe, *map(shown, METRICS, means)]


def shown(metric, value):
    return f"{value:.0%}" if metric.startswith("coverage") else number(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", metavar="NAME", help="shipped models or run folders")
    parser.add_argument("--data", help="your own file, by default the one of training")
    parser.add_argument("--horizon", type=int, help="steps of each forecast")
    given = parser.parse_args()
    found = defaultdict(list)
    try:
        for name in given.names:
            recipe, scores = measured(name, given.data, given.horizon)
            found[recipe].append(scores)
    except InputError as error:
        sys.exit(f"backtest: {error}")
    lines = [line for recipe, runs in found.items() for line in rows(recipe, runs)]
    heads = ["", *(metric.replace("coverage", "in") for metric in METRICS)]
    print(table([heads, *lines], right=set(range(1, len(METRICS) + 1))))


if __name__ == "__main__":
    main()
