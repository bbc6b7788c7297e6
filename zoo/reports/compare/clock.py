"""A visit to a process: each of its ways timed a little. No framework."""

import gc
import time

import numpy as np

from zoo.reports import timing

SHORT = 0.02  # seconds: a call that is shorter is warmed up by one that is not counted


def visited(ways, seconds, seed):
    """`visit` for any list of functions with a `reason`."""
    times, failed = {}, {}
    gc.collect()  # of what came since `settle`; what a way itself leaves behind is in its time
    for k in np.random.default_rng(seed).permutation(len(ways)).tolist():
        if ways[k].reason is None:
            try:
                times[k] = _timed(ways[k], seconds)
            except Exception as error:  # told in the row of this way
                ways[k].reason = failed[k] = timing.reason(error)
    return {"times": times, "failed": failed}


def _timed(call, seconds):
    found, left = [], seconds
    while not found or left > 0:
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
        left -= found[-1]
    return found[1:] if len(found) > 1 and found[0] < SHORT else found


def settle():
    """Leave what is there now out of later collections, which else take longer than a visit."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
