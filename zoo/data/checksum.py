"""One sum for whatever a split is made of, so that two machines can tell whether data are equal."""

import dataclasses
import hashlib

import numpy as np

BITS = 20  # of a float's mantissa: its last bits depend on the machine's mathematics library


def checksum(value) -> str:
    """The SHA-256, in hexadecimal, of plain values, arrays, and whatever nests them.

    value: texts, numbers, None, arrays of any shape, also of times, lists, tuples, dictionaries (in
    any order) and dataclasses. A list is not equal to an array, nor (1, 2) to (12,); a tuple is
    equal to the list of its items, as in JSON. Floats of any width count with 20 significant bits
    (6 digits) and every missing number is the same, so that formulas give one sum on machines that
    round otherwise.
    Raises `TypeError` for anything else.

    >>> checksum({"a": ["x", 1], "b": None}) == checksum({"b": None, "a": ("x", 1)})
    True
    >>> checksum(["ab", "c"]) == checksum(["a", "bc"])
    False
    """
    digest = hashlib.sha256()
    _add(digest.update, value)
    return digest.hexdigest()


def _add(update, value):
    if isinstance(value, str):
        _piece(update, "s", value.encode())
    elif isinstance(value, bytes):
        _piece(update, "y", value)
    elif isinstance(value, np.ndarray) and value.dtype.kind == "M":
        _add(update, value.astype("datetime64[us]").astype("int64"))
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biufc" and value.ndim:
        _array(update, value)
    elif isinstance(value, (np.ndarray, np.generic)):  # one value, texts, or objects
        _add(update, value.tolist())
    elif isinstance(value, float):
        _piece(update, "f", _rounded(np.array(value)).astype("<f8").tobytes())
    elif value is None or isinstance(value, (bool, int)):
        _piece(update, "p", repr(value).encode())
    elif isinstance(value, (list, tuple)):
        _nested(update, "l", value)
    elif isinstance(value, dict):
        _nested(update, "d", [part for key in sorted(value, key=str) for part in (key, value[key])])
    elif dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        _nested(update, "c", [part for f in fields for part in (f.name, getattr(value, f.name))])
    else:
        raise TypeError(
            f"a {type(value).__name__} has no checksum, expected plain values or arrays"
        )


def _piece(update, kind, content):
    """The kind and the length stand before the content: no two values run into each other."""
    update(f"{kind}{len(content)}:".encode())
    update(content)


def _nested(update, kind, items):
    update(f"{kind}{len(items)}:".encode())
    for item in items:
        _add(update, item)


def _array(update, value):
    kind = value.dtype.kind
    value = _rounded(value).astype("<f8") if kind == "f" else value
    little = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"))
    _piece(update, f"a{kind}{value.dtype.itemsize}{list(value.shape)}", little.tobytes())


def _rounded(value):
    mantissa, exponent = np.frexp(value.astype("float64"))
    rounded = np.ldexp(np.round(np.ldexp(mantissa, BITS)), exponent - BITS) + 0.0  # no minus zero
    return np.where(np.isnan(rounded), np.nan, rounded)
