"""Cells whose gates see the input alone: all at once = step by step, long, masked, in any mode."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import backends
from zoo.errors import InputError
from zoo.layers import RGLRU, MinGRU, MinLSTM, Stack, WeightDrop
from zoo.layers.cells import parallel
from zoo.reference import backward, forward

KINDS = {"min_gru": MinGRU, "min_lstm": MinLSTM, "rg_lru": RGLRU}
B, F, U = 2, 3, 4
MANY = 150  # steps: whole chunks on every backend, and what is left over


@pytest.fixture(autouse=True)
def chunks_of_64_steps(monkeypatch):
    monkeypatch.setattr(backends._gated, "CHUNK", 64 * B)
    if keras.backend.backend() == "torch":  # what has to be made again in the backward pass
        monkeypatch.setattr(backends._gated, "KEPT", 64 * B * 3 * U * 4)


def draw(*shape, seed=0, scale=0.7):
    return np.random.default_rng([seed, *shape]).normal(0, scale, shape).astype("float32")


def holes(T, rows):
    """A mask: real steps and others in any order, and many others in a row."""
    mask = np.random.default_rng(T).random((rows, T)) < 0.7
    mask[0, T // 3 : T // 3 + 70] = False
    return mask


def make(kind, features=F, **options):
    layer = KINDS[kind](U, return_sequences=True, return_state=True, **options)
    layer.build((None, None, features))
    layer.set_weights([draw(*w.shape, seed=2) for w in layer.get_weights()])
    if kind == "rg_lru":  # a memory of some 10 to 1,000 steps
        layer.cell.decay.assign(layer.cell.decay - 6)
    return layer


def weights(layer):
    return {"bias": None} | {v.name: ops.convert_to_numpy(v) for v in layer.trainable_variables}


def whole(layer):
    """The layer as function(x, h, mask) -> outputs in the input's time order, final state."""

    def run(x, h, mask):
        outputs, final = layer(x, initial_state=[h], mask=mask)
        return (ops.flip(outputs, axis=1) if layer.go_backwards else outputs), final

    return run


