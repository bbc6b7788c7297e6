"""The two synthetic recipes over several seeds, for the spread.

python scripts/seeds.py sine                          rollout RMSE over 294 and 1,180 steps
python scripts/seeds.py sine_to_cosine                MSE of the last 10 of 100 segments
python scripts/seeds.py sine --constant 0.001         as specified: a constant rate
"""

import argparse
from dataclasses import replace

import numpy as np

from zoo import registry, training
from zoo.data import series
from zoo.tasks import forecast


def measure(run):
    """The figures of one run by name."""
    if run.history["name"] == "sine":
        longer = series.sine(0, 119.95)  # 20 values given, 1,180 rolled out
        splits = {"RMSE, 294 steps": run.data["test"], "RMSE, 1,180 steps": longer}
        return {
            name: forecast.evaluate(run.model, split, run.spec)["rollout RMSE"]
            for name, split in splits.items()
        }
    return {"mean MSE, last 10 segments": float(np.mean(run.history["batches"][-10:]))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=["sine", "sine_to_cosine"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--constant", type=float, help="a constant rate, and no clipping")
    given = parser.parse_args()
    recipe = registry.recipe(given.name)
    if given.constant:
        specified = dict(schedule="constant", clip=None, keep="last")
        fit = replace(recipe.fit, learning_rate=given.constant, **specified)
        recipe = replace(recipe, fit=fit)
    for seed in range(given.seeds):
        figures = measure(training.fit(recipe, seed=seed, bar=False))
        line = "   ".join(f"{name} {value:.5f}" for name, value in figures.items())
        print(f"{given.name} seed {seed}   {line}", flush=True)


if __name__ == "__main__":
    main()
