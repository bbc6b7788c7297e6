"""Any causal Keras model piece by piece: whole = steps = chunks, and who is refused."""

import resource

import keras
import numpy as np
import pytest
from keras import layers, ops

import zoo
from zoo.engine.streaming import streaming
from zoo.errors import InputError

B, T, F, V = 2, 7, 3, 6
RNG = np.random.default_rng(4)
X = RNG.normal(size=(B, T, F)).astype("float32")
TOKENS = RNG.integers(0, V, (B, T)).astype("int32")


@keras.saving.register_keras_serializable("tests")
class Leaky(layers.Layer):
    """A cell that Keras does not have: a running mean."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], self.units), name="kernel")

    def call(self, inputs, states, training=False):
        h = 0.7 * states[0] + 0.3 * ops.matmul(inputs, self.kernel)
        return h, [h]

    def get_config(self):
        return super().get_config() | {"units": self.units}


class Louder(layers.LSTM):
    """A subclass of a stock layer."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        return super().inner_loop(2 * sequences, initial_state, mask, training)


def sequential(*stack, shape=(None, F), **options):
    return keras.Sequential([keras.Input(shape, **options), *stack])


def recurrent(kind=layers.LSTM, units=4, **options):
    return kind(units, **{"return_sequences": True} | options)


def two_ways():
    one, two = keras.Input((None, F), name="one"), keras.Input((None,), dtype="int32", name="two")
    joined = layers.Concatenate()([one, layers.Embedding(V, 2)(two)])
    x = recurrent()(joined)
    return keras.Model([one, two], [layers.Dense(2)(x), layers.GRU(3)(x)])


def residual():
    inputs = keras.Input((T, F))
    x = layers.Dense(4)(inputs)
    for kind in (layers.LSTM, layers.GRU):
        x = x + recurrent(kind)(layers.LayerNormalization()(x))
    return keras.Model(inputs, ops.tanh(x))


def nested():
    inner = sequential(recurrent(layers.SimpleRNN), layers.BatchNormalization(), shape=(T, F))
    inputs = keras.Input((T, F))
    return keras.Model(inputs, layers.LSTM(4)(inner(inputs)))


def masked():
    stack = layers.Embedding(V, 4, mask_zero=True), recurrent(layers.GRU), layers.LSTM(3)
    return sequential(*stack, shape=(None,), dtype="int32")


def convolutions():
    return sequential(
        layers.Conv1D(4, 3, padding="causal", activation="relu"),
        layers.Conv1D(5, 2, padding="causal", dilation_rate=2),
        recurrent(),
        layers.TimeDistributed(layers.Dense(2)),
        shape=(T, F),
    )


MODELS = {
    "lstm, steps fixed": lambda: sequential(recurrent(), layers.Dense(2), shape=(T, F)),
    "last step": lambda: sequential(recurrent(layers.GRU), layers.SimpleRNN(3), layers.Dense(2)),
    "stateful, batch fixed": lambda: keras.Sequential(
        [keras.Input(batch_shape=(B, T, F)), recurrent(stateful=True), layers.GRU(2, unroll=True)]
    ),
    "stacked cells": lambda: sequential(
        layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], return_sequences=True)
    ),
    "own cell": lambda: sequential(layers.RNN(Leaky(4), return_sequences=True), layers.Dense(2)),
    "subclass": lambda: sequential(recurrent(Louder)),
    "gru, reset before": lambda: sequential(recurrent(layers.GRU, reset_after=False)),
    "relu": lambda: sequential(recurrent(activation="relu"), layers.Dropout(0.5)),
    "convolutions": convolutions,
    "masked tokens": masked,
    "residual": residual,
    "nested": nested,
    "two inputs, two outputs": two_ways,
    "peephole": lambda: sequential(zoo.layers.PeepholeLSTM(4, return_sequences=True)),
    "minimal lstm": lambda: sequential(zoo.layers.MinLSTM(4, return_sequences=True)),
    "zoo stack of linear recurrences": lambda: zoo.many_to_many_aligned(
        features=F, outputs=2, units=4, layers_=2, cell="rg_lru"
    ),
    "zoo stack": lambda: zoo.many_to_many_aligned(features=F, outputs=2, units=4, layers_=2),
    "zoo classifier": lambda: zoo.many_to_one(features=F, classes=2, units=4),
}


def inputs_of(model):
    found = [TOKENS if t.dtype == "int32" else X for t in model.inputs]
    return found if len(found) > 1 else found[0]


def cut(inputs, start, end):
    if isinstance(inputs, list):
        return [x[:, start:end] for x in inputs]
    return inputs[:, start:end]


@pytest.mark.parametrize("name", MODELS)
def test_whole_equals_steps_equals_chunks(name):
    model = MODELS[name]()
    inputs = inputs_of(model)
    whole = keras.tree.flatten(model.predict_on_batch(inputs))
    if "stateful" in name:  # the source has moved on; a stream has a state of its own
        model.layers[0].reset_state()
    stream = streaming(model, batch_size=B)
    for size in (1, 3):
        stream.reset()
        starts = range(0, T, size)
        found = [keras.tree.flatten(stream(cut(inputs, t, t + size))) for t in starts]
        for k, expected in enumerate(whole):
            parts = [outputs[k] for outputs in found]
            joined = np.concatenate(parts, axis=1) if expected.ndim == 3 else parts[-1]
            np.testing.assert_allclose(joined, expected, rtol=1e-4, atol=1e-5)
    if "stateful" in name:
        assert not np.any(ops.convert_to_numpy(model.layers[0].states[0]))


