"""The rows of `zoo compare`, found and named: what every part of its report asks of them.

A way is one road to an answer: a backend with its mode, this project's layers or stock Keras ones,
and, where more than one was measured, the device, the precision and the number of threads.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

YARDSTICK = "yardstick"
USES = {
    "train": "training step",
    "batch": "batched inference",
    "latency": "inference at batch 1",
}
PLACE = ("device", "precision", "threads", "reproducible")
# Two rows with these in common measure the same thing.
IDENTITY = (
    *("model", "backend", *PLACE),
    *("contender", "mode", "measure", "use", "what"),
)
CONTENDERS = {"zoo": "zoo", "keras": "stock Keras", "onnx": "exported"}


def identity(row: Mapping) -> tuple:
    """What tells a row from all others of its document.

    >>> identity({"model": "g2p", "backend": "jax"})[:2]
    ('g2p', 'jax')
    """
    return tuple(row.get(key) for key in IDENTITY)


def find(rows: Iterable[Mapping], ok: bool = True, **known) -> list[Mapping]:
    """Rows that have what is `known` and did (or with ok=False did not) give a measurement.

    The yardstick is no model: it is found only by its name.

    >>> rows = [{"model": "a", "ok": True}, {"model": "b", "ok": True}]
    >>> find(rows, model="b")
    [{'model': 'b', 'ok': True}]
    """
    known = {"ok": ok, **known}
    yardstick = known.get("model") == YARDSTICK
    return [
        row
        for row in rows
        if all(row.get(key) == value for key, value in known.items())
        and (row.get("model") == YARDSTICK) == yardstick
    ]


def speeds(document: Mapping, model: str, use: str) -> list[Mapping]:
    """The rows with a time of this model in this use, the fastest first."""
    found = find(document["rows"], measure="speed", model=model, use=use)
    return sorted((row for row in found if finite(row["median_ms"])), key=_median)


def comparable(rows: Iterable[Mapping]) -> list[Mapping]:
    """Those in float32, or all of them where none is: other precisions have bars of their own.

    >>> comparable([{"precision": "float32"}, {"precision": "bfloat16"}])
    [{'precision': 'float32'}]
    """
    rows = list(rows)
    return [row for row in rows if row.get("precision") == "float32"] or rows


def _median(row):
    return row["median_ms"]


def names(document: Mapping) -> list[str]:
    """The models, in the order of the document; those that only a row names come last."""
    told = [model["model"] for model in document["models"]]
    found = [row["model"] for row in document["rows"] if row.get("model") not in (None, YARDSTICK)]
    return list(dict.fromkeys([*told, *found]))


def varied(rows: Iterable[Mapping]) -> tuple[str, ...]:
    """Which of device, precision, threads and reproducible differ between the rows.

    >>> varied([{"device": "cpu", "threads": 1}, {"device": "cpu", "threads": 2}])
    ('threads',)
    """
    rows = [row for row in rows if row.get("model") != YARDSTICK]
    seen = {key: {row.get(key) for row in rows if row.get(key) is not None} for key in PLACE}
    return tuple(key for key in PLACE if len(seen[key]) > 1)


def way(row: Mapping, also: Sequence[str] = ()) -> str:
    """What the way of a row is called; `also` names what else tells it from the others.

    >>> way({"backend": "tensorflow", "mode": "xla", "contender": "keras"})
    'tensorflow xla, stock Keras'
    >>> way({"backend": "jax", "threads": 1, "device": "cpu"}, also=("device", "threads"))
    'jax, cpu, 1 thread'
    """
    parts = [" ".join(filter(None, (row.get("backend"), row.get("mode"))))]
    parts += ["stock Keras"] if row.get("contender") == "keras" else []
    parts += [place for key in also if (place := _place(row, key))]
    return ", ".join(parts)


def _place(row, key):
    value = row.get(key)
    if key == "threads" and value is not None:
        return f"{value} thread{'' if value == 1 else 's'}"
    if key == "reproducible":
        return "reproducible" if value else ""
    return "" if value in (None, "float32") else value


def finite(value) -> bool:
    """Whether this is a number that can be compared.

    >>> finite(1.5), finite(None), finite(float("nan"))
    (True, False, False)
    """
    return isinstance(value, int | float) and math.isfinite(value)


def spread(row: Mapping) -> float:
    """The printed spread as a fraction; 0 where none was measured."""
    return row["spread"] if finite(row.get("spread")) else 0.0


def percent(value) -> str:
    """A spread for people, "" for none.

    >>> percent(0.042), percent(0.0004), percent(31.0), percent(None)
    ('±4%', '±0%', '±>999%', '')
    """
    if not finite(value):
        return ""
    return f"±{100 * value:.0f}%" if value < 9.995 else "±>999%"


def times(ratio: float) -> str:
    """How many times, in as many figures as it deserves.

    >>> times(1.04), times(2.345), times(23.45)
    ('1.04', '2.3', '23')
    """
    return f"{ratio:.2f}" if ratio < 1.095 else f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"


def milliseconds(value) -> str:
    """A time in three figures, with its unit.

    >>> milliseconds(0.01234), milliseconds(12.3), milliseconds(4100.0)
    ('0.0123 ms', '12.3 ms', '4,100 ms')
    """
    return f"{value:,.0f} ms" if value >= 100 else f"{value:#.3g} ms".replace(". ", " ")


def over(row: Mapping) -> float:
    """The difference of a row over its bar; infinite where it is not a number.

    >>> over({"relative": 2e-5, "bar": 1e-5}), over({"relative": float("nan"), "bar": 1e-5})
    (2.0, inf)
    """
    if not finite(row["relative"]):
        return float("inf")
    return row["relative"] / row["bar"] if row["bar"] else row["relative"]
