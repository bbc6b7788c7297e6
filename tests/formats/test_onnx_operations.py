"""Operations of `keras.ops`, and layers that are converted through them, in ONNX."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from onnx_checks import Converted, filled

from zoo.errors import InputError
from zoo.formats.onnx_graph import convert, converts

rng = np.random.default_rng(0)
X = rng.normal(size=(2, 3, 4)).astype("float32")
Y = rng.normal(size=(2, 3, 4)).astype("float32")
POSITIVE = np.abs(X) + 0.1
WHOLE = rng.integers(-5, 6, (2, 3, 4)).astype("int32")
OTHER = rng.choice([-3, -2, 2, 3], (2, 3, 4)).astype("int32")
TRUTH, OTHER_TRUTH = X > 0, Y > 0
PLACES = rng.integers(0, 3, (2, 5)).astype("int32")

UNARY = """
abs ceil cos elu erf exp expm1 floor gelu hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid
log_softmax logsumexp negative relu relu6 round selu sigmoid sign silu sin softmax softplus
softsign square tanh tanh_shrink isnan isinf isfinite zeros_like ones_like copy stop_gradient ravel
any all argmax argmin max min mean prod sum std var
"""
OF_POSITIVE = "log log10 log1p log2 reciprocal rsqrt sqrt"
TWO = """
add divide divide_no_nan equal floor_divide greater greater_equal less less_equal logaddexp maximum
minimum mod multiply not_equal subtract true_divide
"""
TWO_WHOLE = """
add divide equal floor_divide greater maximum mod multiply not_equal subtract less_equal
"""
ONE = {  # of real values
    **{name: getattr(ops, name) for name in UNARY.split()},
    "amax": lambda x: ops.amax(x, axis=-1, keepdims=True),
    "max with a floor": lambda x: ops.max(x, axis=1, initial=0.5),
    "mean of an axis": lambda x: ops.mean(x, axis=(1, 2)),
    "argmax of an axis": lambda x: ops.argmax(x, axis=-1, keepdims=True),
    "cumsum": lambda x: ops.cumsum(x, axis=1),
    "clip": lambda x: ops.clip(x, -0.5, 0.5),
    "relu with options": lambda x: keras.activations.relu(x, 0.1, max_value=1.0, threshold=0.2),
    "numbers": lambda x: (2 * x - 1) / 3 + x**2 - 1 / (x + 9),
    "power": lambda x: ops.power(ops.abs(x), 0.5),
    "reshape": lambda x: ops.reshape(x, (-1, 2, 6)),
    "transpose": lambda x: ops.transpose(x, (2, 0, 1)),
    "swapaxes": lambda x: ops.swapaxes(x, 1, -1),
    "moveaxis": lambda x: ops.moveaxis(x, [0, 1], [-1, 0]),
    "expand and squeeze": lambda x: ops.squeeze(ops.expand_dims(x, (1, -1)), 1),
    "split": lambda x: ops.split(x, 2, axis=-1),
    "split at places": lambda x: ops.split(x, [1, 3], axis=-1),
    "unstack": lambda x: ops.unstack(x, axis=1),
    "stack": lambda x: ops.stack([x, 2 * x], axis=-1),
    "concatenate": lambda x: ops.concatenate([x, ops.zeros((2, 1, 4))], axis=1),
    "pad": lambda x: ops.pad(x, [[0, 0], [1, 2], [0, 0]], constant_values=2.0),
    "pad by reflection": lambda x: ops.pad(x, [[0, 0], [1, 1], [0, 0]], mode="reflect"),
    "flip": lambda x: ops.flip(x, axis=1),
    "flip all": ops.flip,
    "tile": lambda x: ops.tile(x, (2, 1, 3)),
    "repeat": lambda x: ops.repeat(x, 3, axis=1),
    "roll": lambda x: ops.roll(x, 1, axis=1),
    "roll back": lambda x: ops.roll(x, -2, axis=-1),
    "sort": ops.sort,
    "argsort": ops.argsort,
    "top_k": lambda x: ops.top_k(x, 2),
    "cast": lambda x: ops.cast(x * 3, "int32"),
    "full_like": lambda x: ops.full_like(x, 3),
    "broadcast_to": lambda x: ops.broadcast_to(x, (5, 2, 3, 4)),
    "a place": lambda x: x[:, -1],
    "places": lambda x: x[..., None, 1, 0],
    "ranges": lambda x: x[:, None, 1:, ::2],
    "a range from behind": lambda x: x[:, -2:, :-1],
    "einsum": lambda x: ops.einsum("btf,fu->btu", x, np.ones((4, 2), "float32")),
    "matmul": lambda x: ops.matmul(x, np.ones((4, 2), "float32")),
    "layer_normalization": lambda x: ops.layer_normalization(x, axis=-1),
    "rms_normalization": lambda x: ops.rms_normalization(x, axis=-1),
    "attention": lambda x: ops.dot_product_attention(x[:, :, None], x[:, :, None], x[:, :, None]),
    "where a number": lambda x: ops.where(x > 0, x, -1e9),
}


def check(function, *arrays):
    inputs = [keras.Input(a.shape[1:], batch_size=a.shape[0], dtype=a.dtype) for a in arrays]
    return Converted(keras.Model(inputs, function(*inputs))).check(list(arrays))


@pytest.mark.parametrize("function", ONE.values(), ids=ONE)
def test_of_real_values(function):
    check(function, X)


@pytest.mark.parametrize("name", OF_POSITIVE.split())
def test_of_positive_values(name):
    check(getattr(ops, name), POSITIVE)


@pytest.mark.parametrize("name", TWO.split())
def test_of_two(name):
    check(getattr(ops, name), X, np.where(Y > 1, X, Y))
    check(getattr(ops, name), X, Y[:, :1])


@pytest.mark.parametrize("name", TWO_WHOLE.split())
def test_of_whole_numbers(name):
    check(getattr(ops, name), WHOLE, OTHER)


def test_of_truths():
    for name in ("logical_and", "logical_or", "logical_xor"):
        check(getattr(ops, name), TRUTH, OTHER_TRUTH)
    check(ops.logical_not, TRUTH)
    check(lambda a, b: ops.where(a, b, a), TRUTH, OTHER_TRUTH)
    check(lambda a, b: ops.equal(ops.any(a, axis=1), ops.all(b, axis=1)), TRUTH, OTHER_TRUTH)
    check(lambda a, x: ops.sum(ops.where(a, x, 1), axis=-1), TRUTH, WHOLE)


def test_counting():  # not against Keras, which on torch counts over all axes
    x = keras.Input((3, 4), batch_size=2)
    (found,) = Converted(keras.Model(x, ops.count_nonzero(x > 0, axis=1))).run([X])
    np.testing.assert_array_equal(found, np.count_nonzero(X > 0, axis=1))


def test_of_places():
    check(lambda x, k: ops.take_along_axis(x, k[:, :, None], axis=1), X, PLACES)
    check(
        lambda x, k: (
            ops.take(np.arange(12.0, dtype="float32").reshape(3, 4), k, axis=0) + x[:, :1, :1]
        ),
        X,
        PLACES,
    )
    check(lambda k: ops.one_hot(k - 1, 3), PLACES)
    check(lambda k: ops.one_hot(k, 3, axis=1), PLACES)


IMAGE = {
    "conv": lambda: layers.Conv2D(4, 3),
    "conv same": lambda: layers.Conv2D(4, (2, 3), padding="same", activation="relu"),
    "conv strides": lambda: layers.Conv2D(4, 3, strides=2, padding="same", groups=2),
    "conv dilated": lambda: layers.Conv2D(4, 3, padding="same", dilation_rate=2),
    "depthwise": lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
    "max pooling": lambda: layers.MaxPooling2D(2, padding="same"),
    "average pooling": lambda: layers.AveragePooling2D(3, strides=2),
    "batch normalisation": lambda: layers.BatchNormalization(),
    "batch normalisation of axis 1": lambda: layers.BatchNormalization(axis=1),
    "global maximum": lambda: layers.GlobalMaxPooling2D(),
    "global mean": lambda: layers.GlobalAveragePooling2D(keepdims=True),
    "flatten": lambda: layers.Flatten(),
    "reshape": lambda: layers.Reshape((-1, 4)),
    "permute": lambda: layers.Permute((3, 1, 2)),
    "rescaling": lambda: layers.Rescaling(1 / 255, offset=-1),
    "padding": lambda: layers.ZeroPadding2D(1),
    "cropping": lambda: layers.Cropping2D(1),
}
SEQUENCE = {
    "dense": lambda: layers.Dense(3, activation="softmax"),
    "causal conv": lambda: layers.Conv1D(4, 3, padding="causal", dilation_rate=2),
    "conv": lambda: layers.Conv1D(4, 3, strides=2, padding="same"),
    "max pooling": lambda: layers.MaxPooling1D(2),
    "layer normalisation": lambda: layers.LayerNormalization(),
    "normalisation": lambda: layers.Normalization(mean=[0.5] * 4, variance=[2.0] * 4),
    "each step": lambda: layers.TimeDistributed(layers.Dense(3)),
    "einsum": lambda: layers.EinsumDense("btf,fu->btu", (None, 3), bias_axes="u"),
    "activations": lambda: layers.PReLU(shared_axes=[1]),
    "noise": lambda: layers.GaussianNoise(0.3),
    "unit": lambda: layers.UnitNormalization(),
    "repeated": lambda: keras.Sequential([layers.GlobalMaxPooling1D(), layers.RepeatVector(3)]),
}


@pytest.mark.parametrize("make", IMAGE.values(), ids=IMAGE)
def test_layers_of_images(make):
    model = filled(keras.Sequential([keras.Input((6, 6, 4)), make()]))
    Converted(model).check([rng.normal(size=(3, 6, 6, 4)).astype("float32")])


@pytest.mark.parametrize("make", SEQUENCE.values(), ids=SEQUENCE)
def test_layers_of_sequences_of_any_length(make):
    converted = Converted(filled(keras.Sequential([keras.Input((None, 4)), make()])))
    for size in ((2, 7, 4), (3, 5, 4)):
        converted.check([rng.normal(size=size).astype("float32")])


def test_attention_of_keras():
    x, memory = keras.Input((None, 4)), keras.Input((None, 4))
    real = keras.Input((None,), dtype="bool")
    outputs = [
        layers.MultiHeadAttention(2, 3)(x, memory, value_mask=real),
        layers.Attention()([x, memory], mask=[None, real]),
        layers.AdditiveAttention()([x, memory]),  # a weight stands left of an operator
    ]
    real_steps = np.arange(5) < np.array([5, 2])[:, None]
    arrays = [X, rng.normal(size=(2, 5, 4)).astype("float32"), real_steps]
    Converted(filled(keras.Model([x, memory, real], outputs))).check(arrays)


def test_merging_and_nesting():
    a, b = keras.Input((None, 4), name="x"), keras.Input((None, 4), name="y")
    inner = keras.Model({"x": a, "y": b}, {"sum": layers.Add()([a, b]), "all": [a * b, a - b]})
    first, second = keras.Input((None, 4), name="first"), keras.Input((None, 4), name="second")
    found = inner({"x": layers.Dense(4)(first), "y": second})
    mixed = layers.Concatenate()([found["sum"], *found["all"], layers.Maximum()([first, second])])
    model = keras.Model([first, second], {"mixed": mixed, "parts": [found["sum"], first]})
    converted = Converted(filled(model))
    assert converted.inputs == ["first", "second"]
    assert converted.outputs == ["mixed", "parts0", "parts1"]
    converted.check([X, Y])


class Unusual(layers.Layer):
    def call(self, x):
        return ops.fft((x, x))[0]


def test_a_layer_that_cannot_be_converted_is_named():
    model = keras.Sequential([keras.Input((4,)), Unusual(name="strange")])
    with pytest.raises(InputError) as error:
        convert(model)
    assert "\n" not in str(error.value)
    words = (
        "layer 'strange' (Unusual)",
        "operation FFT is not in the table",
        "onnx_graph.converts",
    )
    assert all(word in str(error.value) for word in words), error.value


def test_a_layer_in_training_is_refused():
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dropout(0.5, name="drop")(x, training=True))
    with pytest.raises(InputError, match=r"layer 'drop' \(Dropout\).*training=True"):
        convert(model)


def test_a_users_own_converter():
    class Shuffled(layers.Layer):
        def call(self, x):
            raise ValueError("reads its batch")

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

    x = keras.Input((4,))
    model = keras.Model(x, Shuffled()(x))
    with pytest.raises(InputError, match="reads its batch"):
        convert(model)

    @converts(Shuffled)
    def shuffled(graph, layer, x):
        return graph.node("Gather", x, [3, 2, 1, 0], axis=1)

    (found,) = Converted(model).run([X[:, 0]])
    np.testing.assert_array_equal(found, X[:, 0, ::-1])


def test_a_model_without_a_graph_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(InputError, match="without a graph of its own"):
        convert(Own())


def test_half_precision_is_refused():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, dtype="mixed_float16", name="d")])
    with pytest.raises(InputError, match="layer 'd' computes in float16, expected float32"):
        convert(model)


def test_nothing_is_left_on_the_layers():
    x = keras.Input((None, 4))
    layer = layers.TimeDistributed(layers.Dense(3))
    model = keras.Model(x, layers.LayerNormalization()(layer(x)))
    before = [len(each._inbound_nodes) for each in model._flatten_layers()]
    convert(model)
    assert [len(each._inbound_nodes) for each in model._flatten_layers()] == before
