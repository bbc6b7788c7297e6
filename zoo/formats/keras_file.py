"""The `.keras` file: architecture, weights and compile state, on any backend."""

from zoo.errors import InputError, one_line
from zoo.formats.fitting import fitting

SUFFIX = ".keras"
WHOLE = True  # the file holds the model with its parts: Keras itself makes the steps of it


def write(model, path, names=None):
    """Write the file; `names` are not needed, Keras keeps its own."""
    model.save(path)


def outputs(path, inputs):
    """What the model in the file gives, a list of arrays."""
    return opened(path)(inputs)


def load(path):
    """The Keras model of the file. Raises `InputError` for a file that is none."""
    import keras

    import zoo.models.step  # noqa: F401  registers every class that a file may name

    try:
        return keras.models.load_model(path)
    except Exception as error:  # of many kinds: of archives, of JSON, of classes not known here
        raise InputError(
            f"{str(path)!r} cannot be read as a .keras file: {one_line(error)}: export it again"
        ) from error


def opened(path):
    """The file as a function: arrays in the order of the model's inputs -> a list of its outputs.

    Raises `InputError` for a file that Keras cannot read, and the function for arrays that do not
    fit.
    """
    import keras
    import numpy as np

    from zoo.models.carry import as_inputs

    model = load(path)
    wanted = [(t.name, str(t.dtype), (None, *t.shape[1:])) for t in model.inputs]
    fit = fitting(path, wanted)

    def run(inputs):
        found = model.predict_on_batch(as_inputs(model, fit(inputs)))
        return [np.asarray(x) for x in keras.tree.flatten(found)]

    return run
