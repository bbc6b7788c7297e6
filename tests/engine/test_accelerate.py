"""`zoo.accelerate` on stock models of every build: same numbers, shared weights, honest report."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import zoo
from zoo import backends
from zoo.engine.rewiring import own_attributes
from zoo.errors import InputError

B, T, F, U, V = 3, 4, 3, 4, 7

# Rows whole, padded on the right, and padded on the left.
REAL = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]], bool)


def values(padded, *shape, seed=0):
    x = np.random.default_rng([seed, *shape]).normal(0, 0.7, shape).astype("float32")
    return np.where(REAL[..., None], x, 0).astype("float32") if padded else x


def tokens(padded):
    drawn = np.random.default_rng(1).integers(1, V, (B, T))
    return np.where(REAL, drawn, 0) if padded else drawn


def one(padded):
    """The inputs of a model that reads one sequence of values, zeros at the padded steps."""
    return values(padded, B, T, F)


def masked_input(**options):
    inputs = keras.Input((None, F), **options)
    return inputs, layers.Masking(name="masking")(inputs)


def over(*stack):
    """A functional model: a mask, then these layers one after the other."""
    inputs, x = masked_input()
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, x)


def sequential():
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(V, F, mask_zero=True),
            layers.LSTM(U, return_sequences=True, name="first"),
            layers.Dropout(0.5),
            layers.GRU(U, reset_after=False, use_bias=False, name="second"),
            layers.Dense(2, name="head"),
        ]
    ), tokens


def functional():
    backwards = layers.SimpleRNN(U, go_backwards=True, return_sequences=True)
    return over(backwards, layers.LayerNormalization(), layers.GRU(U), layers.Dense(2)), one


def bidirectional():
    backward = layers.GRU(2, go_backwards=True, return_sequences=True, name="back")
    return over(
        layers.Bidirectional(
            layers.GRU(2, return_sequences=True), backward_layer=backward, merge_mode="mul"
        ),
        layers.Bidirectional(layers.RNN(layers.LSTMCell(U)), merge_mode="sum"),
    ), one


def shared():
    """One layer, and one model inside the model, each used twice; two inputs."""
    body = keras.Sequential(
        [keras.Input((None, F)), layers.LSTM(F, return_sequences=True, name="lstm")], name="body"
    )
    gru = layers.GRU(U, name="gru")
    left, right = keras.Input((None, F), name="left"), keras.Input((None, F), name="right")
    return keras.Model(
        [left, right], ops.concatenate([gru(body(left)), gru(right)], axis=-1)
    ), lambda padded: [values(padded, B, T, F, seed=k) for k in range(2)]


def encoder_decoder():
    """Models in a model; the decoder begins with the encoder's state; two outputs, by name."""
    source, x = masked_input(name="source")
    encoder = keras.Model(source, layers.LSTM(U, return_state=True)(x)[1:], name="encoder")
    target = keras.Input((T, F), name="target")
    state = [keras.Input((U,), name=name) for name in "hc"]
    x, h, _ = layers.LSTM(U, return_sequences=True, return_state=True, name="reader")(
        target, initial_state=state
    )
    decoder = keras.Model([target, *state], [layers.Dense(2)(x), h], name="decoder")
    outputs, h = decoder([target, *encoder(source)])
    model = keras.Model({"source": source, "target": target}, {"outputs": outputs, "h": h})
    return model, lambda padded: {"source": one(padded), "target": values(False, B, T, F, seed=2)}


def single_cells():
    return over(
        layers.RNN(
            layers.GRUCell(U, name="own_name"),
            return_sequences=True,
            go_backwards=True,
            zero_output_for_mask=True,
        ),
        layers.RNN(layers.SimpleRNNCell(U, activation="relu")),
    ), one


def stacked_cells():
    inputs, x = masked_input()
    cells = [layers.LSTMCell(U), layers.GRUCell(3)]
    first = layers.RNN(cells, return_sequences=True, return_state=True, go_backwards=True)
    x, *states = first(x)
    again = layers.StackedRNNCells([layers.LSTMCell(U), layers.GRUCell(3)])
    return keras.Model(inputs, [states, layers.RNN(again)(x, initial_state=states)]), one


