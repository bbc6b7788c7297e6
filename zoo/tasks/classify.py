"""Labels: what image and text classification share."""

import numpy as np

from zoo import metrics
from zoo.errors import InputError


def label_ids(labels, known):
    """Labels as indices into `known`; `InputError` for one that training never saw."""
    index = {label: i for i, label in enumerate(known)}
    for label in labels:
        if label not in index:
            raise InputError(
                f"label {label!r} was not in the training data, expected one of "
                f"{', '.join(known)}: correct it, or train again with it"
            )
    return np.array([index[label] for label in labels], "int32")


def label_answers(logits, labels):
    """Logits (N, classes) as [{"output": label, "probabilities": {label: p}}], likeliest first."""
    answers = []
    for row in np.asarray(logits, "float64").reshape(-1, len(labels)):
        p = np.exp(row - row.max())
        p /= p.sum()
        order = np.argsort(-p)
        probabilities = {labels[k]: round(float(p[k]), 6) for k in order}
        answers.append({"output": labels[order[0]], "probabilities": probabilities})
    return answers


def label_scores(answers, truths, positive=None):
    """Accuracy, and F1 of `positive` where there is one."""
    outputs = [a["output"] for a in answers]
    scores = {"accuracy": metrics.accuracy(outputs, truths)}
    if positive is not None:
        scores["F1"] = metrics.f1(outputs, truths, positive)
    return scores
