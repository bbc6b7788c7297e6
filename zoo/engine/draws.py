"""The uniform numbers behind samples, drawn by NumPy: one seed, one sample, on every backend."""

from numbers import Integral

import numpy as np

from zoo.engine.checks import check_whole
from zoo.errors import InputError


def uniforms(seed, batch, steps):
    """Numbers in [0, 1) for each row and step, (B, steps) float32.

    seed: a whole number, row r drawing from (seed, r), or B of them, row r drawing from
    (seed[r], 0) as if it were alone. A row's numbers depend neither on the batch that it sits in
    nor on the number of steps.
    """
    alone = not isinstance(seed, Integral)
    sources = [(s, 0) for s in seed] if alone else [(seed, row) for row in range(batch)]
    rows = [np.random.default_rng(source).random(steps) for source in sources]
    # A few units below 1, so that no rounding of u * total reaches the total.
    return np.minimum(np.array(rows), 1 - 2.0**-22).astype("float32")


def path_uniforms(seed, batch, paths, steps, count):
    """Numbers between 0 and 1, neither of the two: (batch * paths, steps, count) float32.

    A generator of its own for each path. A spawn key keeps (seed, row, path) and (seed, path)
    apart from each other, whatever their sizes.
    """
    if np.ndim(seed) == 0:
        check_whole("seed", seed, least=0)
        streams = [(seed, (row, path)) for row in range(batch) for path in range(paths)]
    else:
        streams = [(s, (path,)) for s in _row_seeds(seed, batch) for path in range(paths)]
    rows = np.empty((len(streams), steps, count), "float32")
    for row, (entropy, key) in zip(rows, streams, strict=True):
        sequence = np.random.SeedSequence(int(entropy), spawn_key=key)
        draws = np.random.Generator(np.random.PCG64(sequence)).random((steps, count))
        # An odd multiple of 2^-24: float32 holds each of them exactly, and they never are 0 or 1.
        row[:] = (2 * np.floor(draws * 2**23) + 1) / 2**24
    return rows


def _row_seeds(seed, batch):
    seeds = np.asarray(seed)
    if seeds.shape != (batch,) or seeds.dtype.kind not in "iu" or seeds.min() < 0:
        raise InputError(
            f"seed has shape {seeds.shape} and type {seeds.dtype}, expected one whole number, or "
            f"one for each of the {batch} rows: pass integers ({batch},), none negative"
        )
    return seeds
