"""float64 throughout: for a reference, not for speed."""

import os

import keras
from keras.src.backend.common import dtypes

from zoo.errors import InputError


def use() -> None:
    """Everything in this process is float64 from now on, weights, states and arithmetic.

    To be called before a model is made; JAX needs JAX_ENABLE_X64=1 from the start.

    Keras 3 computes tanh, sin and others in float32 on JAX and torch even when asked for float64:
    its table of types has no float64 there. The entry is put right in this process alone. Raises
    `InputError` where that does not help.
    """
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    found = keras.backend.standardize_dtype(keras.ops.tanh(keras.ops.zeros((1,))).dtype)
    if found != "float64":
        raise InputError(
            f"tanh of float64 is {found} with Keras {keras.__version__} on "
            f"{keras.backend.backend()} (JAX_ENABLE_X64={os.environ.get('JAX_ENABLE_X64')}), "
            "expected float64: compare without a reference on this backend, or name another"
        )
