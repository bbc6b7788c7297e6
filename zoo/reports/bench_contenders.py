"""Who takes part in a case: this project's layer, the stock one, the framework's own, the limit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo import layers
from zoo.backends import bench
from zoo.reports import bench_cases as cases
from zoo.reports import bench_inputs as inputs

STOCK = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "gru_reset_before": keras.layers.GRU,
}


@dataclass
class Contender:
    """One way to compute a case. Calling it computes, and returns when the result is there.

    name: `zoo`, `keras`, `torch.nn` or `matmul`, with ` xla` behind it where that mode was used;
    mask: `none` or `half`; layer: the Keras layer, if it is one.
    """

    name: str
    mask: str
    run: Callable[[], Any]
    layer: Any = None
    compared: int | None = None  # which of the results is compared: outputs, or the gradient of x
    answer: Any = None

    def __call__(self):
        results = self.run()
        if self.answer is None and self.compared is not None:
            self.answer = results[self.compared]

    @property
    def path(self) -> str | None:
        """The path that this project's layer says it took, None for every other contender."""
        if not self.name.startswith("zoo"):
            return None
        parts = getattr(self.layer, "rnns", [self.layer])
        return "; ".join(dict.fromkeys(part.loop_path for part in parts))


def ready(case: cases.Case) -> tuple[list[Contender], list[tuple[str, str, Exception]]]:
    """The contenders of a case, and (name, mask, error) for each that could not be made."""
    found, failed = [], []
    for name, mask in names(case):
        try:
            found.append(make(case, name, mask))
        except Exception as error:  # told in the row of this contender
            failed.append((name, mask, error))
    return found, failed


def names(case: cases.Case) -> list[tuple[str, str]]:
    """(name, mask) of every contender: layers first, the matrix products last and once."""
    kinds = ["zoo"] + ["keras"] * (case.layer in STOCK)
    named = [_with_mode(kind, mode) for kind in kinds for mode in bench.MODES]
    named += ["torch.nn"] * (case.layer in bench.NATIVE)
    found = [(name, mask) for mask in case.masks for name in named]
    return found + [(_with_mode(cases.LIMIT, mode), "none") for mode in bench.MODES]


def _with_mode(name, mode):
    return f"{name} {mode}".strip()


def make(case: cases.Case, name: str, mask: str) -> Contender:
    """One contender by its name. Weights and inputs depend on the case alone, so answers agree."""
    kind, _, mode = name.partition(" ")
    if kind == cases.LIMIT:
        return Contender(name, mask, _products(case, mode))
    layer = None
    if kind == "torch.nn":
        real = None if mask == "none" else inputs.lengths(case.shape, case.seed)
        call, variables = bench.native(case.layer, _by_direction(case), case.shape, real)
    else:
        layer = _with_weights(case, zoo_layer(case) if kind == "zoo" else stock_layer(case))
        call, variables = _call(layer, case), layer.trainable_variables
    x, real, weights = _inputs(case, mask)
    if case.step == "forward":
        run = bench.forward(call, variables, mode)
        return Contender(name, mask, lambda: run(x, real), layer, 0)
    run = bench.training(call, variables, mode)
    return Contender(name, mask, lambda: run(x, real, weights), layer, 1)


def zoo_layer(case: cases.Case):
    """This project's layer for a case: both directions at once are its `Stack`."""
    cell = case.layer.removesuffix("_reset_before")
    options = {"reset_after": case.layer == "gru"} if cell == "gru" else {}
    if case.directions == 2:
        return layers.Stack(cell, case.shape.U, direction="bidirectional", **options)
    return layers.CELLS[cell][0](case.shape.U, return_sequences=True, **options)


def stock_layer(case: cases.Case):
    """The layer that a Keras user would take."""
    options = {"reset_after": case.layer == "gru"} if case.layer.startswith("gru") else {}
    layer = STOCK[case.layer](case.shape.U, return_sequences=True, **options)
    return keras.layers.Bidirectional(layer) if case.directions == 2 else layer


def _call(layer, case):
    training = case.step == "training"

    def call(x, mask):
        outputs = layer(x, mask=mask, training=training)
        return outputs[0] if isinstance(outputs, (list, tuple)) else outputs

    return call


def _with_weights(case, layer):
    layer.build((case.shape.B, case.shape.T, case.shape.F))
    layer.set_weights(_weights(case, [w.shape for w in layer.weights]))
    return layer


def _weights(case, shapes):
    random = np.random.default_rng(case.seed)
    return [random.standard_normal(s, "float32") * np.float32(0.5 * s[-1] ** -0.5) for s in shapes]


def _by_direction(case):
    """The weights of a Keras layer of this case: kernel, recurrent kernel, bias, each direction."""
    F, U, G = case.shape.F, case.shape.U, cases.LAYERS[case.layer]
    bias = (2, G * U) if case.layer == "gru" else (G * U,)
    return _weights(case, [(F, G * U), (U, G * U), bias] * case.directions)


def _inputs(case, mask):
    x, real, weights = inputs.arrays(case, mask)
    x = ops.convert_to_tensor(x, keras.config.dtype_policy().compute_dtype)
    real = None if real is None else ops.convert_to_tensor(real)
    return x, real, ops.convert_to_tensor(weights)


def _products(case, mode):
    dtype = keras.config.dtype_policy().compute_dtype
    sets = [
        {name: ops.convert_to_tensor(array, dtype) for name, array in one.items()}
        for one in inputs.operands(case)
    ]
    size = (case.shape.B, case.shape.T)
    return bench.products(sets, size, case.step == "training", mode)


def difference(contender: Contender, other: Contender, real) -> float | None:
    """The largest difference between their answers at real steps; None where one has none.

    Outputs are compared when the case is a forward pass, else the gradient of the input. real: the
    mask (B, T), or None.
    """
    if contender.answer is None or other.answer is None:
        return None
    both = [np.asarray(ops.convert_to_numpy(c.answer), "float32") for c in (contender, other)]
    gap = np.abs(both[0] - both[1])
    return float(np.max(gap if real is None else gap[real]))
