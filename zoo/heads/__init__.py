"""What the outputs of a forecast mean: distributions of the next value, and their losses."""

from zoo.heads.distributions import Head, Normal, StudentT, check_share
from zoo.heads.quantiles import HEADS, Quantiles, head_from

__all__ = ["HEADS", "Head", "Normal", "Quantiles", "StudentT", "check_share", "head_from"]
