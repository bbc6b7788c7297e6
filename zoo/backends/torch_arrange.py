"""How the rows of a masked batch are arranged, from their lengths alone (see `torch_layout.py`).

Each arrangement takes the lengths of the rows, the longest first, and returns the segments and the
function (k, r) -> packed row of step k (from 1) of row r.
"""

from bisect import bisect_left, insort

import numpy as np


def by_step(lengths):
    """One segment for each step: no padding at all."""
    return by_time(lambda sizes, batch: tuple((1, n) for n in sizes))(lengths)


def by_time(cut):
    """Side by side. cut: from the rows active at each step, and all rows, to the segments.

    A segment may have more rows and steps than are active: the rest is padding.
    """

    def arrange(lengths):
        steps = np.arange(lengths[0] if len(lengths) else 0)
        sizes = len(lengths) - np.searchsorted(lengths[::-1], steps, side="right")
        segments = cut(sizes.tolist(), len(lengths))
        steps_of, rows_of = np.array(segments, "int64").reshape(-1, 2).T
        rows = np.repeat(rows_of, steps_of)
        starts = np.concatenate([[0], rows.cumsum() - rows])
        return segments, lambda k, r: starts[k] + r

    return arrange


def in_lanes(cut, few=1):
    """One after the other in lanes as long as the longest row, with a step between them.

    A row goes where it leaves least room. cut: from the lanes of each step to the segments; few:
    the number of steps is to be a multiple of it.
    """

    def arrange(lengths):
        longest = -(-int(lengths[0]) // few) * few
        free, places, lanes = [], [], 0  # free: (steps left, lane), the fullest lane first
        for length in lengths[: np.count_nonzero(lengths)].tolist():
            at = bisect_left(free, (length + 1, -1))
            if at < len(free):
                left, lane = free.pop(at)
                places.append((longest - left + 1, lane))
                insort(free, (left - length - 1, lane))
            else:
                places.append((0, lanes))
                insort(free, (longest - length, lanes))
                lanes += 1
        if not lanes:
            return (), lambda k, r: k
        first, lane = np.array(places, "int64").T
        first = np.resize(first * lanes + lane, len(lengths))  # rows without a step are not asked
        return cut([lanes] * longest), lambda k, r: first[r] + (k - 1) * lanes

    return arrange
