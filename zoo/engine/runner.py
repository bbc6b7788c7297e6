"""What a task drives a model by, whatever runs it."""


class Runner:
    """The steps and decoders of a model; `zoo.engine.running.Running` says what each does.

    A Keras model has a `Running`, an export that runs without Keras an `Exported`.
    """

    free_shapes = False  # whether a batch of another shape costs no compilation
