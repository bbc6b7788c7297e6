"""What `zoo bench` needs of a framework: one file for each backend, with the same names.

    MODES                                    ways to run a Keras layer: "" and perhaps "xla"
    NATIVE                                   layers of the framework's own library, by name
    forward(call, variables, mode)           inference, compiled as the mode says
    training(call, variables, mode)          loss, gradient of the input, gradients of the variables
    products(sets, size, train, mode)        the layer's matrix products alone
    native(layer, weights, shape, lengths)   the framework's own layer, and its variables
    peak_bytes()                             the most memory that was in use so far
    release()                                forget what was compiled

`forward` and `training` return functions that return when the result is there: asynchronous
backends are waited for. `call(x, mask)` gives outputs (B, T, U).
"""

import importlib

import keras

_bench = importlib.import_module(f"zoo.backends.bench.{keras.backend.backend()}")

MODES = _bench.MODES


def jit(mode):
    """What `Model.compile(jit_compile=...)` takes for a mode of `MODES`: Keras's own choice where
    there is one mode alone."""
    return "auto" if len(MODES) == 1 else mode == "xla"


NATIVE = _bench.NATIVE
forward = _bench.forward
training = _bench.training
products = _bench.products
native = _bench.native
peak_bytes = _bench.peak_bytes
release = _bench.release
