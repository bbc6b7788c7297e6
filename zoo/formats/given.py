"""Arrays that a caller hands to what was read from a file, checked before it runs."""

import numpy as np

from zoo.errors import InputError


def checked(inputs, expected):
    """The arrays with the types that a file wants.

    inputs: arrays in the file's order; expected: (name, shape with None for open sizes, dtype) of
    each. Raises `InputError` for another number of arrays, a shape or a kind of number that does
    not fit.

    >>> checked([np.zeros((2, 3))], [("x", (None, 3), "float32")])[0].dtype.name
    'float32'
    """
    if len(inputs) != len(expected):
        names = ", ".join(name for name, _, _ in expected)
        raise InputError(
            f"{len(inputs)} inputs given, expected {len(expected)}: give one array for {names}"
        )
    return [_checked(np.asarray(x), *each) for x, each in zip(inputs, expected, strict=True)]


def _checked(array, name, shape, dtype):
    fits = array.ndim == len(shape) and all(
        size in (None, found) for size, found in zip(shape, array.shape, strict=True)
    )
    if not fits or not np.can_cast(array.dtype, dtype, "same_kind"):
        sizes = ", ".join("any" if size is None else str(size) for size in shape)
        raise InputError(
            f"input {name!r} has shape {array.shape} and type {array.dtype}, expected ({sizes}) "
            f"of {dtype}: give such an array"
        )
    return array.astype(dtype, copy=False)
