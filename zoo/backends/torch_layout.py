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
    there are none. place (B, T): the packed row of each position's output, M + i for the initial
    state of sorted row i. last: the packed row of the last step of each sorted row that has one.
    """

    batch: int
    steps: int
    reverse: bool
    segments: tuple
    order: torch.Tensor | None = None
    inverse: torch.Tensor | None = None
    source: torch.Tensor | None = None
    padding: torch.Tensor | None = None
    place: torch.Tensor | None = None
    last: torch.Tensor | None = None

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
        return packed if self.padding is None else packed.masked_fill(self.padding, 0)

    def unpack(self, packed, start):
        """Packed outputs (M, U) -> (B, T, U); start (B, U) in sorted order: outputs before any."""
        if self.place is None:
            y = packed.view(self.steps, self.batch, -1)
            return (y.flip(0) if self.reverse else y).transpose(0, 1)
        rows = torch.cat([packed, start]).index_select(0, self.place.view(-1))
        return rows.view(self.batch, self.steps, -1)

    def pack_gradient(self, d_packed):
        """The gradient of x from that of the packed x: nothing reaches a masked step."""
        if self.source is None:
            return self.unpack(d_packed, None)
        places = self.source
        if self.padding is not None:
            real = self.padding.logical_not().view(-1).nonzero().view(-1)
            d_packed, places = d_packed.index_select(0, real), places.index_select(0, real)
        d_x = d_packed.new_zeros(self.batch * self.steps, d_packed.shape[1])
        return d_x.index_copy_(0, places, d_packed).view(self.batch, self.steps, -1)

    def unpack_gradient(self, d_outputs):
        """The gradients of the packed outputs and of the start (None without a mask)."""
        if self.place is None:
            return self.pack(d_outputs), None
        M = self.source.shape[0]
        rows = d_outputs.new_zeros(M + self.batch, d_outputs.shape[2])
        rows.index_add_(0, self.place.view(-1), d_outputs.reshape(-1, d_outputs.shape[2]))
        return rows[:M], rows[M:]

    def sort(self, states):
        """Rows of (B, U) tensors into the order of the layout."""
        return states if self.order is None else [s.index_select(0, self.order) for s in states]

    def unsort(self, states):
        """Rows of (B, U) tensors back into the order of the batch."""
        if self.inverse is None:
            return states
        return [s.index_select(0, self.inverse) for s in states]

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
def dense(batch, steps, reverse, cut):
    """The layout without a mask. cut: as for `masked`."""
    return Layout(batch, steps, reverse, cut([batch] * steps))


def masked(mask, reverse, cut):
    """The layout of mask (B, T) bool, True = a real step, with any pattern.

    cut: a function from the number of rows active at each step to the segments. A row that ends
    within a segment stays in it to the end, as padding.
    """
    # In NumPy: a dozen small operations, and on a GPU one transfer instead of a wait for each.
    real = mask.cpu().numpy()
    real = real[:, ::-1] if reverse else real
    B, T = real.shape
    step = real.cumsum(1)  # (B, T): how many real steps so far
    length = step[:, -1]
    order = np.argsort(-length, kind="stable")
    inverse = np.empty_like(order)
    inverse[order] = np.arange(B)
    shortest_first = length[order[::-1]]
    sizes = B - np.searchsorted(shortest_first, np.arange(length.max(initial=0)), side="right")
    segments = cut(sizes.tolist())
    steps_of, rows_of = np.array(segments, "int64").reshape(-1, 2).T
    rows = np.repeat(rows_of, steps_of)
    ends = rows.cumsum()
    M = int(rows.sum())
    starts = np.concatenate([[M], ends - rows])
    place = starts[step] + inverse[:, None]  # before any step: M + the sorted row
    last = place[order[: sizes[0] if segments else 0], -1]
    at = np.flatnonzero(real)
    source, padding = np.zeros(M, "int64"), None
    packed = place.reshape(-1)[at]
    source[packed] = at // T * T + (T - 1 - at % T) if reverse else at
    if len(at) < M:
        padding = np.ones((M, 1), bool)
        padding[packed] = False
    place = np.ascontiguousarray(place[:, ::-1]) if reverse else place
    arrays = (order, inverse, source, padding, place, last)
    return Layout(B, T, reverse, segments, *(_tensor(a, mask.device) for a in arrays))


def _tensor(array, device):
    return None if array is None else torch.from_numpy(array).to(device, non_blocking=True)


def step_by_step(sizes):
    """A segment for each step: no padding at all."""
    return tuple((1, n) for n in sizes)
