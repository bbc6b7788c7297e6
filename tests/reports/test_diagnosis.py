"""`zoo diagnose`: the flow is exact, its rate is the known one, and bad input is one line."""

import json
import random

import keras
import numpy as np
import pytest
from keras import ops

from zoo import backends, files, plots, reference
from zoo.errors import InputError
from zoo.layers import CELLS, GRU, LSTM, RNN, PeepholeLSTM, SimpleRNN
from zoo.models.many_to_one import many_to_one
from zoo.reports import diagnosis, diagnosis_model
from zoo.reports.saturation import saturation

B, T, F, U = 3, 7, 2, 4


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def made(layer):
    """The layer with weights drawn at random."""
    layer.build((None, None, F))
    layer.set_weights([draw(*w.shape, seed=k) for k, w in enumerate(layer.get_weights())])
    return layer


LAYERS = {name: kind for name, (kind, _) in CELLS.items()} | {
    "gru reset before": lambda units: GRU(units, reset_after=False),
    "stock lstm": keras.layers.LSTM,
    "stock gru": keras.layers.GRU,
    "two cells": lambda units: RNN([keras.layers.LSTMCell(units), keras.layers.GRUCell(units)]),
}


@pytest.mark.parametrize("scale", [0.5, 0.9, 1.0, 1.3])
def test_a_linear_rnn_scales_every_gradient_by_its_recurrent_weights(scale):
    settings = dict(steps=40, units=5, seeds=2, activation="linear", gain=scale)
    [row] = diagnosis.cell_rows(["simple_rnn"], **settings)
    for key in ("norm", "mean", "low", "high"):  # orthogonal: the same for every row and direction
        np.testing.assert_allclose(row[key], scale ** np.arange(40.0), rtol=2e-5)
    assert row["rate"] == pytest.approx(scale, rel=1e-6)
    assert row["verdict"] == {1.0: "stable", 1.3: "exploding"}.get(scale, "vanishing")
    assert row["saturated"] is None


@pytest.mark.parametrize("name", LAYERS)
def test_the_gradient_by_each_state_is_that_of_a_sequence_cut_there(name):
    """The layer itself, on its fast loop, started from the state at the cut."""
    layer, x, readout = made(LAYERS[name](U)), draw(B, T, F), draw(B, U, seed=9)
    layer.return_state = True
    by_state, _ = diagnosis.state_gradients(layer, x, readout)
    for cut in (1, 4, T - 1):
        state = keras.tree.map_structure(ops.convert_to_numpy, layer(x[:, :cut])[1:])
        at = keras.tree.map_structure(keras.Variable, state)

        def loss(at=at, cut=cut):
            start = keras.tree.map_structure(ops.convert_to_tensor, at)
            final = layer(ops.convert_to_tensor(x[:, cut:]), initial_state=start)[1:]
            return ops.sum(ops.convert_to_tensor(readout) * keras.tree.flatten(final)[0])

        _, expected = backends.value_and_gradients(loss, keras.tree.flatten(at))
        np.testing.assert_allclose(
            by_state[:, cut - 1], np.concatenate(expected, axis=-1), rtol=1e-3, atol=1e-5
        )


