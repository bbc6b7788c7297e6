"""TensorFlow: `tf.function`, with XLA and without; a scalar is fetched, so that it has run."""

import tensorflow as tf

from zoo import backends
from zoo.backends.bench import process

MODES = ("", "xla")
NATIVE = ()  # its recurrent layers are those of Keras


def _compiled(function, mode):
    """`function` as a graph that also gives one number of its result, which is waited for."""

    @tf.function(jit_compile=mode == "xla", autograph=False)
    def graph(*arguments):
        results = function(*arguments)
        return results, tf.reshape(results[0], [-1])[-1]

    def run(*arguments):
        results, last = graph(*arguments)
        last.numpy()
        return results

    return run


def forward(call, variables, mode):
    """Inference as a graph: f(x, mask) -> (outputs,)."""
    return _compiled(lambda x, mask: (call(x, mask),), mode)


def training(call, variables, mode):
    """One gradient as a graph: f(x, mask, weights) -> (loss, gradient of x, gradients)."""
    values = [v.value for v in variables]

    def step(x, mask, weights):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([x, *values])
            loss = tf.reduce_sum(tf.cast(call(x, mask), weights.dtype) * weights)
        return loss, *tape.gradient(loss, [x, *values], unconnected_gradients="zero")

    return _compiled(step, mode)


def products(sets, size, train, mode):
    """The matrix products alone; see `zoo.reports.bench_cases.operands`. size: (B, T).

    The maximum over the gates makes each step need every column of the product before it: of a
    product that is only sliced, XLA computes the slice.
    """
    names = sorted(sets[0])
    values = [operands[name] for operands in sets for name in names]

    def every(*values):
        given = [values[k : k + len(names)] for k in range(0, len(values), len(names))]
        parts = [_products(size, train, **dict(zip(names, g, strict=True))) for g in given]
        return [result for part in parts for result in part]

    run = _compiled(every, mode)
    return lambda: run(*values)


def _products(size, train, x, kernel, recurrent, state, gates, states):
    (B, T), U = size, recurrent.shape[0]
    projected = tf.reshape(tf.matmul(x, kernel), [T, B, -1])
    gradients = tf.reshape(gates, [T, B, -1])

    def onwards(t, h):
        gates = projected[t] + tf.matmul(h, recurrent)
        return t + 1, tf.reduce_max(tf.reshape(gates, [B, -1, U]), 1)

    def backwards(t, h):
        gates = tf.reshape(tf.reshape(gradients[t], [B, -1, U]) + h[:, None], [B, -1])
        return t - 1, tf.matmul(gates, recurrent, transpose_b=True)

    _, last = _loop(lambda t, h: t < T, onwards, 0, state, T)
    if not train:
        return (last,)
    _, first = _loop(lambda t, h: t >= 0, backwards, T - 1, last, T)
    by_x = tf.matmul(gates, kernel, transpose_b=True)
    by_kernels = [tf.matmul(seen, gates, transpose_a=True) for seen in (x, states)]
    return first, by_x, *by_kernels


def _loop(more, body, start, state, steps):
    return tf.while_loop(more, body, (tf.constant(start), state), maximum_iterations=steps)


def native(layer, weights, shape, lengths):
    """TensorFlow has none."""
    raise NotImplementedError(layer)


def peak_bytes():
    """The most memory in use so far: of the GPU where one computes, else of the process."""
    if backends.on_gpu():
        return tf.config.experimental.get_memory_info("GPU:0")["peak"]
    return process.peak_bytes()


def release():
    """Forget what was compiled: graphs go with the last reference to them."""
