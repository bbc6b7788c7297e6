"""Forecasts that are distributions: how many numbers a model outputs, and what they mean.

A head is a small value object without weights. It reads outputs (..., size(F)), which stand in
blocks of F: all means, then all scales, and so on. Everything is computed in float32, also for
outputs in half precision. For NumPy arrays it is computed by NumPy, and Keras is not needed.
"""

import math
from dataclasses import asdict, dataclass
from functools import lru_cache
from numbers import Integral, Real
from statistics import NormalDist
from typing import ClassVar

import numpy as np
from numpy.polynomial import chebyshev

from zoo.errors import InputError
from zoo.heads.arrays import ops

# Uniform numbers are kept this far from 0 and 1, where a quantile can be infinite.
EDGE = 2.0**-24
# Degrees of freedom above this are a normal distribution to float32.
MOST_DEGREES = 1e6
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class Head:
    """What every head does. `parts`: numbers per value; `draws`: uniform numbers per sample."""

    name: ClassVar[str]
    parts: ClassVar[int]
    draws: ClassVar[int] = 1

    def size(self, features):
        """How many numbers a model outputs for `features` values. Raises `InputError` below 1."""
        if not isinstance(features, Integral) or features < 1:
            raise InputError(f"features is {features!r}, expected a whole number of at least 1")
        return self.parts * int(features)

    def config(self):
        """The head as plain JSON, its name and options; `head_from` reads it."""
        return {"name": self.name, **asdict(self)}

    def loss(self, y_true, outputs):
        """The loss of values (..., F) under outputs (..., size(F)): their mean over F, (...).

        Raises `InputError` for values that do not fit the outputs.
        """
        blocks = self._blocks(outputs)
        y_true = ops.like(y_true, blocks[0])
        F = blocks[0].shape[-1]
        if len(y_true.shape) != len(blocks[0].shape) or y_true.shape[-1] not in (F, None):
            raise InputError(
                f"y_true has shape {tuple(y_true.shape)}, expected one like the outputs' with "
                f"{F} values in the last place: {self.name} reads {F} values from {self.size(F)}"
            )
        return ops.mean(self._losses(y_true, *blocks), axis=-1)

    def mean(self, outputs):
        """The mean of the distribution, the point forecast: (..., size(F)) -> (..., F)."""
        return self._mean(*self._blocks(outputs))

    def quantile(self, outputs, level):
        """The values that a share `level` lies below: (..., size(F)) -> (..., F).

        level: one number. Raises `InputError` unless it lies between 0 and 1.
        """
        check_share("level", level)
        return self._quantile(float(level), *self._blocks(outputs))

    def sample(self, outputs, uniform):
        """One value each, from uniform numbers: (..., size(F)), (..., draws * F) -> (..., F).

        uniform: numbers between 0 and 1 drawn outside, so that one seed gives one sample on every
        backend; in `draws` blocks of F. Raises `InputError` for another number of them.
        """
        blocks = self._blocks(outputs)
        uniform = ops.like(uniform, blocks[0])
        needed = self.draws * blocks[0].shape[-1]
        if uniform.shape[-1] != needed:
            raise InputError(
                f"uniform has shape {tuple(uniform.shape)}, expected {needed} numbers in the last "
                f"place: {self.name} draws {self.draws} for each value"
            )
        uniform = ops.clip(uniform, EDGE, 1 - EDGE)
        return self._sample(ops.split(uniform, self.draws, axis=-1), *blocks)

    def _blocks(self, outputs):
        outputs = float32(outputs)
        if len(outputs.shape) == 0 or outputs.shape[-1] % self.parts:
            raise InputError(
                f"outputs have shape {tuple(outputs.shape)}, expected a multiple of {self.parts} "
                f"in the last place: {self.name} reads {self.parts} numbers for each value"
            )
        return ops.split(outputs, self.parts, axis=-1)


@dataclass(frozen=True)
class Normal(Head):
    """The normal distribution: blocks mean, raw scale; scale = softplus(raw) + floor.

    floor: the least standard deviation, so that a value met exactly has a finite likelihood.
    Loss: -log N(y; mean, scale) in nats. Sampled by inverse CDF. Raises `InputError` unless the
    floor is above 0.

    Source: Nix & Weigend 1994, "Estimating the mean and variance of the target probability
    distribution"; as the output of a recurrent network Salinas et al. 2020, "DeepAR", section 3.1.

    >>> outputs = np.array([[3.0, 0.5413]], "float32")  # softplus(0.5413) = 1
    >>> [round(float(Normal().quantile(outputs, p)[0, 0]), 2) for p in (0.1, 0.5, 0.9)]
    [1.72, 3.0, 4.28]
    """

    name: ClassVar[str] = "normal"
    parts: ClassVar[int] = 2
    floor: float = 1e-4

    def __post_init__(self):
        _check_floor(self)

    def _losses(self, y, mean, raw):
        scale = ops.softplus(raw) + self.floor
        return 0.5 * ops.square((y - mean) / scale) + ops.log(scale) + HALF_LOG_2PI

    def _mean(self, mean, raw):
        return mean

    def _quantile(self, level, mean, raw):
        return mean + (ops.softplus(raw) + self.floor) * NormalDist().inv_cdf(level)

    def _sample(self, uniform, mean, raw):
        z = math.sqrt(2) * ops.erfinv(2 * uniform[0] - 1)
        return mean + (ops.softplus(raw) + self.floor) * z


