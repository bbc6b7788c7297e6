"""Metrics under the names of the field: thin, over the libraries that define them.

Each takes answers and truths in the same order and returns one number. A truth may be a list of
accepted answers where the data lists several.
"""

import numpy as np


def accuracy(answers, truths):
    """Share of right answers."""
    return float(np.mean([a == t for a, t in zip(answers, truths, strict=True)]))


def f1(answers, truths, positive):
    """F1 of the class `positive` (scikit-learn)."""
    from sklearn.metrics import f1_score

    return float(f1_score(truths, answers, pos_label=positive))


def rmse(answers, truths):
    """Root of the mean squared error."""
    return float(np.sqrt(np.mean(np.square(np.asarray(answers) - np.asarray(truths)))))


def mse(answers, truths):
    """Mean squared error."""
    return float(np.mean(np.square(np.asarray(answers) - np.asarray(truths))))


def word_error_rate(answers, truths):
    """Share of words whose answer is none of the accepted ones."""
    return 1.0 - exact_match(answers, truths)


def exact_match(answers, truths):
    """Share of answers equal to one of the accepted ones."""
    return float(np.mean([a in _accepted(t) for a, t in zip(answers, truths, strict=True)]))


def symbol_error_rate(answers, truths):
    """Edits per symbol against the nearest accepted answer (phoneme error rate for g2p)."""
    from rapidfuzz.distance import Levenshtein

    edits = symbols = 0
    for answer, truth in zip(answers, truths, strict=True):
        nearest = min(
            (Levenshtein.distance(answer.split(), t.split()), len(t.split()))
            for t in _accepted(truth)
        )
        edits, symbols = edits + nearest[0], symbols + nearest[1]
    return edits / max(symbols, 1)


def bleu(answers, truths):
    """Corpus BLEU on words (sacreBLEU, no tokenisation: the texts are plain words already)."""
    from sacrebleu.metrics import BLEU

    references = [[_accepted(t)[0] for t in truths]]
    return BLEU(tokenize="none", force=True).corpus_score(list(answers), references).score


def _accepted(truth):
    return truth if isinstance(truth, (list, tuple)) else [truth]


# name -> whether more is better
HIGHER_IS_BETTER = {
    "accuracy": True,
    "F1": True,
    "exact match": True,
    "BLEU": True,
    "rollout RMSE": False,
    "MSE": False,
    "bits per character": False,
    "word error rate": False,
    "phoneme error rate": False,
}