def in_chunks(layer):
    """The same, called for a quarter of the steps at a time with the state handed on."""

    def run(x, h, mask):
        parts = []
        for k in range(4):
            at = slice(k * x.shape[1] // 4, (k + 1) * x.shape[1] // 4)
            part, h = layer(x[:, at], initial_state=[h], mask=mask[:, at])
            parts.append(part)
        return ops.concatenate(parts, axis=1), h

    return run


def streamed(layer):
    """The same by the layer's cell, a step at a time, in a loop around it."""

    def step(state, at):
        x, real = at
        h = ops.where(real, layer.cell(x, state)[1][0], state[0])
        return [h], h

    def run(x, h, mask):
        outputs, (last,) = backends.recurrence(step, [h], [x, ops.expand_dims(mask, -1)])
        return ops.cast(outputs, layer.compute_dtype), last

    return run


def everything(way, layer, x, h, mask, d, d_last):
    """Outputs, final state and all gradients of sum(d outputs) + sum(d_last state), by name.

    One call for all: the gradient of that sum by d is the outputs, that by d_last the state.
    """
    given = {"x": x, "initial_state": h, "mask": mask, "outputs": d, "state": d_last}
    given = {name: keras.Variable(v.astype("float32")) for name, v in given.items()}
    run = way(layer)

    def loss():
        x, h, mask, d, d_last = map(ops.convert_to_tensor, given.values())
        outputs, final = run(ops.cast(x, layer.compute_dtype), h, ops.cast(mask, "bool"))
        return ops.sum(d * ops.cast(outputs, d.dtype)) + ops.sum(d_last * final)

    variables = {v.name: v for v in layer.trainable_variables} | given
    _, found = backends.value_and_gradients(loss, variables.values())
    return {name: g for name, g in zip(variables, found, strict=True) if name != "mask"}


def equations(layer, x, h, mask, d, d_last):
    """The same by the equations."""
    trace = forward(layer.kind, weights(layer), x, [h], mask, layer.go_backwards)
    found = backward(trace, d, [d_last]) | {"outputs": trace.outputs, "state": trace.state[0]}
    return found | {"initial_state": found["initial_state"][0]}


def near(found, expected, rtol=1e-4):
    """Within `rtol` of the largest number: sums of many terms of both signs end near 0."""
    for name, values in found.items():
        atol = rtol * np.abs(expected[name]).max()
        np.testing.assert_allclose(values, expected[name], rtol=rtol, atol=atol, err_msg=name)


def problem(T, rows=B):
    """x, h, mask, d, d_last."""
    x, d = draw(rows, T, F, seed=1), draw(rows, T, U, seed=4)
    return x, draw(rows, U, seed=3), holes(T, rows), d, draw(rows, U, seed=9)


@pytest.fixture(scope="module")
def expected_of_4096_steps():
    return {kind: equations(make(kind), *problem(4096)) for kind in KINDS}


@pytest.mark.parametrize("way", [whole, in_chunks, streamed])
@pytest.mark.parametrize("kind", KINDS)
def test_4096_steps_with_holes_in_the_mask_equal_the_equations(kind, way, expected_of_4096_steps):
    found = everything(way, make(kind), *problem(4096))
    near(found, expected_of_4096_steps[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_steps_from_the_last_to_the_first_equal_the_equations(kind):
    layer = make(kind, go_backwards=True)
    near(everything(whole, layer, *problem(MANY)), equations(layer, *problem(MANY)))


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_at_a_masked_step_reaches_nothing(kind):
    layer, (x, h, mask, *d) = make(kind), problem(MANY, rows=3)
    mask[1] = False
    clean = everything(whole, layer, x, h, mask, *d)
    dirty = np.where(mask[..., None], x, np.float32(np.nan))
    for name, found in everything(whole, layer, dirty, h, mask, *d).items():
        np.testing.assert_array_equal(found, clean[name], err_msg=name)
    assert (clean["x"][~mask] == 0).all() and (clean["x"][mask] != 0).any()


@pytest.mark.parametrize("kind", KINDS)
def test_gates_wide_open_and_shut_stay_finite(kind):
    layer, (x, *rest) = make(kind), problem(MANY, rows=3)
    x *= np.array([0, 1, 300], "float32")[:, None, None]
    found = everything(whole, layer, x, *rest)
    expected = forward(kind, weights(layer), x, [rest[0]], rest[1]).outputs
    for row in range(3):
        near({"outputs": found["outputs"][row]}, {"outputs": expected[row]})
    assert all(np.isfinite(g).all() for g in found.values())


@pytest.mark.parametrize(
    ("kind", "precision", "way"),
    [
        *((kind, "bfloat16", way) for kind in KINDS for way in (whole, streamed)),
        ("rg_lru", "float16", whole),
    ],
)
def test_1000_steps_in_half_precision_are_as_near_as_its_own_rounding(kind, precision, way):
    layer = make(kind, dtype=backends.PRECISIONS[precision])
    found, expected = everything(way, layer, *problem(1000)), equations(layer, *problem(1000))
    rounding = {"float16": 2**-11, "bfloat16": 2**-8}[precision]
    near({name: found[name] for name in ("outputs", "state")}, expected, 8 * rounding)
    assert all(np.isfinite(g).all() for g in found.values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_is_float32_whatever_the_outputs_are(kind):
    layer = make(kind, dtype="mixed_bfloat16")
    h = np.full((B, U), 1 + 2**-12, "float32")  # bfloat16 would make 1 of it
    outputs, final = layer(draw(B, 3, F), initial_state=[h], mask=np.zeros((B, 3), bool))
    np.testing.assert_array_equal(ops.convert_to_numpy(final), h)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"


def test_an_rg_lru_starts_with_a_long_memory():
    layer = RGLRU(500)
    layer.build((None, None, 2))
    decay = ops.convert_to_numpy(layer.cell.decay)
    open_gate = np.exp(-8 * np.logaddexp(0, decay))
    assert 0.9 <= open_gate.min() < 0.91 and 0.99 < open_gate.max() <= 0.999


def test_an_rg_lru_after_a_projection_needs_none():
    layer = make("rg_lru", features=U, projection=False, blocks=2)
    assert {v.name for v in layer.weights} == {"gate_kernel", "gate_bias", "decay"}
    x = draw(B, 5, U)
    known = weights(layer) | {"kernel": np.eye(U)}
    found = {"outputs": ops.convert_to_numpy(layer(x)[0])}
    near(found, {"outputs": forward("rg_lru", known, x).outputs}, 1e-5)


@pytest.mark.parametrize(
    ("make_it", "words"),
    [
        (lambda: RGLRU(6, blocks=4), "blocks is 4, expected a divisor of units, 6"),
        (lambda: RGLRU(4, projection=False).build((None, None, 3)), "the input has 3 features"),
        (lambda: Stack("min_gru", weight_drop=0.5), "'min_gru' has no recurrent weights"),
        (lambda: Stack("rg_lru", activation="relu"), "'relu' given to cell 'rg_lru'"),
        (lambda: WeightDrop(MinGRU(3)), "no recurrent weights to drop"),
    ],
)
def test_what_cannot_be_is_one_line(make_it, words):
    with pytest.raises(InputError, match=words) as error:
        make_it()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stack_of_both_directions_saved_and_loaded(kind, tmp_path):
    assert parallel(kind)
    sequence, mask = keras.Input((None, F)), keras.Input((None,), dtype="bool")
    outputs, state = Stack(kind, U, direction="bidirectional")(sequence, mask=mask)
    model = keras.Model([sequence, mask], [outputs, *state])
    model.save(tmp_path / "stack.keras")
    again = keras.models.load_model(tmp_path / "stack.keras")
    given = [draw(B, 6, F), np.array([[1, 1, 0, 1, 0, 0], [0] * 6], bool)]
    both = again.predict_on_batch(given), model.predict_on_batch(given)
    for found, expected in zip(*both, strict=True):
        np.testing.assert_array_equal(found, expected)
