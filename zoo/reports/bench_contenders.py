"""Who takes part in a case: this project's layer, the stock one, the framework's own, the limit.

A cell that Keras has no layer for, but which is one step of a Keras RNN, has Keras's loop over it
for a stock layer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo import layers
from zoo.backends import bench
from zoo.backends.kernels.gate_products import DECAY_POWER
from zoo.reports import bench_cases as cases
from zoo.reports import bench_inputs as inputs
from zoo.reports import bench_products as products
from zoo.reports import timing

STOCK = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "gru_reset_before": keras.layers.GRU,
    **dict.fromkeys(cases.PARALLEL, keras.layers.RNN),
}
STEPS = {  # of the parallel cells, one step
    "min_gru": layers.MinGRUCell,
    "min_lstm": layers.MinLSTMCell,
    "rg_lru": layers.RGLRUCell,
}
# layer -> its cell in `zoo.layers.CELLS`, and options; for all others their own name, and none
VARIANTS = {
    "gru": ("gru", {"reset_after": True}),
    "gru_reset_before": ("gru", {"reset_after": False}),
    "rg_lru_16_blocks": ("rg_lru", {"blocks": 16}),
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
        both = ("forward_layer", "backward_layer")
        parts = getattr(self.layer, "rnns", [getattr(self.layer, k, self.layer) for k in both])
        return "; ".join(dict.fromkeys(part.loop_path for part in parts))


def ready(case: cases.Case, without) -> tuple[list[Contender], dict]:
    """The contenders of a case but those in `without`, (name, mask) -> reason.

    Also `without` with what could not be made.
    """
    found, failed = [], dict(without)
    for name, mask in names(case):
        if (name, mask) not in without:
            try:
                found.append(make(case, name, mask))
            except Exception as error:  # told in the row of this contender
                failed[name, mask] = timing.reason(error)
    return found, failed


def names(case: cases.Case) -> list[tuple[str, str]]:
    """(name, mask) of every contender: layers first, the matrix products last and once."""
    kinds = ["zoo"] + ["keras"] * (case.layer in STOCK)
    named = [name for kind in kinds for name in ways(kind)]
    named += ["torch.nn"] * (case.layer in bench.NATIVE)
    found = [(name, mask) for mask in case.masks for name in named]
    return found + [(name, "none") for name in ways(cases.LIMIT)]


def ways(kind: str) -> list[str]:
    """The names of one kind of contender, one for each mode of the backend."""
    return [f"{kind} {mode}".strip() for mode in bench.MODES]


def make(case: cases.Case, name: str, mask: str, given=None) -> Contender:
    """One contender by its name. Weights and inputs depend on the case alone, so answers agree.

    given: what `tensors` returned for this mask and this shape, to share it among layers.
    """
    kind, _, mode = name.partition(" ")
    if kind == cases.LIMIT:
        return Contender(name, mask, products.ready(case, mode))
    layer = None
    if kind == "torch.nn":
        real = None if mask == "none" else inputs.lengths(case.shape, case.seed)
        call, variables = bench.native(case.layer, _by_direction(case), case.shape, real)
    else:
        layer = _with_weights(case, zoo_layer(case) if kind == "zoo" else stock_layer(case))
        call, variables = _call(layer, case), layer.trainable_variables
    x, real, weights = given or tensors(case, mask)
    if case.step == "forward":
        run = bench.forward(call, variables, mode)
        return Contender(name, mask, lambda: run(x, real), layer, 0)
    run = bench.training(call, variables, mode)
    return Contender(name, mask, lambda: run(x, real, weights), layer, 1)


def zoo_layer(case: cases.Case):
    """This project's layer for a case: both directions at once are its `Stack`."""
    cell, options = VARIANTS.get(case.layer, (case.layer, {}))
    if case.directions == 2 and "blocks" not in options:  # which a stack does not take
        return layers.Stack(cell, case.shape.U, direction="bidirectional", **options)
    layer = layers.CELLS[cell][0](case.shape.U, return_sequences=True, **options)
    return keras.layers.Bidirectional(layer) if case.directions == 2 else layer


def stock_layer(case: cases.Case):
    """The layer that a Keras user would take."""
    cell, options = VARIANTS.get(case.layer, (case.layer, {}))
    units = case.shape.U
    if cell in STEPS:
        units, options = STEPS[cell](units, **options), {}
    layer = STOCK[case.layer](units, return_sequences=True, **options)
    return keras.layers.Bidirectional(layer) if case.directions == 2 else layer


def _call(layer, case):
    training = case.step == "training"

    def call(x, mask):
        outputs = layer(x, mask=mask, training=training)
        return outputs[0] if isinstance(outputs, (list, tuple)) else outputs

    return call


def _with_weights(case, layer):
    layer.build((case.shape.B, case.shape.T, case.shape.F))
    drawn = _weights(case, [w.shape for w in layer.weights])
    names = [w.name for w in layer.weights]
    layer.set_weights(
        [slow(w.size) if n == "decay" else w for n, w in zip(names, drawn, strict=True)]
    )
    return layer


def slow(units: int) -> np.ndarray:
    """The decay (U,) of an RG-LRU as it starts: others vanish below what a CPU is fast at.

    With the gate open the factor of a step is 0.9 for the first unit and 0.999 for the last.
    """
    factors = np.linspace(0.9, 0.999, units)
    return np.log(np.expm1(-np.log(factors) / DECAY_POWER)).astype("float32")


def _weights(case, shapes):
    random = np.random.default_rng(case.seed)
    return [random.standard_normal(s, "float32") * np.float32(0.5 * s[-1] ** -0.5) for s in shapes]


def _by_direction(case):
    """The weights of a Keras layer of this case: kernel, recurrent kernel, bias, each direction."""
    F, U, G = case.shape.F, case.shape.U, cases.LAYERS[case.layer]
    bias = (2, G * U) if case.layer == "gru" else (G * U,)
    return _weights(case, [(F, G * U), (U, G * U), bias] * case.directions)


def tensors(case: cases.Case, mask: str):
    """The arrays of `bench_inputs.arrays` on the device, the input in the compute type."""
    x, real, weights = inputs.arrays(case, mask)
    x = ops.convert_to_tensor(x, keras.config.dtype_policy().compute_dtype)
    real = None if real is None else ops.convert_to_tensor(real)
    return x, real, ops.convert_to_tensor(weights)


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
