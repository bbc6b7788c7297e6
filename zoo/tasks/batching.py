"""Examples in memory as batches of few fixed shapes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from zoo.data import series, vocabulary
from zoo.data.batches import bucketed, shuffled


@dataclass(frozen=True)
class Batches:
    """A sequence of batches made one at a time: `len` of them, (x, y, weights) each."""

    plan: Sequence
    collate: Callable

    def __len__(self):
        return len(self.plan)

    def __iter__(self):
        return (self.collate(item) for item in self.plan)


class Parts:
    """Epochs that are parts of a pass over the data: called with an epoch, the `Batches` of it.

    make: number of a pass -> its `Batches`, as many in each pass; size: batches of a part, of which
    a pass's last one may have fewer.

    >>> epochs = Parts(lambda k: Batches(range(10 * k, 10 * k + 5), str), size=2)
    >>> [list(epochs(epoch)) for epoch in range(4)]
    [['0', '1'], ['2', '3'], ['4'], ['10', '11']]
    """

    def __init__(self, make, size):
        self.make, self.size = make, size
        self.number, self.batches = 0, make(0)

    def __call__(self, epoch):
        parts = -(-len(self.batches) // self.size)
        number, k = divmod(epoch, parts)
        if number != self.number:
            self.number, self.batches = number, self.make(number)
        return replace(self.batches, plan=self.batches.plan[k * self.size : (k + 1) * self.size])


def fill(indices, batch_size):
    """Indices filled up to a whole batch, and weights (B,): 0 for the rows that only fill.

    One shape for each bucket means one compilation for each bucket.
    """
    missing = batch_size - len(indices)
    weights = np.r_[np.ones(len(indices), "float32"), np.zeros(missing, "float32")]
    return np.r_[indices, np.full(missing, indices[0])], weights


def take(component, indices, length):
    """Rows of an array, or of a list padded to `length`: token arrays as one array, and series
    (T, F) as [values, lengths], since real values do not say which of them are padding."""
    if isinstance(component, np.ndarray):
        return component[indices]
    rows = [component[i] for i in indices]
    return list(series.pad(rows, length)) if rows[0].ndim > 1 else vocabulary.pad(rows, length)


def example_batches(x, y, fit, *, lengths=None, seed=0, epoch=0, shuffle=True, per_token=False):
    """`Batches` over examples.

    x: a list of components, y: one; each an array with N rows or a list of N token arrays; one of
    x may be a list of N series (T, F), which become two inputs, values and lengths.
    lengths: N padded-length needs, bucketed by `fit.boundaries`. per_token: weights (B, T), zero
    where y is padding, instead of (B,).
    """

    def collate(item):
        (indices, length) = item
        indices, weights = fill(indices, fit.batch_size)
        target = take(y, indices, length)
        if per_token:
            weights = weights[:, None] * (target != 0)
        inputs = [take(component, indices, length) for component in x]
        return inputs[0] if len(inputs) == 1 else inputs, target, weights

    if lengths is None:
        plan = [(batch, None) for batch in shuffled(len(y), fit.batch_size, seed, epoch, shuffle)]
    else:
        edges = boundaries(lengths, fit.boundaries)
        plan = bucketed(lengths, fit.batch_size, edges, seed, epoch, shuffle)
    return Batches(plan, collate)


def boundaries(lengths, preferred):
    """`preferred`, and one more that holds the longest sequence where that is longer."""
    longest = max(int(np.max(lengths)), 1) if len(lengths) else 1
    return [*preferred, longest] if longest > max(preferred, default=0) else list(preferred)


def in_batches(
    model, function, component, lengths=None, batch_size=64, edges=(8, 16, 32, 64, 128, 256)
):
    """`function` over rows in batches; results as a list in the input's order.

    model: what runs behind `function`. One that compiles gets few shapes, so that there is little
    to compile; one whose shapes are free gets rows of like lengths, and none to fill a batch.
    function takes one padded batch and returns an array, or a list, with a row for each row.
    """
    count, free = len(component), getattr(model, "free_shapes", False)
    if lengths is None:
        plan = [(batch, None) for batch in shuffled(count, batch_size, 0, 0, shuffle=False)]
    elif free:
        order = np.argsort(lengths, kind="stable")
        cuts = [order[k : k + batch_size] for k in range(0, count, batch_size)]
        plan = [(rows, max(1, int(lengths[rows[-1]]))) for rows in cuts]
    else:
        edges = boundaries(lengths, edges)
        plan = bucketed(lengths, batch_size, edges, 0, 0, shuffle=False)
    results = [None] * count
    for indices, length in tqdm(plan, leave=False, delay=2, disable=None, unit="batch"):
        # A lone row stays alone: filling it up would cost a whole batch's time.
        rows = indices if count == 1 or free else fill(indices, batch_size)[0]
        batch = take(component, rows, length)
        for i, row in zip(indices, function(batch), strict=False):
            results[i] = row
    return results