@dataclass(frozen=True)
class StudentT(Head):
    """Student's t distribution, for values with outliers: blocks mean, raw scale, raw degrees.

    scale = softplus(raw) + floor, which is not the standard deviation: that is
    scale * sqrt(v / (v - 2)). Degrees of freedom v = 2 + softplus(raw), so that it is finite.
    Loss: -log t_v((y - mean) / scale) + log(scale) in nats. Raises `InputError` unless the floor
    is above 0.

    Sampled from two uniform numbers per value, exactly: sqrt(v (U^(-2/v) - 1)) cos(2 pi V) has the
    distribution t_v (Bailey 1994, "Polar generation of random variates with the t-distribution").
    Quantiles: a Chebyshev polynomial in 1/v through SciPy's at one level, to 1e-6 of the value.

    Source: Lange, Little & Taylor 1989, "Robust statistical modeling using the t distribution".

    >>> outputs = np.array([[3.0, 0.5413, 1.8546]], "float32")  # scale 1, 4 degrees of freedom
    >>> [round(float(StudentT().quantile(outputs, p)[0, 0]), 2) for p in (0.1, 0.5, 0.9)]
    [1.47, 3.0, 4.53]
    """

    name: ClassVar[str] = "student_t"
    parts: ClassVar[int] = 3
    draws: ClassVar[int] = 2
    floor: float = 1e-4

    def __post_init__(self):
        _check_floor(self)

    def _scale_and_degrees(self, scale, degrees):
        degrees = 2 + ops.minimum(ops.softplus(degrees), MOST_DEGREES - 2)
        return ops.softplus(scale) + self.floor, degrees

    def _losses(self, y, mean, scale, degrees):
        scale, v = self._scale_and_degrees(scale, degrees)
        tail = 0.5 * (v + 1) * ops.log1p(ops.square((y - mean) / scale) / v)
        return tail + ops.log(scale) + HALF_LOG_2PI - _gamma_ratio(v / 2)

    def _mean(self, mean, scale, degrees):
        return mean

    def _quantile(self, level, mean, scale, degrees):
        scale, v = self._scale_and_degrees(scale, degrees)
        if level == 0.5:
            return mean
        # Clenshaw: the polynomial's argument runs over [-1, 1] as 1/v runs over [0, 1/2].
        x, after, now = 4 / v - 1, 0.0, 0.0
        first, *rest = _t_over_normal(level)
        for coefficient in reversed(rest):
            after, now = now, coefficient + 2 * x * now - after
        ratio = ops.exp(first + x * now - after)
        return mean + scale * ratio * NormalDist().inv_cdf(level)

    def _sample(self, uniform, mean, scale, degrees):
        scale, v = self._scale_and_degrees(scale, degrees)
        radius = ops.sqrt(v * ops.expm1(-2 * ops.log(uniform[0]) / v))
        return mean + scale * radius * ops.cos(2 * math.pi * uniform[1])


def float32(x):
    """Any numbers as float32: NumPy's stay NumPy's, all else is a tensor of Keras."""
    return ops.float32(x)


def check_share(name, value):
    """Raise `InputError` unless `value` is one number between 0 and 1, neither of the two."""
    if not isinstance(value, Real) or not 0 < value < 1:  # NaN is between nothing
        raise InputError(f"{name} is {value!r}, expected a number between 0 and 1: for example 0.9")


def _check_floor(head):
    if not isinstance(head.floor, Real) or not 0 < head.floor < np.inf:
        raise InputError(f"floor is {head.floor!r}, expected a number above 0: for example 1e-4")
    object.__setattr__(head, "floor", float(head.floor))


def _gamma_ratio(x):
    """log(gamma(x + 1/2) / gamma(x)) - log(x) / 2 for x >= 1, to 1e-8 and without cancellation.

    Stirling's series at x + 3, and back by gamma(x + 1) = x gamma(x).
    """
    y = 1 / (x + 3)
    series = y * (-1 / 8 + y**2 * (1 / 192 + y**2 * (-1 / 640 + y**2 * (17 / 14336))))
    back = sum(ops.log1p(0.5 / (x + k)) for k in range(3))
    return series + 0.5 * ops.log1p(3 / x) - back


@lru_cache(maxsize=256)
def _t_over_normal(level):
    """Chebyshev coefficients in 4/v - 1 of log(quantile of t_v / quantile of the normal)."""
    from scipy.special import stdtrit  # scikit-learn brings it

    z = NormalDist().inv_cdf(level)
    fit = chebyshev.chebinterpolate(lambda x: np.log(stdtrit(4 / (x + 1), level) / z), 16)
    return [float(c) for c in fit]