def test_snapshot_restore_and_reset():
    stream = streaming(MODELS["lstm, steps fixed"](), batch_size=B)
    first = stream(X[:, :3])
    middle = stream.snapshot()
    rest = stream(X[:, 3:])
    stream.restore(middle)
    np.testing.assert_array_equal(stream(X[:, 3:]), rest)
    stream.reset()
    np.testing.assert_array_equal(stream(X[:, :3]), first)
    assert any(np.any(s) for s in middle)
    with pytest.raises(InputError, match="the snapshot has shapes"):
        stream.restore(middle[:1])


def test_weights_are_shared_and_read_afresh():
    model = MODELS["lstm, steps fixed"]()
    stream = streaming(model, batch_size=B)
    stream(X)
    model.set_weights([w + 0.1 for w in model.get_weights()])
    stream.reset()
    np.testing.assert_allclose(stream(X), model.predict_on_batch(X), rtol=1e-4, atol=1e-5)


def test_the_decoders_drive_a_stock_model():
    model = sequential(
        layers.Embedding(V, 4), recurrent(layers.GRU), layers.Dense(V), shape=(None,), dtype="int32"
    )
    stream = streaming(model)
    start = np.array([1, 2], "int32")
    written = zoo.generate(stream.step, start, stream.zeros(2), steps=5)
    read = np.concatenate([start[:, None], written[:, :-1]], axis=1)
    np.testing.assert_array_equal(model.predict_on_batch(read).argmax(-1), written)


def test_the_streaming_model_is_saved_and_loaded(tmp_path):
    model = sequential(
        layers.Conv1D(4, 3, padding="causal"), layers.RNN(Leaky(4), return_sequences=True)
    )
    stream = streaming(model, batch_size=B)
    stream.model.save(tmp_path / "step.keras")
    again = keras.models.load_model(tmp_path / "step.keras")
    arguments = [X, *stream.state]
    for found, expected in zip(
        again.predict_on_batch(arguments), stream.model.predict_on_batch(arguments), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def twice():
    inputs, layer = keras.Input((None, F)), recurrent(units=F, name="both")
    return keras.Model(inputs, layer(layer(inputs)))


def from_a_state():
    inputs = keras.Input((None, F))
    _, h, c = layers.LSTM(4, return_state=True)(inputs)
    return keras.Model(inputs, recurrent(name="reader")(inputs, initial_state=[h, c]))


def attentive():
    inputs = keras.Input((None, F))
    x = recurrent()(inputs)
    return keras.Model(inputs, layers.MultiHeadAttention(1, 2, name="looks")(x, x))


def mean_of_all():
    inputs = keras.Input((None, F))
    return keras.Model(inputs, ops.mean(recurrent(layers.GRU)(inputs), axis=1))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.body = layers.LSTM(3)

    def call(self, x):
        return self.body(x)


REFUSED = {
    "'bidirectional": lambda: sequential(layers.Bidirectional(recurrent())),
    "'back' of": lambda: sequential(recurrent(go_backwards=True, name="back")),
    "'looks' of": attentive,
    "'pool' of": lambda: sequential(recurrent(), layers.GlobalMaxPooling1D(name="pool")),
    "look at 'mean": mean_of_all,
    "'wide'": lambda: sequential(layers.Conv1D(4, 3, padding="same", name="wide"), recurrent()),
    "'strides' has strides": lambda: sequential(
        layers.Conv1D(4, 3, strides=2, padding="causal", name="strides"), recurrent()
    ),
    "'both' is used more than once": twice,
    "'reader' starts from a state": from_a_state,
    "'clouds' is a": lambda: sequential(layers.ConvLSTM1D(2, 3, name="clouds"), shape=(None, 8, 3)),
    "cannot be run for another number of steps": lambda: sequential(
        recurrent(), layers.Flatten(), layers.Dense(2), shape=(T, F)
    ),
    "no recurrent layer": lambda: sequential(layers.Dense(2)),
    "Subclassed without a graph": Subclassed,
    "expected a keras.Model": lambda: layers.LSTM(3),
}


@pytest.mark.parametrize("words", REFUSED)
def test_who_is_refused_is_named(words):
    with pytest.raises(InputError) as error:
        streaming(REFUSED[words]())
    message = str(error.value)
    assert "\n" not in message and words in message, message


@pytest.mark.parametrize(
    ("piece", "words"),
    [
        (X[:1], r"\(1, 7, 3\), expected \(2, T, 3\)"),
        (X[:, :, :2], r"\(2, 7, 2\)"),
        (X[:, :0], r"\(2, 0, 3\)"),
        (X[:, 0], r"\(2, 3\)"),
    ],
)
def test_a_piece_of_another_shape_is_refused(piece, words):
    stream = streaming(MODELS["subclass"](), batch_size=B)
    with pytest.raises(InputError, match=words):
        stream(piece)


def test_a_batch_of_none_is_refused():
    with pytest.raises(InputError, match="batch_size is 0"):
        streaming(MODELS["subclass"](), batch_size=0)


def test_memory_stays_flat():
    """`scripts/decoding_speed.py soak` does a million steps; a leak of 1 KB a step shows here."""
    stream = streaming(MODELS["subclass"](), batch_size=B)
    peaks = []
    for count in (1000, 6000):
        for _ in range(count):
            stream(X[:, :1])
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert peaks[1] - peaks[0] < 3000  # KB
