"""How near the parallel recurrences come to their matrix products, beside the zoo's GRU.

    KERAS_BACKEND=torch python scripts/parallel_floor.py 2048

Milliseconds of processor time of a training step (outputs, loss, the gradient of each weight) of
B = 8, F = U = 128 and so many steps, of the matrix products alone that it cannot do without, and
how many times faster than the GRU each is; "again": with the forward products a second time, which
the backward pass takes for what was not kept. TensorFlow under XLA. Each row has a process of its
own, because what memory a process has used decides what new memory costs it; the rows take turns.
"""

import os
import subprocess
import sys
import time
from statistics import median

import numpy as np

B, U, ROUNDS, REPEATS, ROWS = 8, 128, 3, 9, 2048
CELLS = {
    "GRU": ("GRU", {}),
    "minGRU": ("MinGRU", {}),
    "minLSTM": ("MinLSTM", {}),
    "RG-LRU, one block": ("RGLRU", {}),
    "RG-LRU, 16 blocks": ("RGLRU", {"blocks": 16}),
    "RG-LRU, 16 blocks, no projection": ("RGLRU", {"blocks": 16, "projection": False}),
}


def compiled(function, *arrays):
    """A call of `function` of arrays that waits for its result: jit, XLA, or torch as it is."""
    import keras
    from keras import ops

    given = [ops.convert_to_tensor(a) for a in arrays]
    if keras.backend.backend() == "jax":
        import jax

        run = jax.jit(function)
        return lambda: jax.block_until_ready(run(*given))
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        run = tf.function(function, jit_compile=True, autograph=False)
        return lambda: [v.numpy() for v in tf.nest.flatten(run(*given))]
    return lambda: function(*given)


def training_step(layer):
    """Gradients of the sum of squares by all weights, as function(x, *weights)."""
    import keras
    from keras import ops

    def loss(x, *values):
        with keras.StatelessScope(list(zip(layer.trainable_variables, values, strict=True))):
            return ops.sum(ops.square(layer(x, training=True)))

    if keras.backend.backend() == "jax":
        import jax

        return lambda x, *values: jax.grad(lambda v: loss(x, *v))(values)
    if keras.backend.backend() == "torch":
        import torch

        def step(x, *values):
            values = [v.detach().requires_grad_() for v in values]
            return torch.autograd.grad(loss(x, *values), values)

        return step
    import tensorflow as tf

    def step(x, *values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            number = loss(x, *values)
        return tape.gradient(number, values)

    return step


def bare(layer, forward_only):
    """The products of `ROWS` rows of x as function(x)."""
    from zoo import backends
    from zoo.backends.kernels.gate_products import back_products, prepared, products

    weights = prepared(layer.cell.weights_by_name())
    own = {}
    if hasattr(backends._gated, "_multiply"):  # torch: the faster of two libraries
        own = {"multiply": backends._gated._multiply, "outer": backends._gated._outer}

    def run(x):
        made = products(weights, x, own.get("multiply"))
        _, gradients = back_products(weights, x, made, made, need_x=False, **own)
        return [*made, *gradients.values()]

    def forward(x):
        return list(products(weights, x, own.get("multiply")))

    return forward if forward_only else run


def measure(name, steps):
    """Prints (step, products, forward products) of one cell in milliseconds."""
    from zoo import layers

    kind, options = CELLS[name]
    layer = getattr(layers, kind)(U, return_sequences=True, **options)
    layer.build((None, None, U))
    x = np.random.default_rng(0).normal(size=(B, steps, U)).astype("float32")
    values = [np.array(v) for v in layer.get_weights()]
    runs = [(compiled(training_step(layer), x, *values), 1)]
    if kind != "GRU":
        part = x.reshape(-1, ROWS, U)[0]
        runs += [(compiled(bare(layer, k), part), B * steps // ROWS) for k in (False, True)]
    print(*(timed(run, times) for run, times in runs))


def timed(run, times):
    """The median of milliseconds of processor time that so many calls take."""
    found = []
    for _ in range(REPEATS + 2):  # two to warm up
        began = time.process_time()
        for _ in range(times):
            run()
        found.append(1e3 * (time.process_time() - began))
    return median(found[2:])


def main(steps):
    found = {name: [] for name in CELLS}
    for _ in range(ROUNDS):
        for name, rows in found.items():
            command = [sys.executable, __file__, steps, name]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            rows.append([float(v) for v in done.stdout.split()[-3:]])
    gru = median(row[0] for row in found.pop("GRU"))
    print(f"{os.environ.get('KERAS_BACKEND')}, T = {steps}: GRU {gru:.1f} ms")
    for name, rows in found.items():
        step, products, forward = (median(v) for v in zip(*rows, strict=True))
        again = products + forward
        parts = [f"{v:6.1f} ms {gru / v:5.2f}x" for v in (step, products, again)]
        print(f"{name:33} step {parts[0]}   products {parts[1]}   again {parts[2]}")


if __name__ == "__main__":
    measure(sys.argv[2], int(sys.argv[1])) if len(sys.argv) > 2 else main(*sys.argv[1:] or ["2048"])
