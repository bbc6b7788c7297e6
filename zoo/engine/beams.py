"""What a beam search finds, and what it begins with."""

from typing import NamedTuple

import numpy as np


class Beams(NamedTuple):
    """The sequences of a search, best first, as NumPy arrays.

    tokens (B, K, steps) int32, padded after the end token; scores (B, K), normalised by length;
    log_probabilities (B, K); lengths (B, K), end token included. Where a row has fewer than K
    sequences, the rest have length 0 and score -inf.
    """

    tokens: np.ndarray
    scores: np.ndarray
    log_probabilities: np.ndarray
    lengths: np.ndarray


def no_beams(B, K, L, pad):
    """The first carry's tokens (B, K, L), log probabilities (B, K) and finished sequences."""
    tokens = np.full((B, K, L), pad, "int32")
    nothing = np.full((B, K), -np.inf, "float32")
    alive = nothing.copy()
    alive[:, 0] = 0.0  # the K copies of a row are equal: only one may be continued
    return tokens, alive, (tokens, nothing, nothing, np.zeros((B, K), "int32"))
