"""The `.keras` file: architecture, weights and compile state, on any backend."""

SUFFIX = ".keras"
WHOLE = True  # the file holds the model with its parts: Keras itself makes the steps of it


def write(model, path, names=None):
    """Write the file; `names` are not needed, Keras keeps its own."""
    model.save(path)


def load(path):
    """The Keras model of the file. Raises `InputError` for a file that is none."""
    import keras

    import zoo.models.step  # noqa: F401  registers every class that a file may name
    from zoo.errors import InputError, one_line

    try:
        return keras.models.load_model(path)
    except Exception as error:  # zip, JSON and Keras each have errors of their own
        raise InputError(
            f"{str(path)!r} cannot be read as a Keras model: {one_line(error)}: export it again"
        ) from error


def opened(path):
    """The file as a function from a list of arrays to a list of arrays, by Keras."""
    import keras

    from zoo.formats.verifying import as_called

    model = load(path)
    return lambda inputs: keras.tree.flatten(as_called(model, inputs))


def outputs(path, inputs):
    """What the model in the file gives, a list of arrays."""
    return opened(path)(inputs)
