"""Who speaks? Two vowels as a series of spectra in, one of nine speakers out.

    zoo train vowels                        about a minute and a half on one core
    zoo train vowels --data gestures.ts     on your own series

The data are Japanese Vowels (UCI): 12 LPC cepstrum coefficients a step, 7 to 29 steps, with the
published test series, recorded on other occasions. Cell, width, readout and noise were chosen by
five-fold cross-validation of the published training series, where noise on the inputs did most.
Test accuracy with --seed 0 to 2 (TensorFlow, CPU): 0.978 (shipped), 0.986, 0.976. The baseline,
also chosen that way, is no worse: 0.984.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from zoo.data import labelled_series
from zoo.models.many_to_one import many_to_one
from zoo.registry import Fit, Recipe, register
from zoo.tasks import series_label


def load(path=None):
    return labelled_series.vowels() if path is None else labelled_series.read_labelled_ts(path)


def baseline(data, spec):
    """Accuracy of logistic regression on a series' summary, channel by channel: mean, standard
    deviation, least, largest, first and last value."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    x, test = (_summaries(data[split][0], spec) for split in ("train", "test"))
    return float(model.fit(x, data["train"][1]).score(test, data["test"][1]))


def _summaries(series, spec):
    filled = [np.where(np.isnan(x), spec["mean"], x) for x in series]
    return np.array([np.r_[x.mean(0), x.std(0), x.min(0), x.max(0), x[0], x[-1]] for x in filled])


vowels = register(
    Recipe(
        name="vowels",
        architecture="many_to_one",
        summary="speaker of two Japanese vowels, from their spectra",
        task=series_label,
        builder=many_to_one,
        load=load,
        options=dict(
            cell="gru",
            units=128,
            direction="bidirectional",
            readout="mean",
            dropout=0.5,
            lengths=True,
        ),
        sizes=dict(features=12, classes=9),
        fit=Fit(
            epochs=60,
            batch_size=32,
            learning_rate=3e-3,
            schedule="cosine",
            keep="last",
            boundaries=(16, 32),
            noise=0.5,
        ),
        metric="accuracy",
        baseline=baseline,
        baseline_name="logistic regression on summary statistics",
        data_name="vowels",
        own_data="a .ts file of labelled series (or NAME_TRAIN.ts with NAME_TEST.ts beside it)",
    )
)
