"""The document of `zoo compare` as data for other programs: strict JSON, and rows as CSV."""

import csv as writer
import io
import math
from collections.abc import Mapping, Sequence


def csv(rows: Sequence[Mapping]) -> str:
    """The rows one a line, without what is a list (the losses, the values of each seed).

    >>> print(csv([{"model": "g2p", "median_ms": 1.5, "losses": [1.0]}]).rstrip())
    model,median_ms
    g2p,1.5
    """
    listed = {key for row in rows for key, value in row.items() if isinstance(value, list)}
    known = {"losses", "reference_losses", "values", "seeds"} | listed
    columns = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in known]
    text = io.StringIO()
    out = writer.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    out.writeheader()
    out.writerows(rows)
    return text.getvalue()


def strict(value):
    """The same, with null for numbers that JSON does not have.

    >>> strict({"losses": [1.0, float("nan")]})
    {'losses': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
