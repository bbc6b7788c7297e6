"""Where the real steps of a batch lie: masks of any pattern turned into rows that do not wait.

The library calls and the loop work on packed rows. For each segment of time (some steps, as many
rows for each) the rows of its steps follow each other. Rows are sorted, the longest first, and a
masked step has no place at all: a step that follows it in time follows it nowhere else, because
it leaves the state as it was. So right padding, left padding, holes and reversal are one thing.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch


@dataclass(frozen=True)
class Layout:
    """A batch (B, T) laid out in M packed rows, and the way back.

    segments: (steps, rows) pairs. Without a mask the other fields are None and rows keep their
    order. order, inverse (B,): the sorting of the rows, and back. source (M,): which of the B*T
    positions stands in each packed row. padding (M, 1) bool: packed rows without a step, None if
    there are none; target: source with B*T there. place (B*T,): the packed row of each position's
    output, M + i for the initial state of sorted row i; waits: whether there are any of those.
    last: the packed row of the last step of each sorted row that has one. lanes: rows follow each
    other in lanes, with a step of padding between them that resets the state.
    """

    batch: int
    steps: int
    reverse: bool
    segments: tuple
    order: torch.Tensor | None = None
    inverse: torch.Tensor | None = None
    source: torch.Tensor | None = None
    target: torch.Tensor | None = None
    padding: torch.Tensor | None = None
    place: torch.Tensor | None = None
    last: torch.Tensor | None = None
    waits: bool = False
    lanes: bool = False

    @property
    def sizes(self):
        """The rows of each step."""
        return [n for steps, n in self.segments for _ in range(steps)]

    @property
    def rows(self):
        """The rows of the first step."""
        return self.segments[0][1] if self.segments else 0

    def pack(self, x):
        """x (B, T, F) -> (M, F), in the order of processing."""
        if self.source is None:
            x = x.transpose(0, 1)
            return (x.flip(0) if self.reverse else x).reshape(-1, x.shape[2])
        packed = x.reshape(-1, x.shape[2]).index_select(0, self.source)
        # Not by a product: what stands at a masked step may be infinite.
        return packed if self.padding is None else packed.masked_fill_(self.padding, 0)

    def unpack(self, packed, start):
        """Packed outputs (M, U) -> a row for each position, as `shape` wants them.

        start (B, U), in sorted order: the output of a position before any step.
        """
        if self.place is None:
            return packed
        rows = torch.cat([packed, start]) if self.waits else packed
        return rows.index_select(0, self.place)

    def shape(self, rows):
        """What `unpack` returned, as (B, T, U)."""
        if self.place is not None:
            return rows.view(self.batch, self.steps, -1)
        rows = rows.view(self.steps, self.batch, -1)
        return (rows.flip(0) if self.reverse else rows).transpose(0, 1)

    def pack_gradient(self, d_packed):
        """The gradient of x from that of the packed x: nothing reaches a masked step."""
        if self.source is None:
            return self.shape(d_packed)
        # One row more takes what reached the padding.
        d_x = d_packed.new_zeros(self.batch * self.steps + 1, d_packed.shape[1])
        d_x.index_copy_(0, self.target, d_packed)
        return d_x[:-1].view(self.batch, self.steps, -1)

    def unpack_gradient(self, d_rows):
        """The gradients of the packed outputs and of the start (None without a mask)."""
        if self.place is None:
            return d_rows, None
        M = self.source.shape[0]
        total = d_rows.new_zeros(M + self.batch * self.waits, d_rows.shape[1])
        total.index_add_(0, self.place, d_rows)
        return total[:M], total[M:] if self.waits else None

    def sort(self, states):
        """Rows of (B, U) tensors into the order of the layout."""
        return states if self.order is None else [s.index_select(0, self.order) for s in states]

    def unsort(self, states):
        """Rows of (B, U) tensors back into the order of the batch; None stays None."""
        if self.inverse is None:
            return states
        return [None if s is None else s.index_select(0, self.inverse) for s in states]

    def at_the_end(self, trail, start):
        """The states after each row's last step, from those of all steps, packed."""
        if self.last is None:
            return [t[-self.batch :].clone() for t in trail]
        n = self.last.shape[0]
        return [
            torch.cat([t.index_select(0, self.last), s[n:]])
            for t, s in zip(trail, start, strict=True)
        ]


@lru_cache(maxsize=256)
def dense(batch, steps, reverse, cut=None):
    """The layout without a mask; cut, from the rows of each step to the segments."""
    sizes = [batch] * steps
    return Layout(batch, steps, reverse, cut(sizes) if cut else tuple((1, n) for n in sizes))


def masked(mask, reverse, arrange, device, lanes=False):
    """The layout of mask (B, T) bool, on CPU, True = a real step, with any pattern.

    arrange: one of `torch_arrange.py`: from the lengths of the rows, the longest first, to the
    segments and the function that says in which packed row step k (from 1) of sorted row r stands.
    """
    # In NumPy: a dozen small operations, and a GPU does not wait for each of them.
    real = mask.numpy()
    real = real[:, ::-1] if reverse else real
    B, T = real.shape
    step = real.cumsum(1)  # (B, T): how many real steps so far
    length = step[:, -1]
    order = np.argsort(-length, kind="stable")
    inverse = np.empty_like(order)
    inverse[order] = np.arange(B)
    segments, packed_row = arrange(length[order])
    M = sum(steps * rows for steps, rows in segments)
    sorted_row = inverse[:, None]
    place = np.where(step > 0, packed_row(step, sorted_row), M + sorted_row)
    last = place[order[: np.count_nonzero(length)], -1]
    at = np.flatnonzero(real)
    target = np.full(M, B * T)
    target[place.reshape(-1)[at]] = at // T * T + (T - 1 - at % T) if reverse else at
    source, padding = target, None
    if len(at) < M:
        padding = target[:, None] == B * T
        source = np.where(padding[:, 0], 0, target)
    place = np.ascontiguousarray(place[:, ::-1] if reverse else place).reshape(-1)
    arrays = (order, inverse, source, target, padding, place, last)
    arrays = (_tensor(a, device) for a in arrays)
    return Layout(B, T, reverse, segments, *arrays, bool((step[:, 0] == 0).any()), lanes)


def _tensor(array, device):
    return None if array is None else torch.from_numpy(array).to(device, non_blocking=True)