def time_distributed():
    """A recurrent layer over the frames of each step, and a model with one."""
    frames = keras.Input((2, 2, F))
    x = layers.TimeDistributed(layers.LSTM(F, return_sequences=True, name="lstm"))(frames)
    model = keras.Sequential([keras.Input((2, F)), layers.GRU(2), layers.Dense(2)], name="model")
    return keras.Model(frames, layers.TimeDistributed(model)(x)), lambda padded: values(
        False, B, 2, 2, F
    )


def stateful():
    inputs, x = masked_input(batch_size=B)
    x = layers.LSTM(U, stateful=True, return_sequences=True)(x)
    x = layers.Bidirectional(layers.GRU(2, stateful=True, return_sequences=True))(x)
    x = layers.RNN([layers.LSTMCell(2), layers.SimpleRNNCell(U)], stateful=True)(x)
    return keras.Model(inputs, x), one


def with_notes():
    """Options under which the fast layer takes a general path."""
    inputs = keras.Input((2, F))
    x = layers.GRU(U, unroll=True, return_sequences=True, name="unroll")(inputs)
    cells = [
        layers.SimpleRNNCell(2, activation="sigmoid", dropout=0.5),
        layers.GRUCell(2, recurrent_dropout=0.5),
    ]
    return keras.Model(inputs, layers.RNN(cells, name="stack")(x)), lambda padded: one(False)[:, :2]


def half_precision():
    return over(
        layers.LSTM(U, dtype="mixed_bfloat16", return_sequences=True),
        layers.RNN(layers.GRUCell(U, dtype="mixed_float16"), dtype="mixed_float16"),
    ), one


class Reader(keras.layers.Layer):
    """A layer as users write them: recurrent layers in attributes and containers."""

    def __init__(self, units, **options):
        super().__init__(**options)
        self.units, self.supports_masking = units, True
        self.ways = {"forward": layers.GRU(units, return_sequences=True, name="gru")}
        self.tops = [layers.Dense(units), (layers.SimpleRNN(units, name="top"), None)]

    def build(self, shape):
        self.scale = self.add_weight((self.units,), "ones", name="scale")
        self.ways["forward"].build(shape)
        self.tops[0].build((*shape[:-1], self.units))
        self.tops[1][0].build((*shape[:-1], self.units))

    def call(self, x):
        return self.tops[1][0](self.tops[0](self.ways["forward"](x)) * self.scale)

    def compute_output_shape(self, shape):
        return (shape[0], self.units)

    def get_config(self):
        return super().get_config() | {"units": self.units}


def own_layer():
    return over(Reader(U, name="reader")), one


class Classifier(keras.Model):
    """A subclassed model as users write them: no configuration, a training step of its own."""

    def __init__(self, units):
        super().__init__(name="classifier")
        self.masking = layers.Masking()
        self.head = layers.Dense(2, name="head")
        self.body = layers.GRU(units, name="body")
        self._private = layers.LSTM(units, return_sequences=True, name="private")
        self.alone = self._private
        self.factor, self.steps = 3.0, 0

    def call(self, x, training=None):
        return self.head(self.body(self._private(self.masking(x)))) * self.factor

    def train_step(self, *arguments):
        self.steps += 1
        return super().train_step(*arguments)


def subclassed():
    model = Classifier(U)
    model(one(True))
    model.factor = 0.5
    return model, one


class Own(keras.Model):
    """A functional model that draws its own graph."""

    def __init__(self, units):
        inputs, x = masked_input()
        lstm = layers.LSTM(units, name="lstm")
        super().__init__(inputs, lstm(x), name="own")
        self.lstm, self.units = lstm, units


def own_graph():
    return Own(U), one


BUILDS = [
    sequential,
    functional,
    bidirectional,
    shared,
    encoder_decoder,
    single_cells,
    stacked_cells,
    time_distributed,
    stateful,
    with_notes,
    half_precision,
    own_layer,
    subclassed,
    own_graph,
]
# Classes that Keras itself cannot save whole, and reload.
UNSAVED = (subclassed, own_graph)
every_build = pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.__name__)