def test_the_gradient_of_a_small_lstm_is_that_of_finite_differences():
    layer, x, readout = made(LSTM(U)), draw(B, T, F), draw(B, U, seed=9)
    by_state, _ = diagnosis.state_gradients(layer, x, readout)
    weights = {v.name: ops.convert_to_numpy(v) for v in layer.trainable_variables}
    cut, tiny = 3, 1e-5
    state = reference.forward("lstm", weights, x[:, :cut]).state

    def loss(h, c):
        return (readout * reference.forward("lstm", weights, x[:, cut:], [h, c]).state[0]).sum()

    for part in range(2):
        for at in np.ndindex(B, U):
            moved = []
            for sign in (1, -1):
                changed = [s.copy() for s in state]
                changed[part][at] += sign * tiny
                moved.append(loss(*changed))
            expected = (moved[0] - moved[1]) / (2 * tiny)
            found = by_state[at[0], cut - 1, part * U + at[1]]
            assert found == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_the_gradient_by_the_weights_and_a_given_state_are_those_of_the_equations():
    layer, x, readout = made(LSTM(U)), draw(B, T, F), draw(B, U, seed=9)
    state = [draw(B, U, seed=7), draw(B, U, seed=8)]
    _, found = diagnosis.state_gradients(layer, x, readout, state)
    weights = {v.name: ops.convert_to_numpy(v) for v in layer.trainable_variables}
    trace = reference.forward("lstm", weights, x, state)
    expected = reference.backward(trace, np.zeros((B, T, U)), [readout, np.zeros((B, U))])
    for variable, gradient in zip(layer.trainable_variables, found, strict=True):
        np.testing.assert_allclose(gradient, expected[variable.name], rtol=1e-3, atol=1e-4)


def test_a_backward_layer_is_read_from_its_own_end():
    forward, backward = made(GRU(U)), made(GRU(U, go_backwards=True))
    x, readout = draw(B, T, F), draw(B, U, seed=9)
    np.testing.assert_allclose(
        diagnosis.state_gradients(forward, x, readout)[0],
        diagnosis.state_gradients(backward, x[:, ::-1], readout)[0],
        atol=1e-6,
    )


def test_an_lstm_forgets_its_gradient_later_than_a_simple_rnn_and_the_bias_is_why():
    rows = {row["cell"]: row for row in diagnosis.cell_rows(["simple_rnn", "lstm"], 50, 32, 2)}
    assert rows["lstm"]["rate"] > rows["simple_rnn"]["rate"] + 0.05
    assert {row["verdict"] for row in rows.values()} == {"vanishing"}

    def subject(bias):
        with diagnosis.new_weights(0):
            layer = LSTM(32, unit_forget_bias=bias)
            layer.build((None, None, 32))
        return layer, draw(4, 50, 32), None

    with_bias, without = (diagnosis.row([subject(bias)])["rate"] for bias in (True, False))
    assert with_bias > without + 0.1


def test_a_seed_gives_the_same_weights_again_and_leaves_other_numbers_alone():
    random.seed(3)
    expected = random.random()
    random.seed(3)
    first, again = (list(diagnosis.cell_rows(["gru"], 5, 3, 2)) for _ in range(2))
    assert first == again
    assert random.random() == expected


def test_large_recurrent_weights_make_a_simple_rnn_explode():
    [row] = diagnosis.cell_rows(["simple_rnn"], 50, 32, 1, gain=3.0)
    assert row["verdict"] == "exploding" and row["half_life"] is None
    assert row["weights_gradient"] > 1e3


@pytest.mark.parametrize(("scale", "says"), [(1e-3, "vanishing"), (1e3, "exploding")])
def test_what_leaves_the_range_of_a_float_is_left_out_of_the_rate(scale, says):
    settings = dict(steps=40, units=3, seeds=1, activation="linear", gain=scale)
    [row] = diagnosis.cell_rows(["simple_rnn"], **settings)
    assert row["verdict"] == says
    assert row["rate"] == pytest.approx(scale, rel=1e-4)
    plots.gradient_flow([row]).canvas.draw()


def test_a_gradient_that_is_gone_at_once_has_no_rate():
    assert diagnosis.rate([1.0, 0.0, 0.0]) is None
    found = diagnosis.statistics(np.array([[1.0, 0.0, 0.0]]))
    assert (found["rate"], found["verdict"], found["half_life"]) == (None, "unknown", None)


