"""A handwritten digit, one pixel after the other: 64 steps of one value, then the answer.

    zoo train sequential_digits                     about half a minute on one core (JAX)

The pictures and splits of `digits`, read row by row, as Le, Jaitly and Hinton 2015 ("A simple way
to initialize recurrent networks of rectified linear units", section 4.2) read MNIST in 784 steps,
where a simple tanh RNN stays far behind an LSTM. What each cell does here: docs/probes.md.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

from zoo.data import probes
from zoo.models.many_to_one import many_to_one
from zoo.registry import Fit, Recipe, register
from zoo.tasks import series_label


def load(path=None):
    return probes.sequential_digits()


def baseline(data, spec):
    """Accuracy of logistic regression on the pixels, as of `digits`."""
    x, test = (np.stack(data[split][0])[..., 0] * 16 for split in ("train", "test"))
    model = LogisticRegression(max_iter=1000).fit(x, data["train"][1])
    return float(model.score(test, data["test"][1]))


register(
    Recipe(
        name="sequential_digits",
        architecture="many_to_one",
        summary="handwritten digit, read one pixel after the other",
        task=series_label,
        builder=many_to_one,
        load=load,
        options=dict(cell="lstm", units=32, layers_=2, lengths=True),
        sizes=dict(features=1, classes=10),
        fit=Fit(
            epochs=40,
            batch_size=32,
            learning_rate=5e-3,
            boundaries=(64,),
            goal=0.95,
        ),
        metric="accuracy",
        baseline=baseline,
        baseline_name="logistic regression",
        data_name="digits",
    )
)
