"""A linear-chain CRF in NumPy: the best path (Viterbi 1967), for one row at a time."""

import numpy as np


def viterbi(emissions, mask, transitions, start, end):
    """The best tags (B, T) int32, 0 at masked steps.

    emissions (B, T, V); mask (B, T) bool, True = a real step, holes allowed; transitions (V, V)
    [from, to], start and end (V,), all with a large negative number where a tag is forbidden. The
    path with the largest start + sum of emissions + sum of transitions + end.

    >>> emissions = np.array([[[0.0, 9.0], [1.0, 0.0]]])
    >>> stay = np.array([[0.0, -99.0], [-99.0, 0.0]])
    >>> viterbi(emissions, np.ones((1, 2), bool), stay, np.zeros(2), np.zeros(2)).tolist()
    [[1, 1]]
    """
    tags = np.zeros(mask.shape, "int32")
    for row, (scores, real) in enumerate(zip(emissions, np.asarray(mask, bool), strict=True)):
        steps = np.flatnonzero(real)
        if len(steps):
            tags[row, steps] = _path(scores[steps], transitions, start, end)
    return tags


def _path(scores, transitions, start, end):
    best, came = start + scores[0], []
    for score in scores[1:]:
        through = best[:, None] + transitions  # [from, to]
        came.append(through.argmax(axis=0))
        best = through.max(axis=0) + score
    path = [int((best + end).argmax())]
    for before in reversed(came):
        path.append(int(before[path[-1]]))
    return path[::-1]
