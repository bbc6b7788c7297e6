"""From the model that a task is given to what it drives it by."""

from zoo.engine.runner import Runner


def running(model):
    """The `Runner` of a Keras model; a runner is its own."""
    if isinstance(model, Runner):
        return model
    from zoo.engine.running import Running

    return Running(model)
