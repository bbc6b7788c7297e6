"""The same weights on three backends: the outputs of every registered model are the same.

Keras fixes its backend at import, so each backend is a child process, which runs this file.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.neutral, pytest.mark.slow]

BACKENDS = ("tensorflow", "jax", "torch")
B, T = 4, 12


def filled(model):
    """`model` with weights that depend on their position and shape only, of a sensible size."""
    values = []
    for k, weight in enumerate(model.weights):
        shape = tuple(weight.shape)
        draw = np.random.default_rng([k, *shape]).normal(size=shape)
        if "variance" in weight.path:
            value = 1 + np.abs(draw)
        else:
            value = draw / np.sqrt(np.prod(shape[:-1])) if len(shape) > 1 else 0.1 * draw
        values.append(value.astype("float32"))
    model.set_weights(values)
    return model


def arrays(model, largest_token):
    """An array for each input: tokens with padding on the right and on the left, lengths, or real
    values."""
    for k, tensor in enumerate(model.inputs):
        rng = np.random.default_rng(k)
        shape = [B, *(T if size is None else size for size in tensor.shape[1:])]
        if tensor.name == "lengths":
            yield np.array([T, 7, 5, 1], "int32")
        elif "int" in tensor.dtype:
            tokens = rng.integers(1, largest_token, shape).astype("int32")
            tokens[1, 7:], tokens[2, :5] = 0, 0
            yield tokens
        else:
            yield rng.normal(size=shape).astype("float32")


def write_outputs(path):
    """The outputs of every registered model at its full size, as one `.npz`."""
    from zoo import create_model, list_models, registry

    outputs = {}
    for name in list_models():
        sizes = registry.recipe(name).sizes
        tokens = min([v for k, v in sizes.items() if "vocabulary" in k], default=2)
        model = filled(create_model(name))
        inputs = list(arrays(model, tokens))
        outputs[name] = model.predict_on_batch(inputs[0] if len(inputs) == 1 else inputs)
    np.savez(path, **outputs)


def test_every_model_gives_the_same_outputs_on_every_backend(tmp_path):
    found = {}
    for backend in BACKENDS:
        path = tmp_path / f"{backend}.npz"
        environment = os.environ | {"KERAS_BACKEND": backend}
        subprocess.run([sys.executable, Path(__file__), path], env=environment, check=True)
        found[backend] = dict(np.load(path))
    expected = found["tensorflow"]
    assert expected and all(set(outputs) == set(expected) for outputs in found.values())
    for name, output in expected.items():
        assert np.isfinite(output).all() and output.std() > 1e-3, name
        for backend in BACKENDS[1:]:
            np.testing.assert_allclose(
                found[backend][name], output, rtol=1e-5, atol=1e-5, err_msg=f"{name} on {backend}"
            )


if __name__ == "__main__":
    write_outputs(sys.argv[1])