def test_saturation_is_that_of_the_equations():
    layer = made(SimpleRNN(U, return_sequences=True))
    x = 3 * draw(B, T, F)
    h = ops.convert_to_numpy(layer(x))
    assert saturation(layer, x) == {"h": pytest.approx(np.mean(np.abs(h) > 0.97))}
    lstm = made(PeepholeLSTM(U))
    lstm.set_weights([np.zeros_like(w) for w in lstm.get_weights()])
    assert saturation(lstm, x) == dict.fromkeys("ifgoy", 0.0)
    bias = np.repeat(np.float32([9, 0, 9, -9]), U)  # gates i, f, g, o
    lstm.cell.bias.assign(bias)
    found = saturation(lstm, x)
    assert (found["i"], found["f"], found["g"], found["o"]) == (1.0, 0.0, 1.0, 1.0)


def test_saturation_speaks_only_of_what_has_bounds_and_equations():
    assert set(saturation(made(LSTM(U, activation="relu")), draw(B, T, F))) == set("ifo")
    assert set(saturation(made(GRU(U, reset_after=False)), draw(B, T, F))) == set("zrh")
    assert saturation(made(LSTM(U, recurrent_activation="relu")), draw(B, T, F)) is None
    assert saturation(made(LAYERS["two cells"](U)), draw(B, T, F)) is None


# Whole models


def test_layers_of_a_model_read_their_real_steps_only():
    model = many_to_one(vocabulary=9, classes=2, cell="lstm", units=U, direction="bidirectional")
    tokens = np.array([[3, 4, 5, 6, 7, 0, 0], [1, 2, 3, 4, 5, 6, 7]], "int32")
    vectors = ops.convert_to_numpy(model.get_layer("embedding")(tokens))
    found = list(diagnosis_model._subjects(model, tokens, np.ones(2, "float32"), 4))
    assert [layer.name for layer, *_ in found] == ["layer0_forward", "layer0_backward"]
    (_, forward, state), (_, backward, _) = found
    assert state is None
    np.testing.assert_array_equal(forward, np.stack([vectors[1, :4], vectors[0, :4]]))
    np.testing.assert_array_equal(backward, np.stack([vectors[1, 3:], vectors[0, 1:5]]))
    assert "call" not in vars(found[0][0])


def test_a_row_that_only_fills_a_batch_is_not_measured():
    model = many_to_one(features=F, outputs=1, units=U)
    weights = np.float32([1, 0, 1])
    [(_, x, _)] = diagnosis_model._subjects(model, draw(3, T, F), weights, 99)
    np.testing.assert_array_equal(x, draw(3, T, F)[[0, 2]])


@pytest.mark.parametrize(
    ("name", "layers", "steps"),
    [("sine", 1, 20), ("sine_to_cosine", 1, 25), ("char_lm", 1, 30), ("g2p", 5, None)],
)
def test_rows_of_a_recipe_are_its_layers_new_and_trained(trained, name, layers, steps):
    rows = list(diagnosis_model.model_rows(trained(name), steps=steps or 30, seeds=2))
    assert [row["weights"] for row in rows] == ["initial"] * layers + ["trained"] * layers
    assert [row["seeds"] for row in rows] == [2] * layers + [1] * layers
    assert all(row["model"] == name for row in rows)
    for row in rows:
        assert row["norm"][0] == pytest.approx(1, rel=1e-5)
        assert row["steps"] == (steps or row["steps"]) and np.isfinite(row["rate"])


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_keras_file_of_stock_layers_is_measured_by_its_path(tmp_path, wrapped):
    layer = keras.layers.GRU(U, return_sequences=True)
    layer = keras.layers.Bidirectional(layer) if wrapped else layer
    model = keras.Sequential([keras.Input((None, F)), layer, keras.layers.LSTM(U)])
    model.save(tmp_path / "own.keras")
    rows = list(diagnosis_model.model_rows(tmp_path / "own.keras", steps=5, seeds=2))
    cells = ["GRU", "GRU", "LSTM"] if wrapped else ["GRU", "LSTM"]
    assert [row["cell"] for row in rows] == 2 * cells
    assert all(row["steps"] == 5 and row["seeds"] == 2 for row in rows)


