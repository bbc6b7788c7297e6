"""TensorFlow: `while_loop` for the loop, `tf.function` for compilation."""

import tensorflow as tf

for _gpu in tf.config.list_physical_devices("GPU"):
    # Take GPU memory as it is needed, so that a notebook and a test can share one card.
    tf.config.experimental.set_memory_growth(_gpu, True)


def recurrence(step, state, inputs, reverse=False):
    """Run `step(state, inputs_t) -> (state, output_t)` over axis 1 of every input.

    inputs: a list of tensors (B, T, ...); state: a list of tensors (B, U).
    Returns the outputs (B, T, U) in the inputs' time order and the final state.
    """
    by_time = [_swap(x) for x in inputs]
    static = by_time[0].shape[0]
    length = tf.shape(by_time[0])[0] if static is None else static
    state = [tf.convert_to_tensor(s) for s in state]
    if static == 1:  # streaming: one step needs no loop
        state, output = step(state, [x[0] for x in by_time])
        return output[:, None], list(state)
    outputs = tf.TensorArray(state[0].dtype, size=length, element_shape=state[0].shape)
    arrays = [
        tf.TensorArray(x.dtype, size=length, element_shape=x.shape[1:]).unstack(x) for x in by_time
    ]

    def body(k, state, outputs):
        t = length - 1 - k if reverse else k
        state, output = step(state, [a.read(t) for a in arrays])
        return k + 1, list(state), outputs.write(t, output)

    _, state, outputs = tf.while_loop(
        lambda k, *_: k < length,
        body,
        (tf.constant(0), state, outputs),
        maximum_iterations=length,
    )
    stacked = outputs.stack()
    stacked.set_shape([static, *state[0].shape])
    return _swap(stacked), state


def _swap(x):
    return tf.transpose(x, [1, 0, *range(2, len(x.shape))])


def compiled(function, variables=(), loop=False):
    """`function` as a `tf.function`; it reads `variables` by reference, so they stay current.

    loop: it holds a loop over many steps, which XLA makes ten and more times faster, once for each
    set of shapes. What XLA cannot compile runs as a graph without it.
    """
    # No autograph: what is compiled here is written in keras.ops, and errors stay one line.
    options = {"reduce_retracing": True, "autograph": False}
    graphs = [tf.function(function, jit_compile=True, **options)] if loop else []
    graphs.append(tf.function(function, **options))

    def run(*arguments):
        arguments = tf.nest.map_structure(tf.convert_to_tensor, arguments)
        while len(graphs) > 1:
            try:
                return graphs[0](*arguments)
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
                del graphs[0]
        return graphs[0](*arguments)

    return run


def stepwise(function, variables=()):
    """`function(inputs, state)` as it is: the loop around it is compiled with it."""
    return function


def value_and_gradients(function, variables):
    """The value of `function()` and its gradient by each variable, as NumPy arrays."""
    values = [v.value for v in variables]

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            tape.watch(values)
            value = function()
        return value, tape.gradient(value, values, unconnected_gradients="zero")

    # Traced by hand: a call would warn that it is traced anew, as each of these functions is.
    value, gradients = run.get_concrete_function()()
    return value.numpy(), [tf.convert_to_tensor(g).numpy() for g in gradients]


def at_steps(x, at):
    """The steps `at` (B, S) of x (B, T, U): (B, S, U)."""
    return tf.gather(x, at, batch_dims=1)


def devices() -> list[str]:
    """The devices by Keras's names, for example `["cpu:0", "gpu:0"]`."""
    gpus = tf.config.list_physical_devices("GPU")
    return ["cpu:0"] + [f"gpu:{i}" for i, _ in enumerate(gpus)]


# What `repeat_exactly` costs, as `zoo compare --reproducible` found (docs/compare.md).
COST = "Keras leaves XLA out; on a CPU a small model then takes up to twice as long"
# What may differ between two runs, whatever is set.
NOT_REPEATED = (
    "on a GPU: the gradient of max pooling under XLA, the gradient of resizing, adjust_contrast; "
    "TensorFlow raises an error that names such an operation",
)


def repeat_exactly():
    """Choose operations that repeat bit for bit; what was set."""
    tf.config.experimental.enable_op_determinism()
    return ["tf.config.experimental.enable_op_determinism()"]


def dense(gradient):
    """A gradient as one tensor: of an embedding it comes as rows, one for each token of a batch."""
    return tf.convert_to_tensor(gradient) if isinstance(gradient, tf.IndexedSlices) else gradient
