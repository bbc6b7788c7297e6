"""TensorFlow SavedModel, with dynamic batch and time, from whichever backend is running."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras

from zoo.errors import InputError

SUFFIX = ""  # a folder


def write(model, path, names=None):
    """Write a SavedModel; on another backend a child process on TensorFlow does the work."""
    if keras.backend.backend() == "tensorflow":
        model.export(str(path), format="tf_saved_model", verbose=False)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "model.keras"
        model.save(source)
        child = subprocess.run(
            [sys.executable, "-m", "zoo.formats.saved_model", str(source), str(path)],
            env=os.environ | {"KERAS_BACKEND": "tensorflow"},
            capture_output=True,
            text=True,
        )
    if child.returncode:
        last = (child.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(
            f"SavedModel export needs a working TensorFlow, which said: {last}; "
            "install it with: pip install tensorflow"
        )


def outputs(path, inputs):
    """The outputs of the reloaded SavedModel, by TensorFlow alone, a list of arrays."""
    return opened(path)(inputs)


def opened(path):
    """The SavedModel as a function from a list of arrays to a list of arrays."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    # One input may be asked for alone or in a list: the file says which.
    structure = loaded.serve.concrete_functions[0].structured_input_signature[0]

    def run(inputs):
        arguments = tf.nest.pack_sequence_as(structure, [tf.constant(i) for i in inputs])
        return [x.numpy() for x in tf.nest.flatten(loaded.serve(*arguments))]

    return run


if __name__ == "__main__":
    import zoo.models.step  # noqa: F401  registers every class that a file may name

    write(keras.models.load_model(sys.argv[1]), sys.argv[2])