# The command


def test_rows_leave_as_one_document_and_as_files(zoo, tmp_path):
    small = ["--cells", "lstm, gru", "--steps", 12, "--units", 3, "--seeds", 2]
    status, output, error = zoo("diagnose", *small, "--out", tmp_path / "new", "--json")
    rows = json.loads(output)
    assert (status, error) == (0, "")
    assert [row["cell"] for row in rows] == ["lstm", "gru"]
    for row in rows:
        assert (row["steps"], row["units"], row["seeds"], row["rows"]) == (12, 3, 2, 16)
        assert row["steps_back"] == list(range(12)) and len(row["norm"]) == 12
        assert row["verdict"] in ("vanishing", "stable", "exploding")
    written = files.read_json(tmp_path / "new" / "diagnosis.json")
    assert written["rows"] == rows
    assert written["environment"]["backend"] == backends.name()
    assert sorted(p.name for p in (tmp_path / "new").glob("*.png")) == [
        "gradient_flow.png",
        "gradient_flow_dark.png",
    ]


def test_the_table_fits_a_hundred_columns_and_says_what_it_means(zoo):
    status, output, _ = zoo("diagnose", "--steps", 5, "--units", 2, "--seeds", 1)
    assert status == 0
    assert all(name in output for name in CELLS)
    assert "vanishing" in output and "rate: the factor" in output
    assert max(map(len, output.splitlines())) <= 100


def test_numbers_that_overflow_are_null(zoo, tmp_path):
    big = ["--cells", "simple_rnn", "--activation", "linear", "--gain", 1e9, "--steps", 8]
    status, output, _ = zoo("diagnose", *big, "--units", 2, "--out", tmp_path, "--json")
    [row] = json.loads(output)
    assert status == 0
    assert row["norm"][-1] is None and row["verdict"] == "exploding"


def test_a_model_by_name_is_drawn_layer_by_layer(zoo, trained, tmp_path):
    status, output, _ = zoo("diagnose", "--model", trained("sine"), "--seeds", 1, "--out", tmp_path)
    assert status == 0
    assert "recurrent/layer0_forward  initial" in output and "trained" in output
    assert (tmp_path / "gradient_flow.png").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cells", "lstn"], "cell 'lstn' is not one of simple_rnn, lstm"),
        (["--steps", 2], "--steps 2, expected 3 or more"),
        (["--seeds", 0], "--seeds 0, expected 1 or more"),
        (["--units", 0], "units 0, expected 1 or more"),
        (["--gain", 0], "gain 0.0, expected more than 0"),
        (["--gain", "nan"], "gain nan, expected more than 0"),
        (["--activation", "tank"], "activation 'tank' is none of Keras's"),
        (["--model", "sine", "--units", 3], "--units is for new cells, and --model sine"),
        (["--model", "sin"], "model 'sin' is not one of"),
        (["--model", "digits"], "model 'digits' has no recurrent layer"),
        (["--model", "none.keras"], "no file 'none.keras', expected a saved Keras model"),
    ],
)
def test_bad_input_is_one_line(zoo, arguments, said):
    status, output, error = zoo("diagnose", *arguments)
    assert (status, output) == (2, "")
    assert error.startswith(f"zoo: {said}") and error.count("\n") == 1


def test_a_damaged_keras_file_is_one_line(zoo, tmp_path):
    path = tmp_path / "damaged.keras"
    path.write_bytes(b"no archive")
    status, output, error = zoo("diagnose", "--model", path)
    assert (status, output) == (2, "")
    assert "is not loaded" in error and error.count("\n") == 1


def test_the_state_of_a_cell_out_of_the_table_is_refused_before_work():
    with pytest.raises(InputError, match="cell 'lstn'"):
        diagnosis.cell_rows(["lstn"])
