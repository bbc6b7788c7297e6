"""Metrics under the names of the field: thin, over the libraries that define them.

Each takes answers and truths in the same order and returns one number. A truth may be a list of
accepted answers where the data lists several.
"""

import numpy as np


def accuracy(answers, truths):
    """Share of right answers."""
    return float(np.mean([a == t for a, t in zip(answers, truths, strict=True)]))


def balanced_accuracy(answers, truths):
    """Share of right answers within each class that the truths have, and the mean of these."""
    right = {label: [] for label in truths}
    for answer, truth in zip(answers, truths, strict=True):
        right[truth].append(answer == truth)
    return float(np.mean([np.mean(r) for r in right.values()]))


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


def sacrebleu(answers, truths):
    """Corpus BLEU of detokenised text, with the tokeniser 13a (Post 2018)."""
    return _scorers()["sacreBLEU"].corpus_score(list(answers), _references(truths)).score


def chrf(answers, truths):
    """Character n-gram F-score of detokenised text (Popović 2015)."""
    return _scorers()["chrF"].corpus_score(list(answers), _references(truths)).score


def translation_signatures():
    """How `sacrebleu` and `chrf` count, in the library's words: version, tokeniser, smoothing."""
    scorers = _scorers()
    for scorer in scorers.values():
        scorer.corpus_score(["a"], [["a"]])
    return {name: str(scorer.get_signature()) for name, scorer in scorers.items()}


def _scorers():
    from sacrebleu.metrics import BLEU, CHRF

    return {"sacreBLEU": BLEU(tokenize="13a"), "chrF": CHRF()}


def _references(truths):
    """sacreBLEU's shape: a list for the first truth of each, the second, ...; None where none."""
    accepted = [_accepted(t) for t in truths]
    count = max(map(len, accepted), default=1)
    return [[t[k] if k < len(t) else None for t in accepted] for k in range(count)]


def word_spans(answers, truths, known=()):
    """Precision, recall and F1 of words in cut texts; a word is right when both its ends are.

    answers, truths: lists of words, which make the same text. Also the recall of the words that
    are not in `known`, where there are any. As the SIGHAN bakeoffs score (Sproat & Emerson 2003).

    >>> word_spans([["AB", "C", "D"]], [["AB", "CD"]])["recall"]
    0.5
    """
    known, right, new, right_new = set(known), 0, 0, 0
    for answer, truth in zip(answers, truths, strict=True):
        found, gold = set(_spans(answer)), _spans(truth)
        hits = [span in found for span in gold]
        unknown = [word not in known for word in truth]
        right, new = right + sum(hits), new + sum(unknown)
        right_new += sum(h and u for h, u in zip(hits, unknown, strict=True))
    precision = right / max(sum(map(len, answers)), 1)
    recall = right / max(sum(map(len, truths)), 1)
    scores = {
        "word F1": 2 * precision * recall / max(precision + recall, 1e-12),
        "precision": precision,
        "recall": recall,
    }
    return scores | ({"recall of new words": right_new / new} if new else {})


def _spans(words):
    ends = np.cumsum([len(word) for word in words]).tolist()
    return list(zip([0, *ends], ends, strict=False))


def span_scores(answers, truths):
    """Precision, recall and F1 of named spans in BIO tags: right are both ends and the kind.

    answers, truths: lists of sentences, each a list of "O", "B-X" and "I-X". An I-X that goes on
    with nothing begins a span, as in conlleval (Tjong Kim Sang and Buchholz 2000) and seqeval.

    >>> span_scores([["B-PER", "I-PER", "O"]], [["B-PER", "I-PER", "B-LOC"]])["span recall"]
    0.5
    """
    found, gold = (
        {(k, *span) for k, tags in enumerate(rows) for span in _named_spans(tags)}
        for rows in (answers, truths)
    )
    right = len(found & gold)
    precision, recall = right / max(len(found), 1), right / max(len(gold), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return {"span F1": f1, "span precision": precision, "span recall": recall}


def _named_spans(tags):
    """(kind, first, end) of each span of a sentence."""
    start = kind = None
    for k, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if start is not None and (prefix != "I" or name != kind):
            yield kind, start, k
            start = None
        if start is None and prefix != "O":
            start, kind = k, name


def nmse(answers, truths):
    """Mean squared error over the variance of the truths: 1 for their mean (Weigend &
    Gershenfeld 1993, "Time series prediction", as in the Santa Fe competition)."""
    return mse(answers, truths) / float(np.var(np.asarray(truths)))


def pinball(quantiles, truths, levels):
    """The mean pinball loss at each level (scikit-learn): forecasts (..., K), truths (...).

    Source: Koenker & Bassett 1978; a proper score of a quantile (Gneiting & Raftery 2007, section
    6.1).
    """
    from sklearn.metrics import mean_pinball_loss

    truths = np.ravel(truths)
    columns = np.reshape(quantiles, (len(truths), len(levels))).T
    pairs = zip(columns, levels, strict=True)
    return [float(mean_pinball_loss(truths, q, alpha=level)) for q, level in pairs]


def weighted_quantile_loss(quantiles, truths, levels):
    """Twice the pinball loss at each level over the mean absolute truth, a mean over the levels.

    The "mean weighted quantile loss" of GluonTS (Alexandrov et al. 2020) and of DeepAR's rho-risk
    (Salinas et al. 2020, section 4).

    >>> weighted_quantile_loss(np.array([[1.0], [5.0]]), np.array([2.0, 4.0]), [0.5])
    0.3333333333333333
    """
    return 2 * float(np.mean(pinball(quantiles, truths, levels))) / float(np.mean(np.abs(truths)))


def crps(quantiles, truths, levels):
    """The continuous ranked probability score, in the unit of the truths, from dense quantiles.

    Twice the integral of the pinball loss over all levels (Gneiting & Raftery 2007, equation 20 and
    section 6), by the trapezoid rule; the loss is 0 at the levels 0 and 1.

    >>> levels = np.arange(0.01, 1, 0.01)
    >>> round(crps(levels[None], np.array([0.5]), levels), 3)  # uniform on [0, 1]: 1 / 12
    0.083
    """
    losses = [0.0, *pinball(quantiles, truths, levels), 0.0]
    return 2 * float(np.trapezoid(losses, [0.0, *levels, 1.0]))


def coverage(low, high, truths):
    """Share of the truths inside their intervals, ends included; right is the intervals' level."""
    return float(np.mean((np.asarray(low) <= truths) & (truths <= np.asarray(high))))


def _accepted(truth):
    return truth if isinstance(truth, (list, tuple)) else [truth]


# name -> whether more is better
HIGHER_IS_BETTER = {
    "accuracy": True,
    "balanced accuracy": True,
    "F1": True,
    "exact match": True,
    "BLEU": True,
    "sacreBLEU": True,
    "chrF": True,
    "rollout RMSE": False,
    "MSE": False,
    "NMSE": False,
    "wQL": False,
    "bits per character": False,
    "perplexity": False,
    "word error rate": False,
    "phoneme error rate": False,
    "word F1": True,
    "span F1": True,
}