def made(build):
    """(model, its inputs by `padded`), with weights drawn at random."""
    model, inputs = build()
    model.set_weights([values(False, *w.shape, seed=3) for w in model.get_weights()])
    return model, inputs


def tensors(x):
    return keras.tree.map_structure(ops.convert_to_tensor, x)


def run(model, *inputs):
    """The outputs for each of `inputs`: for each a flat list of arrays."""

    def function(x):
        return [ops.cast(t, "float32") for t in keras.tree.flatten(model(x))]

    if not any(layer.stateful for layer in recurrent(model)):
        function = backends.compiled(function, model.variables)
    return [list(map(ops.convert_to_numpy, function(tensors(x)))) for x in inputs]


def gradients(model, x):
    """Of a number made of every output, by each weight."""

    def loss():
        outputs = keras.tree.flatten(model(tensors(x)))
        return sum(ops.sum(ops.sin(1 + ops.cast(t, "float32"))) for t in outputs)

    return backends.value_and_gradients(loss, model.trainable_variables)[1]


def recurrent(model):
    return [layer for layer in model._flatten_layers() if isinstance(layer, layers.RNN)]


def is_zoos(layer):
    return type(layer).__module__.startswith("zoo.")


def names(model):
    inner = [layer.name for layer in model._flatten_layers()]
    return inner, [w.path for w in model.weights], getattr(model, "output_names", None)


def assert_equal(found, expected, tolerance=1e-5):
    keras.tree.map_structure(
        lambda f, e: np.testing.assert_allclose(f, e, rtol=tolerance, atol=tolerance),
        found,
        expected,
    )


@every_build
def test_outputs_and_gradients_are_equal_and_outputs_once_saved_and_loaded(build, tmp_path):
    model, inputs = made(build)
    fast = zoo.accelerate(model)
    given, tolerance = [inputs(False), inputs(True)], 0.03 if build is half_precision else 1e-5
    if build not in UNSAVED:
        fast.save(tmp_path / "fast.keras")
    expected = run(model, *given)
    assert all(np.abs(e).max() > 0.01 for outputs in expected for e in outputs)
    assert_equal(run(fast, *given), expected, tolerance)
    if build is not stateful:  # its state may not be assigned where gradients are taken
        slopes = gradients(model, given[1])
        assert_equal(gradients(fast, given[1]), slopes, tolerance)
        assert sum(np.any(s != 0) for s in slopes) > len(slopes) / 2
    if build not in UNSAVED:
        again = keras.models.load_model(tmp_path / "fast.keras", custom_objects={"Reader": Reader})
        assert_equal(run(again, *given), expected, tolerance)
        # A class of the user's own makes its own layers.
        assert all(map(is_zoos, recurrent(again))) or build is own_layer


@every_build
def test_the_source_is_untouched_and_the_copy_has_its_names(build):
    model, _ = made(build)

    def look():
        return [(id(layer), type(layer)) for layer in model._flatten_layers()], names(model)

    before, config = look(), None if build in UNSAVED else model.get_config()
    fast = zoo.accelerate(model)
    assert type(fast) is type(model) and fast is not model
    assert recurrent(fast) and all(map(is_zoos, recurrent(fast)))
    assert names(fast) == names(model)
    assert [id(v) for v in fast.variables] == [id(v) for v in model.variables]
    assert look() == before
    assert config is None or model.get_config() == config
    assert not any(map(is_zoos, recurrent(model))) and not hasattr(model, "acceleration")


@every_build
def test_weights_files_serve_both(build, tmp_path):
    model, _ = made(build)
    fast = zoo.accelerate(model)
    expected = model.get_weights()
    for writer, reader in ((model, fast), (fast, model)):
        writer.save_weights(tmp_path / "all.weights.h5")
        reader.set_weights([np.zeros_like(w) for w in expected])
        reader.load_weights(tmp_path / "all.weights.h5")
        assert_equal(model.get_weights(), expected, 0)


