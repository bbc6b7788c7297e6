"""The recurrent layers against the NumPy equations: outputs and the gradient of everything."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import backends
from zoo.layers import (
    GRU,
    LSTM,
    RGLRU,
    CoupledLSTM,
    MinGRU,
    MinLSTM,
    PeepholeLSTM,
    SimpleRNN,
)
from zoo.reference import backward, forward

B, T, F, U = 5, 6, 3, 4

# One row for each kind of mask: none, right padding, left padding, holes, nothing real.
MASK = np.array(
    [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [0, 1, 0, 1, 1, 0], [0] * 6], bool
)

# name -> (layer class, its options, the reference's options)
VARIANTS = {
    "simple_rnn tanh": (SimpleRNN, {}, dict(cell="simple_rnn")),
    "simple_rnn relu": (
        SimpleRNN,
        dict(activation="relu"),
        dict(cell="simple_rnn", activation="relu"),
    ),
    "lstm": (LSTM, {}, dict(cell="lstm")),
    "gru reset after": (GRU, {}, dict(cell="gru")),
    "gru reset before": (GRU, dict(reset_after=False), dict(cell="gru", reset_after=False)),
    "peephole": (PeepholeLSTM, {}, dict(cell="peephole")),
    "coupled": (CoupledLSTM, {}, dict(cell="coupled")),
    "min_gru": (MinGRU, {}, dict(cell="min_gru")),
    "min_lstm": (MinLSTM, {}, dict(cell="min_lstm")),
    "rg_lru": (RGLRU, {}, dict(cell="rg_lru")),
    "rg_lru in blocks": (RGLRU, dict(blocks=2), dict(cell="rg_lru")),
}
STOCK = {
    SimpleRNN: keras.layers.SimpleRNN,
    LSTM: keras.layers.LSTM,
    GRU: keras.layers.GRU,
}
WITH_TWIN = [name for name, (layer, *_) in VARIANTS.items() if layer in STOCK]


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(0, 0.7, shape).astype("float32")


def inputs():
    return draw(B, T, F, seed=1)


def make(name, rows=None, **options):
    """A built layer with weights drawn at random."""
    kind, own, _ = VARIANTS[name]
    layer = kind(U, return_sequences=True, return_state=True, **own, **options)
    layer.build((rows, None, F))
    layer.set_weights([draw(*w.shape, seed=2) for w in layer.get_weights()])
    return layer


def weights(layer):
    """The weights by the reference's names, which are Keras's."""
    return {"bias": None} | {v.name: ops.convert_to_numpy(v) for v in layer.trainable_variables}


def states(name, rows=B):
    count = 2 if VARIANTS[name][2]["cell"] in ("lstm", "peephole", "coupled") else 1
    return [draw(rows, U, seed=3 + k) for k in range(count)]


def to_numpy(tensors):
    return [ops.convert_to_numpy(t) for t in tensors]


def to_tensor(mask):
    return None if mask is None else ops.convert_to_tensor(mask)


def run(layer, x, state=None, mask=None):
    """(outputs in the input's time order, final states) of a layer, as NumPy arrays."""
    outputs, *final = to_numpy(layer(x, initial_state=state, mask=to_tensor(mask)))
    return (outputs[:, ::-1] if layer.go_backwards else outputs), final


def differentiate(layer, x, state, mask, d_outputs, d_state):
    """Gradients of sum(d_outputs * outputs) + sum(d_state * final state), by name."""
    at_x, at_state = keras.Variable(x), [keras.Variable(s) for s in state or []]
    if layer.go_backwards:  # its outputs come in the order of processing
        d_outputs = d_outputs[:, ::-1].copy()
    d_outputs, *d_state = map(ops.convert_to_tensor, (d_outputs, *d_state))

    def loss():
        start = [ops.convert_to_tensor(s) for s in at_state] or None
        real = None if mask is None else ops.convert_to_tensor(mask)
        outputs, *final = layer(ops.convert_to_tensor(at_x), initial_state=start, mask=real)
        at_the_end = sum(ops.sum(d * s) for d, s in zip(d_state, final, strict=False))
        return ops.sum(d_outputs * outputs) + at_the_end

    variables = layer.trainable_variables
    _, gradients = backends.value_and_gradients(loss, [*variables, at_x, *at_state])
    count = len(variables)
    named = {v.name: g for v, g in zip(variables, gradients[:count], strict=True)}
    return named | {"x": gradients[count], "initial_state": gradients[count + 1 :]}


@pytest.mark.parametrize(
    ("masked", "backwards", "bias"),
    [(False, False, True), (True, False, True), (True, True, True), (False, True, False)],
    ids=["plain", "masked", "masked backwards", "backwards without bias"],
)
@pytest.mark.parametrize("name", VARIANTS)
def test_outputs_and_every_gradient_equal_the_equations(name, masked, backwards, bias):
    layer = make(name, go_backwards=backwards, use_bias=bias)
    x, state, mask = inputs(), states(name), MASK if masked else None
    # What stands at a masked step changes nothing: the layer gets huge values there.
    given = np.where(MASK[..., None], x, np.float32(1e30)) if masked else x
    trace = forward(
        weights=weights(layer),
        x=x,
        initial_state=state,
        mask=mask,
        reverse=backwards,
        **VARIANTS[name][2],
    )
    outputs, final = run(layer, given, state, mask)
    np.testing.assert_allclose(outputs, trace.outputs, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(final, trace.state, rtol=1e-5, atol=1e-5)

    d_outputs, d_state = (
        draw(B, T, U, seed=7),
        [draw(B, U, seed=8 + k) for k, _ in enumerate(state)],
    )
    expected = backward(trace, d_outputs, d_state)
    found = differentiate(layer, given, state, mask, d_outputs, d_state)
    assert {v for v in expected if expected[v] is not None} == set(found)
    for key, gradient in found.items():
        np.testing.assert_allclose(gradient, expected[key], rtol=1e-4, atol=1e-4, err_msg=key)
    assert any(np.abs(g).max() > 0.1 for g in found["initial_state"])
    assert not masked or np.all(found["x"][~MASK] == 0)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_masked_step_carries_the_state_through(name):
    layer, x, state = make(name), inputs(), states(name)
    outputs, final = run(layer, x, state, MASK)
    np.testing.assert_array_equal(outputs[4], np.repeat(state[0][4][None], T, axis=0))
    np.testing.assert_array_equal([f[4] for f in final], [s[4] for s in state])
    np.testing.assert_array_equal(outputs[2, :2], np.repeat(state[0][2][None], 2, axis=0))
    alone, at_the_end = run(layer, x[1:2, :3], [s[1:2] for s in state])
    np.testing.assert_allclose(outputs[1, :3], alone[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose([f[1] for f in final], [f[0] for f in at_the_end], atol=1e-6)


def twin(name, layer):
    """The stock Keras layer with the same options and weights."""
    config = layer.get_config()
    stock = STOCK[VARIANTS[name][0]].from_config(config)
    stock.build((None, None, F))
    stock.set_weights(layer.get_weights())
    return stock


@pytest.mark.parametrize(
    "options",
    [{}, dict(go_backwards=True), dict(use_bias=False, zero_output_for_mask=True)],
    ids=["forwards", "backwards", "zero output"],
)
@pytest.mark.parametrize("name", WITH_TWIN)
def test_equals_the_stock_layer(name, options):
    layer = make(name, **options)
    stock = twin(name, layer)
    for sequences in (True, False):
        layer.return_sequences = stock.return_sequences = sequences
        for mask in (None, MASK):
            for found, expected in zip(
                to_numpy(layer(inputs(), mask=to_tensor(mask))),
                to_numpy(stock(inputs(), mask=to_tensor(mask))),
                strict=True,
            ):
                np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", WITH_TWIN)
def test_weights_files_are_interchangeable_with_stock_keras(name, tmp_path):
    layer = make(name)
    stock = twin(name, layer)
    for source, target in ((stock, make(name)), (layer, twin(name, make(name)))):
        for each in (source, target):
            each.return_sequences, each.return_state = False, False
        source, target = (
            keras.Sequential([keras.Input((None, F)), each]) for each in (source, target)
        )
        target.set_weights([np.zeros_like(w) for w in target.get_weights()])
        source.save_weights(tmp_path / "all.weights.h5")
        target.load_weights(tmp_path / "all.weights.h5")
        np.testing.assert_allclose(
            target.predict_on_batch(inputs()), source.predict_on_batch(inputs()), atol=1e-5
        )


@pytest.mark.parametrize("name", VARIANTS)
def test_the_path_taken_is_told(name):
    layer, x = make(name), inputs()
    assert layer.loop_path == "not called yet"
    run(layer, x, mask=MASK)
    assert not layer.loop_path.startswith(("stock", "general"))
    run(layer, x)
    stock = backends.on_gpu() and layer.stock_has_gpu_kernel
    assert layer.loop_path.startswith("stock") == stock


@pytest.mark.parametrize(
    ("options", "path"),
    [
        (dict(recurrent_dropout=0.5), "stock: recurrent_dropout"),
        (dict(dropout=0.5, implementation=1), "stock: dropout by gate"),
        (dict(unroll=True), "stock: unroll=True"),
    ],
    ids=["recurrent_dropout", "dropout by gate", "unroll"],
)
def test_options_of_the_stock_layer_take_its_path_and_say_so(options, path):
    layer, plain = make("lstm", **options), make("lstm")
    outputs = ops.convert_to_numpy(layer(inputs(), training=True)[0])
    assert layer.loop_path == path
    if "unroll" not in options:
        assert not np.allclose(outputs, run(plain, inputs())[0])
    np.testing.assert_allclose(run(layer, inputs())[0], run(plain, inputs())[0], atol=1e-5)


@pytest.mark.parametrize("name", ["lstm", "gru reset before"])
def test_dropout_of_the_input_is_that_of_the_stock_layer(name):
    layer = make(name, dropout=0.5, seed=11)
    stock = twin(name, layer)
    found, expected = (
        ops.convert_to_numpy(each(inputs(), training=True)[0]) for each in (layer, stock)
    )
    assert not layer.loop_path.startswith("stock")
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert not np.allclose(found, run(layer, inputs())[0], atol=1e-3)
    again = ops.convert_to_numpy(layer(inputs(), training=True)[0])
    assert not np.allclose(again, found, atol=1e-3)  # a new mask for a new batch


def test_an_activation_without_a_kernel_takes_the_general_loop_and_says_so():
    layer = make("lstm", activation="selu")
    x, mask = inputs(), ops.convert_to_tensor(MASK)
    outputs = ops.convert_to_numpy(layer(x, mask=mask)[0])
    assert layer.loop_path.startswith("general loop: activation") and "selu" in layer.loop_path
    expected = ops.convert_to_numpy(twin("lstm", layer)(x, mask=mask)[0])
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)
    layer.cell.activation = lambda a: ops.tanh(2 * a)
    layer(x)
    assert "<lambda>" in layer.loop_path


@pytest.mark.parametrize("name", ["lstm", "gru reset after", "peephole"])
def test_only_the_last_output_is_the_last_state(name):
    layer = make(name)
    expected = run(layer, inputs(), states(name), MASK)[1]
    layer.return_sequences = False
    output, *final = to_numpy(layer(inputs(), initial_state=states(name), mask=MASK))
    np.testing.assert_allclose(output, expected[0], atol=1e-6)
    np.testing.assert_allclose(final, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["simple_rnn tanh", "lstm", "peephole"])
def test_a_stateful_layer_goes_on_where_it_stopped(name):
    whole, _ = run(make(name), inputs())
    layer = make(name, rows=B, stateful=True)
    parts = [run(layer, inputs()[:, at])[0] for at in (slice(0, 2), slice(2, 6))]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-5, atol=1e-5)
    layer.reset_states()
    np.testing.assert_allclose(run(layer, inputs()[:, :2])[0], whole[:, :2], atol=1e-5)


@pytest.mark.parametrize("name", ["simple_rnn tanh", "lstm", "gru reset before", "peephole"])
def test_a_stateful_layer_learns(name):
    layer = make(name, rows=B, stateful=True)
    for _ in range(2):  # the second time from a state that the first has left
        found = differentiate(layer, inputs(), None, MASK, draw(B, T, U, seed=7), [])
        assert all(np.abs(found[v.name]).max() > 0 for v in layer.trainable_variables)


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", VARIANTS)
def test_half_precision_is_finite_and_near(name, precision):
    layer = make(name, dtype=backends.PRECISIONS[precision])
    outputs, *final = layer(inputs(), initial_state=states(name), mask=ops.convert_to_tensor(MASK))
    kinds = [keras.backend.standardize_dtype(t.dtype) for t in (outputs, *final)]
    assert kinds == [precision] + [layer.state_dtype] * len(final)
    expected, _ = run(make(name), inputs(), states(name), MASK)
    found = ops.convert_to_numpy(ops.cast(outputs, "float32"))
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.1)


@pytest.mark.parametrize("mask", [None, MASK], ids=["plain", "masked"])
@pytest.mark.parametrize("name", VARIANTS)
def test_a_single_initial_state_serves_every_row(name, mask):
    layer, one = make(name), states(name, rows=1)
    found = run(layer, inputs(), one, mask)
    expected = run(layer, inputs(), [np.repeat(s, B, axis=0) for s in one], mask)
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", VARIANTS)
def test_chunks_with_the_state_handed_on_equal_the_whole(name):
    layer, state = make(name), states(name)
    whole, final = run(layer, inputs(), state, MASK)
    parts = []
    for at in (slice(0, 1), slice(1, 4), slice(4, 6)):
        part, state = run(layer, inputs()[:, at], state, MASK[:, at])
        parts.append(part)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(state, final, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_cell_stepped_by_hand_equals_the_layer(name):
    layer, x, state = make(name), inputs(), states(name)
    whole, final = run(layer, x, state)
    for t in range(T):
        output, state = layer.cell(x[:, t], state)
        np.testing.assert_allclose(ops.convert_to_numpy(output), whole[:, t], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(to_numpy(state), final, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_configuration_makes_the_same_layer(name):
    layer = make(name, go_backwards=True, use_bias=False, dtype="mixed_float16")
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    again.build((None, None, F))
    assert [v.path.split("/")[-1] for v in again.weights] == [
        v.path.split("/")[-1] for v in layer.weights
    ]
