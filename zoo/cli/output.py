"""How answers leave: one JSON document, or lines that a person reads."""

import json
import math
from collections.abc import Mapping, Sequence

from zoo.reports.columns import table


def say(text):
    """Print at once, so that a closed pipe is noticed here and not at exit."""
    print(text, flush=True)


def to_json(document) -> str:
    """Strict JSON: NumPy numbers as plain ones, what is not finite as null.

    >>> to_json({"difference": float("inf")})
    '{\\n "difference": null\\n}'
    """
    return json.dumps(_plain(document), indent=1, ensure_ascii=False, allow_nan=False)


def _plain(value):
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, str) or value is None:
        return value
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (bool, int, float)) else str(value)


def number(value) -> str:
    """A number in three or four figures, "-" for none.

    >>> number(0.00412345), number(57610), number(None)
    ('0.00412', '57,610', '-')
    """
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3g}" if abs(value) < 0.1 else f"{value:.4g}"


def forecast(row) -> str:
    """A forecast with its interval, a line for each step.

    >>> print(forecast({"output": [2.0], "low": [1.0], "high": [4.0], "level": 0.9}))
    step  median  90% from  to
    1          2         1   4
    """
    columns = zip(*(row[name] for name in ("output", "low", "high")), strict=True)
    heads = row.get("times") or [str(k) for k in range(1, len(row["output"]) + 1)]
    lines = [[head, *map(number, values)] for head, values in zip(heads, columns, strict=True)]
    first = "time" if row.get("times") else "step"
    return table([[first, "median", f"{row['level']:.0%} from", "to"], *lines], right={1, 2, 3})


def fields(pairs) -> str:
    """Names and values below one another, those without a value left out."""
    return table([[name, str(value)] for name, value in pairs if value not in (None, "", [])])


def score(row) -> str:
    """A metric beside its baseline, in one line."""
    better = "higher" if row.get("higher_is_better") else "lower"
    return (
        f"{row['metric']} {number(row['value'])} ({better} is better; "
        f"{row.get('baseline_name', 'baseline')}: {number(row['baseline'])})"
    )


def is_words(answer):
    """Whether an answer is a text cut into words."""
    return isinstance(answer, list) and all(isinstance(word, str) for word in answer)