def compiled(build):
    model, inputs = made(build)
    model.compile(keras.optimizers.Adam(0.05), lambda y, p: ops.mean((y - p) ** 2), metrics=["mae"])
    return model, inputs(True), np.ones((B, 2 if build is subclassed else U), "float32")


def test_training_either_trains_both_as_if_one():
    """Steps by turns, with the optimizer's moments carried on, equal those of the stock model."""
    model, x, y = compiled(own_graph)
    turns, *_ = compiled(own_graph)
    fast = zoo.accelerate(turns)
    for each in (turns, fast, turns):
        expected = model.train_on_batch(x, y, return_dict=True)
        found = each.train_on_batch(x, y, return_dict=True)
        assert found == pytest.approx(expected, rel=1e-4)
    assert_equal(turns.get_weights(), model.get_weights(), 1e-4)
    assert int(ops.convert_to_numpy(fast.optimizer.iterations)) == 3
    assert_equal([[fast.predict(x, verbose=0)]], run(model, x), 1e-4)


def test_an_uncompiled_source_stays_uncompiled():
    assert not zoo.accelerate(made(functional)[0]).compiled


def test_the_training_step_of_a_subclass_goes_along():
    model, x, y = compiled(subclassed)
    fast = zoo.accelerate(model)
    assert fast.factor == 0.5 and fast.alone is fast._private
    fast.fit(x, y, verbose=0)
    assert fast.steps > 0 and model.steps == 0
    assert_equal(run(fast, x), run(model, x))


def test_a_model_compiled_for_half_precision_scales_its_loss_once():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = keras.Sequential([keras.Input((T, F)), layers.GRU(U)])
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile("sgd", "mse")
    fast = zoo.accelerate(model)
    assert fast.optimizer is model.optimizer
    assert isinstance(fast.optimizer, keras.optimizers.LossScaleOptimizer)
    assert fast.dtype_policy.name == fast.layers[0].cell.dtype_policy.name == "mixed_float16"
    fast.train_on_batch(one(False), np.ones((B, U), "float32"))


def test_a_state_goes_on_from_the_sources_and_is_its_own():
    model, inputs = made(stateful)
    x = inputs(True)
    fresh = run(model, x)
    fast = zoo.accelerate(model)
    second = run(model, x)
    assert_equal(run(fast, x), second)
    assert np.abs(second[0][0] - fresh[0][0]).max() > 0.01
    for layer in fast.layers:
        if hasattr(layer, "reset_state"):
            layer.reset_state()
    assert_equal(run(fast, x), fresh)
    third = run(model, x)
    assert np.abs(third[0][0] - fresh[0][0]).max() > 0.01


def test_nothing_that_keras_leaves_on_a_model_is_taken_for_the_users_own():
    model, x, y = compiled(own_graph)
    plain = keras.Model(model.input, model.output)
    plain.compile("sgd", "mse")
    plain.fit(x, y, verbose=0)
    plain.evaluate(x, y, verbose=0)
    plain.predict(x, verbose=0)
    plain.label = "mine"
    assert own_attributes(plain) == ["label"]
    assert own_attributes(keras.Sequential([keras.Input((T, F)), layers.LSTM(U)])) == []
    assert zoo.accelerate(plain).label == "mine"


def test_stateful_cells_train_as_the_stock_ones_and_forget():
    inputs = keras.Input(batch_shape=(B, T, F))
    stack = [layers.GRUCell(U), layers.LSTMCell(U)]
    stock = keras.Model(inputs, layers.RNN(stack, stateful=True, name="rnn")(inputs))
    twin = keras.models.clone_model(stock)
    twin.set_weights(stock.get_weights())
    fast = zoo.accelerate(twin)

    def trained(model):
        model.compile("sgd", "mse")
        x, y = one(False), np.ones((B, U))
        model.fit(x, y, batch_size=B, epochs=2, shuffle=False, verbose=0)
        run(model, one(False))
        states = keras.tree.flatten(model.get_layer("rnn").states)
        return [ops.convert_to_numpy(state) for state in states], model.get_weights()

    assert_equal(trained(fast), trained(stock))
    fast.get_layer("rnn").reset_state()
    forgotten = keras.tree.flatten(fast.get_layer("rnn").states)
    assert not any(np.any(ops.convert_to_numpy(state) != 0) for state in forgotten)


