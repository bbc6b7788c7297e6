"""The `.keras` file: architecture, weights and compile state, on any backend."""

import keras

import zoo.models.step  # noqa: F401  registers every class that a file may name


def write(model, path):
    model.save(path)


def outputs(path, inputs):
    model = keras.models.load_model(path)
    return model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
