"""The operations that heads compute with: NumPy's for NumPy arrays, else those of `keras.ops`.

So one set of equations serves training, on any backend, and exports that run without Keras.
"""

import numpy as np

# Giles 2010, "Approximating the erfinv function", table 5: polynomials in w = -log(1 - x^2).
CENTRE = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
TAIL = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)


def erfinv(x):
    """The x where the error function has a value, to single precision (Giles 2010).

    >>> [round(float(v), 4) for v in erfinv(np.array([-0.5, 0.0, 0.99999]))]
    [-0.4769, 0.0, 3.1234]
    """
    x = np.asarray(x, "float64")
    w = -np.log1p(-x * x)
    centre, tail = np.polyval(CENTRE, w - 2.5), np.polyval(TAIL, np.sqrt(np.maximum(w, 5)) - 3)
    return np.where(w < 5, centre, tail) * x


def softplus(x):
    """log(1 + exp(x)) without overflow."""
    return np.logaddexp(x, np.zeros((), np.asarray(x).dtype))


NUMPY = {
    "erfinv": lambda x: erfinv(x).astype(np.asarray(x).dtype),
    "softplus": softplus,
}


class Operations:
    """The operations by name, for whichever kind of array the first argument is (or holds)."""

    def __getattr__(self, name):
        own = NUMPY.get(name) or getattr(np, name, None)

        def operation(x, *arguments, **options):
            if _is_numpy(x):
                return own(x, *arguments, **options)
            from keras import ops

            return getattr(ops, name)(x, *arguments, **options)

        setattr(self, name, operation)
        return operation

    def float32(self, x):
        """Any numbers as float32: a tensor of Keras unless they are NumPy's."""
        return self.like(x, x)

    def like(self, x, other):
        """Any numbers as float32, of the kind that `other` is."""
        if _is_numpy(other):
            return np.asarray(x, "float32")
        from keras import ops

        return ops.cast(ops.convert_to_tensor(x), "float32")


def _is_numpy(x):
    first = x[0] if isinstance(x, (list, tuple)) else x
    return isinstance(first, (np.ndarray, np.generic, int, float))


ops = Operations()
