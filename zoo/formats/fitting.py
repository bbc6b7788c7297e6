"""The inputs of a file as its caller gives them and as the runtime wants them: NumPy alone."""

import numpy as np

from zoo.errors import InputError


def fitting(path, wanted):
    """A function from a caller's inputs to arrays that the file at `path` can be run with.

    wanted: (name, NumPy type, sizes) of each input in the order of the model; of the sizes None is
    an open one. What a type can hold is cast to it: float64 to float32, int64 to int32, int to
    float. An array of the right type is not copied.

    The function raises `InputError` for another number of inputs, axes or fixed sizes, and for
    numbers of another kind.

    >>> fit = fitting("model.onnx", [("x", "float32", (None, 3))])
    >>> fit([np.zeros((2, 3))])[0].dtype.name
    'float32'
    """
    rows = [
        (name, np.dtype(kind), len(sizes), [(k, n) for k, n in enumerate(sizes) if n is not None])
        for name, kind, sizes in wanted
    ]

    def fit(inputs):
        if len(inputs) != len(rows):
            names = ", ".join(name for name, *_ in rows)
            raise InputError(
                f"{len(inputs)} inputs for {str(path)!r}, expected {len(rows)}: give {names}"
            )
        return [_fitted(path, x, *row) for x, row in zip(inputs, rows, strict=True)]

    return fit


def _fitted(path, x, name, kind, rank, fixed):
    array = x if type(x) is np.ndarray else np.asarray(x)
    if array.dtype != kind:
        if not np.can_cast(array.dtype, kind, "same_kind"):
            raise InputError(
                f"input {name!r} of {str(path)!r} is {array.dtype}, expected {kind}: cast it"
            )
        array = array.astype(kind)
    if array.ndim != rank or any(array.shape[axis] != size for axis, size in fixed):
        sizes = dict(fixed)
        shape = ", ".join(str(sizes.get(axis, "any")) for axis in range(rank))
        raise InputError(
            f"input {name!r} of {str(path)!r} has shape {array.shape}, expected ({shape}): "
            "arrange it like the model's input"
        )
    return np.ascontiguousarray(array) if not array.flags.c_contiguous else array