def test_what_is_frozen_stays_frozen():
    model, _ = made(shared)
    body = model.get_layer("body")
    body.trainable = False
    body.get_layer("lstm").trainable = True  # thawed in a body that is frozen

    def flags(model):
        inner = [layer.trainable for layer in model._flatten_layers() if layer.weights]
        body = model.get_layer("body")
        return inner, [[id(v) for v in each.trainable_variables] for each in (model, body)]

    before = flags(model)
    fast = zoo.accelerate(model)
    assert flags(fast) == flags(model) == before
    assert False in before[0] and True in before[0]


def test_dropout_inside_a_cell_draws_what_the_source_draws():
    model, inputs = made(with_notes)
    fast, x = zoo.accelerate(model), ops.convert_to_tensor(inputs(False))
    seeds = [v for v in model.variables if v.path.endswith("seed_generator_state")]
    before = [np.array(ops.convert_to_numpy(v)) for v in seeds]

    def drawn(model):
        keras.utils.set_random_seed(1)
        for variable, value in zip(seeds, before, strict=True):
            variable.assign(value)
        return model(x, training=True)

    expected, found = drawn(model), drawn(fast)
    assert_equal(*map(ops.convert_to_numpy, (found, expected)))
    assert np.abs(ops.convert_to_numpy(found) - run(fast, inputs(False))[0][0]).max() > 1e-3


def test_an_initial_state_and_a_mask_of_the_callers():
    x, real = keras.Input((T, F)), keras.Input((T,), dtype="bool")
    state = [keras.Input((U,)) for _ in range(2)]
    outputs = layers.LSTM(U, return_sequences=True)(x, initial_state=state, mask=real)
    model = keras.Model([x, real, *state], outputs)
    given = [one(False), REAL, *(values(False, B, U, seed=k) for k in range(2))]
    fast = zoo.accelerate(model)
    ((expected,),), ((found,),) = run(model, given), run(fast, given)
    np.testing.assert_allclose(found[REAL], expected[REAL], rtol=1e-5, atol=1e-5)
    # Before the first real step there is the initial state, whatever the stock layer has there.
    np.testing.assert_array_equal(found[2, :2], np.repeat(given[2][2:], 2, axis=0))


def test_an_input_that_may_be_missing_still_may():
    x, extra = keras.Input((T, F)), keras.Input((T, F), name="extra", optional=True)

    class Both(keras.layers.Layer):
        def call(self, x, extra=None):
            return x if extra is None else x + extra

        def compute_output_shape(self, x_shape, extra_shape=None):
            return x_shape

    model = keras.Model([x, extra], layers.GRU(U)(Both()(x, extra)))
    fast = zoo.accelerate(model)
    for given in ([one(False), one(False)], [one(False), None]):
        assert_equal(*(ops.convert_to_numpy(each(given)) for each in (fast, model)))


class OwnCell(layers.LSTMCell):
    """A cell that only looks like a stock one."""


class OwnLSTM(layers.LSTM):
    """A layer that only looks like a stock one."""


class Hidden(keras.layers.Layer):
    """It keeps its variable where no attribute shows it."""

    def __init__(self, **options):
        super().__init__(**options)
        self.gru = layers.GRU(F, return_sequences=True, name="gru")

    def build(self, shape):
        self.add_weight((1,), "ones", name="hidden")
        self.gru.build(shape)

    def call(self, x):
        return self.gru(x)

    def compute_output_shape(self, shape):
        return shape


