"""Recurrent layers in ONNX: native nodes, equal to Keras under any mask and from any state."""

import keras
import numpy as np
import pytest
from keras import layers
from onnx_checks import LOOPS, Converted, filled

import zoo.layers
from zoo.errors import InputError
from zoo.formats.onnx_graph import convert
from zoo.layers import CELLS, Stack, WeightDrop
from zoo.layers.cells import DIRECTIONS

B, T, F, U = 5, 7, 3, 4
STEPS = np.arange(T)
# All kinds at once, a row each: none, padding on the right, on the left, holes, no real step.
MASK = np.stack([STEPS >= 0, STEPS < 4, STEPS >= 3, (STEPS % 3 == 1) | (STEPS == 5), STEPS < 0])
NODES = {"LSTM", "GRU", "RNN"}
STATES = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}


def values(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def check(layer, masked, states=(), x=None):
    """`layer` in a model with or without a mask, from zeros or from states of these sizes."""
    sequence = keras.Input((None, F))
    mask = keras.Input((None,), dtype="bool") if masked else None
    start = [keras.Input((units,)) for units in states]
    outputs = layer(sequence, mask=mask, initial_state=start or None)
    inputs = [t for t in (sequence, mask) if t is not None] + start
    converted = Converted(filled(keras.Model(inputs, outputs)))
    if "Scan" in converted.kinds:  # of these cells ONNX has no node
        assert not converted.kinds & (NODES | {"Loop", "If"})
    else:
        assert converted.kinds & NODES and not converted.kinds & LOOPS
    arrays = [values(B, T, F) if x is None else x] + [MASK] * masked
    return converted.check(arrays + [values(B, units, seed=k) for k, units in enumerate(states, 1)])


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_a_stack_of_any_cell_in_any_direction(cell, direction, masked):
    stack = Stack(cell, U, layers=2, direction=direction)
    check(stack, masked, [U] * len(stack.state_shapes))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_stack_from_zeros_without_bias(direction):
    check(Stack("gru", U, direction=direction, use_bias=False, reset_after=False), True)


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("reset_after", [False, True])
def test_the_reset_gate_before_and_after(reset_after, masked):
    check(zoo.layers.GRU(U, reset_after=reset_after, return_sequences=True), masked)


OPTIONS = {
    "last": {},
    "all": dict(return_sequences=True, return_state=True),
    "backwards": dict(go_backwards=True, return_sequences=True, return_state=True),
    "last backwards": dict(go_backwards=True),
    "zeros at masked steps": dict(zero_output_for_mask=True, return_sequences=True),
    "last zero": dict(zero_output_for_mask=True, go_backwards=True, return_state=True),
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("kind", STATES)
def test_the_zoos_layers_from_a_state(kind, options):
    layer = getattr(zoo.layers, kind)(U, **options)
    for masked in (False, True):
        check(layer, masked, [U] * STATES[kind])


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_cells_without_a_node_of_their_own(options):
    for layer in (zoo.layers.MinLSTM(U, **options), zoo.layers.RGLRU(U, blocks=2, **options)):
        for masked in (False, True):
            check(layer, masked, [U])


@pytest.mark.slow
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("kind", STATES)
def test_stock_layers(kind, options):
    # From zeros: of what stands before the first real step the backends have two opinions.
    check(getattr(layers, kind)(U, **options), True)
    check(getattr(layers, kind)(U, **options), False, [U] * STATES[kind])


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_stacked_cells(options):
    check(zoo.layers.RNN([layers.LSTMCell(U), layers.GRUCell(3)], **options), True)


@pytest.mark.slow
def test_stock_stacked_cells():
    cells = [layers.LSTMCell(U), layers.GRUCell(3)]
    check(layers.RNN(cells, return_sequences=True, return_state=True, go_backwards=True), True)


@pytest.mark.parametrize("merge", ["concat", "sum", "ave", "mul", None])
@pytest.mark.parametrize("sequences", [False, True])
def test_both_directions(sequences, merge):
    options = dict(return_sequences=sequences, return_state=merge != "ave")
    layer = layers.Bidirectional(zoo.layers.LSTM(U, **options), merge_mode=merge)
    check(layer, True, [U] * 4)


def test_two_directions_that_one_node_cannot_hold():
    both, G, L = dict(return_sequences=True), zoo.layers.GRU, zoo.layers.LSTM
    backward = L(U, go_backwards=True, **both)
    check(layers.Bidirectional(G(3, **both), backward_layer=backward), True)
    forward = G(U, go_backwards=True, **both)
    check(layers.Bidirectional(forward, backward_layer=G(U, **both)), True)


def test_both_directions_are_one_node():
    model = keras.Sequential([keras.Input((None, F)), layers.Bidirectional(layers.LSTM(U))])
    nodes = [node for node in convert(model).graph.node if node.op_type == "LSTM"]
    assert len(nodes) == 1
    assert b"bidirectional" in nodes[0].SerializeToString()


@pytest.mark.parametrize(
    "activation", ["relu", "linear", "elu", "leaky_relu", "softsign", "softplus", "hard_sigmoid"]
)
def test_activations_that_the_nodes_know(activation):
    check(zoo.layers.LSTM(U, activation=activation, recurrent_activation="hard_sigmoid"), False)
    check(zoo.layers.SimpleRNN(U, activation=activation), False)


def test_an_activation_that_they_do_not_know():
    model = keras.Sequential([keras.Input((None, F)), layers.GRU(U, activation="gelu", name="g")])
    with pytest.raises(InputError, match=r"layer 'g' \(GRU\).*its activation 'gelu' is not one of"):
        convert(model)


def test_a_cell_without_a_node():
    class Own(layers.GRUCell):
        pass

    class Other(layers.Layer):
        state_size = output_size = 3

        def call(self, x, states):
            return x, states

    check(layers.RNN(Own(U)), False)  # inherits the equations
    model = keras.Sequential([keras.Input((None, F)), layers.RNN(Other(), name="loop")])
    with pytest.raises(InputError, match=r"layer 'loop' \(RNN\).*equations of Other"):
        convert(model)


def test_masks_that_keras_hands_on():
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(9, 5, mask_zero=True)(tokens)
    x = layers.Dropout(0.5)(x)
    x = layers.Bidirectional(layers.GRU(U, return_sequences=True))(x)
    outputs = [WeightDrop(layers.LSTM(U))(x), layers.GlobalAveragePooling1D()(x)]
    converted = Converted(filled(keras.Model(tokens, outputs)))
    rows = np.array([[3, 4, 5, 6], [3, 0, 5, 0], [0, 0, 7, 8], [1, 0, 0, 0]], "int32")
    converted.check([rows])


def test_a_masking_layer():
    model = keras.Sequential(
        [keras.Input((None, F)), layers.Masking(), layers.LSTM(U, return_sequences=True)]
    )
    Converted(filled(model)).check([values(B, T, F) * MASK[:, :, None]])


def test_a_learned_state_for_every_row():
    class Learned(layers.Layer):
        def build(self, shape):
            self.start = self.add_weight((1, U), "normal")
            self.inner = zoo.layers.GRU(U)
            self.inner.build(shape)

        def call(self, x):
            return self.inner(x, initial_state=[self.start])

    class Broadcast(Learned):
        def compute_output_shape(self, shape):
            return (shape[0], U)

    model = keras.Sequential([keras.Input((None, F)), Broadcast()])
    found = Converted(filled(model)).run([values(B, T, F)])[0]
    start = keras.ops.broadcast_to(model.layers[0].start, (B, U))
    expected = model.layers[0].inner(values(B, T, F), initial_state=[start])
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(expected), atol=1e-5)


def test_a_stateful_layer_is_refused():
    model = keras.Sequential([keras.Input((T, F), batch_size=2), layers.LSTM(U, stateful=True)])
    with pytest.raises(InputError, match="stateful, and a file remembers nothing"):
        convert(model)
