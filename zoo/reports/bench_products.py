"""The limit: a layer's matrix products and nothing else, as fast as this backend takes them."""

import keras
from keras import ops

from zoo.backends import bench
from zoo.reports import bench_cases as cases
from zoo.reports import bench_inputs as inputs


def ready(case: cases.Case, mode: str):
    """A function that computes the products of a case and returns once they are there."""
    if case.layer in cases.PARALLEL:
        return _of_all_steps(case, mode)
    dtype = keras.config.dtype_policy().compute_dtype
    sets = [
        {name: ops.convert_to_tensor(array, dtype) for name, array in one.items()}
        for one in inputs.operands(case)
    ]
    size = (case.shape.B, case.shape.T)
    return bench.products(sets, size, case.step == "training", mode)


def _of_all_steps(case, mode):
    """Where no product waits for the one before it, a linear layer has the same ones."""
    sets = [
        {name: keras.Variable(array) for name, array in one.items() if name != "x"}
        for one in inputs.operands(case)
    ]
    dtype = keras.config.dtype_policy().compute_dtype
    x = ops.convert_to_tensor(inputs.operands(case)[0]["x"], dtype)

    def call(x, mask):
        outputs = [_products(x, **{n: ops.cast(v, dtype) for n, v in one.items()}) for one in sets]
        return ops.concatenate(outputs, -1)

    if case.step == "forward":
        run = bench.forward(call, _flat(sets), mode)
        return lambda: run(x, None)
    weights = ops.convert_to_tensor(inputs.like(case, call(x, None).shape))
    run = bench.training(call, _flat(sets), mode)
    return lambda: run(x, None, weights)


def _flat(sets):
    return [variable for one in sets for variable in one.values()]


def _products(x, kernel, gates=None):
    y = ops.matmul(x, kernel)
    if gates is None:
        return y
    _, blocks, n, _ = gates.shape
    if blocks == 1:
        return ops.concatenate([ops.matmul(y, gates[k, 0]) for k in range(2)], -1)
    parts = ops.reshape(y, (-1, blocks, n))
    every = [ops.einsum("nki,kij->nkj", parts, gates[k]) for k in range(2)]
    return ops.concatenate([ops.reshape(gate, (-1, blocks * n)) for gate in every], -1)
