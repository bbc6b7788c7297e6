"""TensorFlow: the cells of the linear recurrence under XLA, which takes them chunk by chunk."""

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("needs the TensorFlow backend", allow_module_level=True)

import tensorflow as tf

from zoo.backends import tensorflow_gated
from zoo.errors import InputError
from zoo.layers import RGLRU, MinGRU, MinLSTM

B, F, U = 2, 3, 4


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(0, 0.7, shape).astype("float32")


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("kind", [MinGRU, MinLSTM, RGLRU])
def test_under_xla_the_same_and_no_second_gradient(kind, reverse, monkeypatch):
    monkeypatch.setattr(tensorflow_gated, "CHUNK", 64 * B)
    layer = kind(U, return_sequences=True, return_state=True, go_backwards=reverse)
    layer.build((None, None, F))
    x, start = tf.constant(draw(B, 150, F)), tf.constant(draw(B, U))
    mask = tf.constant(np.random.default_rng(0).random((B, 150)) < 0.7)
    values = [x, start, *(v.value for v in layer.trainable_variables)]

    def gradients():
        with tf.GradientTape() as tape:
            tape.watch(values)
            outputs, final = layer(x, initial_state=[start], mask=mask)
            number = tf.reduce_sum(outputs**2) + tf.reduce_sum(final**3)
        return tape.gradient(number, values)

    plain, compiled = (
        tf.function(gradients, jit_compile=xla, autograph=False)() for xla in (False, True)
    )
    for found, expected in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)

    @tf.function(jit_compile=True, autograph=False)
    def twice():
        with tf.GradientTape() as tape:
            tape.watch(values)
            total = tf.add_n([tf.reduce_sum(g**2) for g in gradients()])
        return tape.gradient(total, values)

    with pytest.raises(InputError, match="second-order gradient of a recurrent layer"):
        twice()
