"""Spam or not: a mail in, one label out, by an LSTM.

    zoo train spam            about 5 minutes on two cores

The data are the SpamAssassin mails (subject and body), without headers and list footers,
deduplicated before they were split. Case is kept, because mails that shout are spam; the head reads
the largest value of each unit over time, which finds a telling phrase wherever it stands; two words
in ten are hidden in training, so that none carries a label alone. All of that was chosen on the
validation split.

The baseline is scikit-learn's TF-IDF and logistic regression as they come. With both tuned on the
validation split (`tuned_baseline`) they reach F1 0.956 and are still ahead of this network:

    python scripts/spam_baselines.py
"""

from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

from zoo.data import text
from zoo.models.many_to_one import many_to_one
from zoo.registry import Fit, Recipe, register
from zoo.tasks import text_label


def load(path=None):
    return text.spam() if path is None else text.read_labelled_csv(path)


def baseline(data, spec):
    """F1 (accuracy with more than two labels) of TF-IDF with logistic regression, as they come."""
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))
    return _score(model.fit(*data["train"]), data["test"], spec)


def tuned_baseline(data, spec):
    """The same, as strong as it gets: counts on a log scale, the penalty chosen on validation."""
    words = TfidfVectorizer(sublinear_tf=True, min_df=2)
    models = [
        make_pipeline(words, LogisticRegression(C=c, max_iter=3000)) for c in (1, 10, 100, 1000)
    ]
    fitted = [clone(model).fit(*data["train"]) for model in models]
    best = max(fitted, key=lambda model: _score(model, data["validation"], spec))
    return _score(best, data["test"], spec)


def _score(model, split, spec):
    texts, truth = split
    if spec.get("positive") is None:
        return float(model.score(texts, truth))
    return float(f1_score(truth, model.predict(texts), pos_label=spec["positive"]))


register(
    Recipe(
        name="spam",
        architecture="many_to_one",
        summary="spam or not, from the subject and body of a mail",
        task=text_label,
        builder=many_to_one,
        load=load,
        options=dict(
            cell="lstm",
            units=48,
            embedding=64,
            direction="bidirectional",
            readout="max",
            dropout=0.5,
            token_dropout=0.2,
        ),
        sizes=dict(vocabulary=10_000, classes=2),
        fit=Fit(
            epochs=8,
            batch_size=32,
            learning_rate=2e-3,
            schedule="cosine",
            minimum_frequency=3,
            vocabulary=10_000,
            lowercase=False,
            boundaries=(64, 128, 192, 256, 400),
        ),
        metric="F1",
        baseline=baseline,
        baseline_name="TF-IDF + logistic regression",
        data_name="spam",
        own_data="a CSV with the columns text and label",
        positive="spam",
    )
)