def test_the_report_names_each_layer_and_why_it_was_kept():
    inputs = keras.Input((T, F))
    shared_layer = layers.LSTM(F, return_sequences=True, name="shared")
    x = shared_layer(shared_layer(inputs))
    x = layers.Bidirectional(layers.GRU(2, return_sequences=True, name="g"), name="both")(x)
    x = layers.RNN(OwnCell(F), return_sequences=True, name="own_cell")(x)
    x = layers.RNN([layers.LSTMCell(F), OwnCell(F)], return_sequences=True, name="half")(x)
    x = OwnLSTM(F, return_sequences=True, name="own_class")(x)
    x = layers.RNN(layers.GRUCell(F, dtype="mixed_bfloat16"), return_sequences=True, name="other")(
        x
    )
    x = Hidden(name="hidden")(x)
    x = zoo.layers.GRU(F, return_sequences=True, name="zoos")(x)
    x = layers.ConvLSTM1D(2, 2, name="conv")(layers.Reshape((T, F, 1))(x))
    model = keras.Model(inputs, x)
    fast = zoo.accelerate(model)
    found = {row.layer: (row.kind, row.replaced, row.reason) for row in fast.acceleration}
    assert len(found) == len(fast.acceleration)
    assert found == {
        "shared": ("LSTM", True, ""),
        "both/forward_g": ("GRU", True, ""),
        "both/backward_g": ("GRU", True, ""),
        "own_cell": ("RNN(OwnCell)", False, "the zoo has no layer for OwnCell"),
        "half": ("RNN(LSTMCell, OwnCell)", False, "the zoo has no layer for OwnCell"),
        "own_class": ("OwnLSTM", False, "the zoo has no layer for OwnLSTM"),
        "other": (
            "RNN(GRUCell)",
            False,
            "its cell computes in another precision: float32, mixed_bfloat16",
        ),
        "hidden/gru": (
            "GRU",
            False,
            "'hidden' (Hidden) cannot be copied: "
            "it holds variables in a place other than its attributes",
        ),
        "zoos": ("GRU", False, "one of the zoo's already"),
        "conv": ("ConvLSTM1D", False, "the zoo has no layer for ConvLSTM1D"),
    }
    assert fast.get_layer("hidden") is model.get_layer("hidden")
    assert str(fast.acceleration[0]) == "shared (LSTM): replaced"


def test_a_layer_that_is_replaced_in_one_of_two_places_is_reported_for_both():
    inputs = keras.Input((T, F))
    hidden = Hidden(name="hidden")
    model = keras.Model(inputs, hidden.gru(hidden(inputs)))
    rows = [(row.layer, row.replaced) for row in zoo.accelerate(model).acceleration]
    assert rows == [("hidden/gru", False), ("gru", True)]


def test_the_report_notes_what_keeps_a_replaced_layer_from_the_fastest_path():
    notes = {row.layer: row.reason for row in zoo.accelerate(with_notes()[0]).acceleration}
    assert notes == {
        "unroll": "unroll=True asks for the stock loop",
        "stack": "dropout inside the cell may take the stock loop in training; "
        "activations other than tanh and sigmoid may take the general loop",
    }


@pytest.mark.parametrize("build", [sequential, subclassed], ids=lambda build: build.__name__)
def test_what_is_fast_already_is_returned_itself(build):
    fast = zoo.accelerate(made(build)[0])
    rows = fast.acceleration
    assert zoo.accelerate(fast) is fast and fast.acceleration is rows
    plain = keras.Sequential([keras.Input((T, F)), zoo.layers.LSTM(U, name="lstm")])
    assert zoo.accelerate(plain) is plain
    assert [str(row) for row in plain.acceleration] == [
        "lstm (LSTM): kept; one of the zoo's already"
    ]


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (lambda: layers.LSTM(U), "model is a LSTM, expected a keras.Model"),
        (lambda: keras.Sequential([layers.LSTM(U)], name="new"), "'new' is not built"),
        (
            lambda: keras.Sequential([keras.Input((F,)), layers.Dense(2)], name="flat"),
            "'flat' has no recurrent layer",
        ),
        (
            lambda: keras.Sequential(
                [keras.Input((T, F)), layers.RNN(OwnCell(U), name="rnn")], name="own"
            ),
            r"rnn \(RNN\(OwnCell\)\): kept; the zoo has no layer for OwnCell",
        ),
    ],
    ids=["a layer", "not built", "no recurrent layer", "nothing to replace"],
)
def test_what_cannot_be_accelerated_is_refused_in_one_line(model, line):
    with pytest.raises(InputError, match=line) as raised:
        zoo.accelerate(model())
    assert "\n" not in str(raised.value)
