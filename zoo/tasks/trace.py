"""One real series in, another out, step by step with a carried state."""

import numpy as np

from zoo import metrics
from zoo.data import series
from zoo.tasks.batching import Batches
from zoo.tasks.losses import squared_error as loss  # noqa: F401
from zoo.tasks.running import running

carried = True  # from batch to batch of training
stepwise = True  # an export of it is its step
WARM_UP = 5  # segments that bring the state up to date before anything is scored


def specify(data, fit):
    return {}


def sizes(spec):
    return {"features": 1, "outputs": 1}


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """One segment a batch, in the order of time."""
    x, y = split
    weights = np.ones((1, x.shape[1]), "float32")
    return Batches(range(len(x)), lambda k: (x[k][None], y[k][None], weights))


def read(raw, spec):
    """Paths of CSV files with one series each."""
    return [series.read_csv(path)[:, None] for path in raw]


def own_input(split, spec):
    """All segments of a split, one after the other."""
    return split[0].reshape(-1, 1)


def answer(model, inputs, spec):
    """The output at every step of each input (T, 1), from a zero state."""
    model = running(model)
    answers = []
    for values in inputs:
        output = model.carry(np.asarray(values, "float32")[None], model.zero_state(1))[0]
        answers.append({"output": [float(v) for v in np.asarray(output)[0, :, 0]]})
    return answers


def evaluate(model, split, spec):
    """MSE over the segments of `split` behind the first few, the state carried throughout."""
    x, y = split
    output = answer(model, [x.reshape(-1, 1)], spec)[0]["output"]
    skip = WARM_UP * x.shape[1]
    return {"MSE": metrics.mse(output[skip:], y.reshape(-1)[skip:])}
