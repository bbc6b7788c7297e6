"""The sum of two marked numbers among a hundred.

    zoo train adding                                about half a minute on one core (JAX)

A probe of how far back training reaches: the error shows at the last step, the numbers stand up to
a hundred steps before. Hochreiter and Schmidhuber 1997 ("Long short-term memory", section 5.4): an
LSTM solves it at 100 to 1,000 steps; Le, Jaitly and Hinton 2015 (section 4.1): an LSTM does at 150
and a simple tanh RNN does not. The mean as the answer has an MSE of 1/6. What each cell does here:
docs/probes.md.
"""

import numpy as np

from zoo.data import probes
from zoo.models.many_to_one import many_to_one
from zoo.registry import Fit, Recipe, register
from zoo.tasks import series_value


def load(path=None):
    return probes.adding()


def baseline(data, spec):
    """MSE of the mean sum of training."""
    return float(np.mean(np.square(data["test"][1] - data["train"][1].mean())))


register(
    Recipe(
        name="adding",
        architecture="many_to_one",
        summary="the sum of two marked numbers of a long series",
        task=series_value,
        builder=many_to_one,
        load=load,
        options=dict(cell="lstm", units=32, layers_=2, lengths=True),
        sizes=dict(features=2, outputs=1),
        fit=Fit(
            epochs=30,
            epoch_batches=25,
            batch_size=64,
            learning_rate=5e-3,
            boundaries=(100,),
            goal=0.01,
        ),
        metric="MSE",
        baseline=baseline,
        baseline_name="the mean",
        data_name="adding",
    )
)
