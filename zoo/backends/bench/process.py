"""The memory of this process, for backends that compute in it."""

import resource
import sys


def peak_bytes() -> int:
    """The most main memory that this process has had so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
