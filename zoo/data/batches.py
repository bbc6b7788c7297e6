"""Which rows form a batch: shuffled or by length, the same for the same seed and epoch."""

from collections.abc import Sequence

import numpy as np

from zoo.errors import InputError


def shuffled(
    count: int, batch_size: int, seed: int, epoch: int, shuffle: bool = True
) -> list[np.ndarray]:
    """Indices 0..count-1 in batches, each index once; the last batch may be smaller.

    >>> [len(batch) for batch in shuffled(10, 4, seed=0, epoch=0)]
    [4, 4, 2]
    """
    order = np.random.default_rng((seed, epoch)).permutation(count) if shuffle else np.arange(count)
    return [order[start : start + batch_size] for start in range(0, count, batch_size)]


def bucketed(
    lengths: Sequence[int],
    batch_size: int,
    boundaries: Sequence[int],
    seed: int,
    epoch: int,
    shuffle: bool = True,
) -> list[tuple[np.ndarray, int]]:
    """Batches of sequences of similar length, each padded to its bucket's boundary.

    lengths: of every sequence. boundaries: the padded lengths to use; a sequence goes to the
    smallest that holds it, so that few shapes are compiled and little is padded.
    Returns [(indices, padded length)], each index once, batches of all buckets mixed; only a
    bucket's last batch may be smaller than `batch_size` (the caller pads it).
    Raises `InputError` for a sequence longer than the last boundary: nothing is cut silently.

    >>> bucketed([3, 9, 4], 2, [5, 10], seed=0, epoch=0, shuffle=False)
    [(array([0, 2]), 5), (array([1]), 10)]
    """
    lengths, edges = np.asarray(lengths, int), np.unique(boundaries)
    if len(lengths) and (not len(edges) or lengths.max() > edges[-1]):
        raise InputError(
            f"a sequence of length {lengths.max()} and boundaries {edges.tolist()}; cut the "
            "sequence with maximum, or add a longer boundary"
        )
    random = np.random.default_rng((seed, epoch))
    bucket = np.searchsorted(edges, lengths)
    batches = []
    for number, edge in enumerate(edges.tolist()):
        members = np.flatnonzero(bucket == number)
        members = random.permutation(members) if shuffle else members
        starts = range(0, len(members), batch_size)
        batches += [(members[start : start + batch_size], edge) for start in starts]
    order = random.permutation(len(batches)) if shuffle else range(len(batches))
    return [batches[index] for index in order]
