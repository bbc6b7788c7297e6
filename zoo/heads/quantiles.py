"""Quantiles at given levels as a head, and the table of all heads."""

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import ClassVar

import numpy as np

from zoo.errors import InputError
from zoo.heads.arrays import ops
from zoo.heads.distributions import Head, Normal, StudentT, check_share


@dataclass(frozen=True)
class Quantiles(Head):
    """Any distribution, by its quantiles at `levels`: one block for each level.

    levels: at least two, rising, between 0 and 1. Raises `InputError` for others.
    Loss: the pinball loss in the unit of the values, a mean over the levels (Koenker & Bassett
    1978); twice it approaches the CRPS as the levels grow dense.

    The blocks are free to cross; they are sorted where they are read, which never moves them away
    from the truth (Chernozhukov, Fernandez-Val & Galichon 2010). Between two levels the inverse CDF
    is linear. Beyond the outermost ones the tails are exponential: they start with the slope of
    the outermost pair, q(u) = q_1 + s_1 l_1 log(u / l_1), and as such on the other side. `sample`,
    `quantile` and `mean` are all of this distribution.

    >>> outputs = np.array([[1.0, 2.0, 4.0]], "float32")
    >>> head = Quantiles((0.1, 0.5, 0.9))
    >>> [round(float(head.quantile(outputs, p)[0, 0]), 2) for p in (0.01, 0.1, 0.7, 0.9)]
    [0.42, 1.0, 3.0, 4.0]
    """

    name: ClassVar[str] = "quantiles"
    levels: tuple = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)

    def __post_init__(self):
        levels = self.levels
        if not isinstance(levels, (tuple, list)) or len(levels) < 2:
            raise InputError(f"levels is {levels!r}, expected at least two: for example 0.1, 0.9")
        for level in levels:
            check_share("a level", level)
        if any(a >= b for a, b in pairwise(levels)):
            raise InputError(f"levels is {levels!r}, expected rising numbers: sort them")
        object.__setattr__(self, "levels", tuple(float(level) for level in levels))

    @property
    def parts(self):
        """One number for each level."""
        return len(self.levels)

    def config(self):
        """The head as plain JSON, its name and options; `head_from` reads it."""
        return {"name": self.name, "levels": list(self.levels)}

    def _losses(self, y, *blocks):
        over = [y - q for q in blocks]
        pinball = [ops.maximum(p * e, (p - 1) * e) for p, e in zip(self.levels, over, strict=True)]
        return sum(pinball) / len(pinball)

    def _mean(self, *blocks):
        q, slope = self._segments(blocks)
        low, high = self.levels[0], 1 - self.levels[-1]
        inner = ops.sum((q[1:] + q[:-1]) * self._along(self._widths() / 2, q), axis=0)
        tails = low * (q[0] - low * slope[0]) + high * (q[-1] + high * slope[-1])
        return inner + tails

    def _quantile(self, level, *blocks):
        return self._inverse(ops.full_like(blocks[0], level), blocks)

    def _sample(self, uniform, *blocks):
        return self._inverse(uniform[0], blocks)

    def _inverse(self, u, blocks):
        """The value below which lies a share u (..., F): a tail, all segments as ramps, a tail."""
        q, slope = self._segments(blocks)
        low, high = self.levels[0], 1 - self.levels[-1]
        above = u[None] - self._along(np.array(self.levels[:-1]), u[None])
        ramps = ops.sum(slope * ops.clip(above, 0, self._along(self._widths(), u[None])), axis=0)
        left = slope[0] * low * ops.log(ops.minimum(u / low, 1))
        right = slope[-1] * high * ops.log(ops.minimum((1 - u) / high, 1))
        return q[0] + ramps + left - right

    def _segments(self, blocks):
        """Sorted quantiles (K, ..., F) and the slopes between them (K - 1, ..., F)."""
        q = ops.sort(ops.stack(blocks), axis=0)
        return q, (q[1:] - q[:-1]) / self._along(self._widths(), q)

    def _widths(self):
        return np.diff(self.levels)

    def _along(self, values, like):
        """One number for each level, to be multiplied with (K, ..., F)."""
        shape = (-1, *[1] * (len(like.shape) - 1))
        return ops.like(values.reshape(shape).astype("float32"), like)


HEADS = {head.name: head for head in (Normal, StudentT, Quantiles)}


def head_from(config):
    """The head that `config` names, with its options; `Head.config` writes it.

    Raises `InputError` for a name that is not in `HEADS`, or options that the head has not.

    >>> head_from({"name": "quantiles", "levels": [0.1, 0.5, 0.9]})
    Quantiles(levels=(0.1, 0.5, 0.9))
    """
    if not isinstance(config, dict) or config.get("name") not in HEADS:
        raise InputError(
            f"head {config!r} is not known, expected a dict whose name is one of "
            f"{', '.join(HEADS)}: for example {Normal().config()}"
        )
    options = {key: value for key, value in config.items() if key != "name"}
    known = [field.name for field in fields(HEADS[config["name"]])]
    if wrong := sorted(set(options) - set(known)):
        raise InputError(
            f"head {config['name']!r} has no option {wrong[0]!r}, expected {', '.join(known)}: "
            "drop it"
        )
    return HEADS[config["name"]](**options)
