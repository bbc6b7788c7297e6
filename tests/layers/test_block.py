"""The residual block: equal to its equations, whole = chunked = streamed, masks, any cell."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from zoo import backends, reference
from zoo.errors import InputError
from zoo.layers import BLOCKS, CELLS, Stack
from zoo.layers.block_options import block_options

B, T, F, U = 3, 11, 5, 6
PLAIN = {"convolution": 0, "expansion": 1, "mlp": 0}
FORMS = {"minimal": "minimal", "griffin": "griffin", "plain": PLAIN, "one tap": {"convolution": 1}}
MASK = np.random.default_rng(7).random((B, T)) < 0.6
MASK[0, :2], MASK[1] = False, True


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(0, 0.6, shape).astype("float32")


def make(cell, block, layers=2, features=F, **options):
    stack = Stack(cell, U, layers, block=block, **options)
    stack.build((None, None, features))
    stack.set_weights([draw(*w.shape, seed=k) for k, w in enumerate(stack.get_weights())])
    return stack


def start(stack, rows=B):
    return [draw(rows, n, seed=50 + k) for k, (_, n) in enumerate(stack.state_shapes)]


def same(found, expected, atol=3e-5):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(a), b, atol=atol, rtol=1e-4)


def numbers(variables):
    """The values of variables by identity, in float64."""
    return {id(v): ops.convert_to_numpy(v).astype("float64") for v in variables}


def named(block, values):
    """(the block's weights as "layer/name", those of its cell)."""
    parts = {layer.name + "/": layer for layer in block._flatten_layers(include_self=False)}
    rnn = {id(v) for v in block.rnn.trainable_variables}
    own = {v.name: values[id(v)] for v in block._trainable_variables}
    for prefix, layer in parts.items():
        found = (v for v in layer._trainable_variables if id(v) not in rnn)
        own |= {prefix + v.name: values[id(v)] for v in found}
    none = {"bias": None, "kernel": np.eye(block.rnn.units)}  # an RG-LRU without its projection
    return own, none | {v.name: values[id(v)] for v in block.rnn.trainable_variables}


def equations(stack, x, state, mask=None, values=None):
    """Outputs and state by the equations; values: of the weights, by default those they have."""
    values = numbers(stack.trainable_variables) if values is None else values
    y, final = x.astype("float64"), []
    S = stack.states_per_layer
    for k, block in enumerate(stack.rnns):
        own, cell = named(block, values)
        now = [s.astype("float64") for s in state[k * S : k * S + S]]
        gated = block.options["gated"]
        y, now = reference.block(stack.cell, own, cell, y, now, mask, gated)
        final += now
    return y, final


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cell", ["min_gru", "rg_lru", "lstm"])
def test_a_block_equals_its_equations(cell, form, masked):
    stack, x, mask = make(cell, FORMS[form]), draw(B, T, F), MASK if masked else None
    outputs, final = stack(x, mask=mask, initial_state=start(stack))
    expected, expected_final = equations(stack, x, start(stack), mask)
    same([outputs, *final], [expected, *expected_final])


@pytest.mark.parametrize(
    ("cell", "form"), list(zip(CELLS, itertools.cycle(["minimal", "griffin"]), strict=False))
)
def test_whole_equals_chunks_equals_one_step_after_the_other(cell, form):
    stack, x = make(cell, form), draw(B, T, F)
    whole, final = stack(x, mask=MASK, initial_state=start(stack))
    parts, state = [], start(stack)
    for at in (slice(0, 1), slice(1, 2), slice(2, 8), slice(8, T)):
        part, state = stack(x[:, at], mask=MASK[:, at], initial_state=state)
        parts.append(ops.convert_to_numpy(part))
    same([np.concatenate(parts, axis=1), *state], map(ops.convert_to_numpy, (whole, *final)))
    whole, final = stack(x, initial_state=start(stack))
    parts, state = [], start(stack)
    for t in range(T):
        output, state = stack.step(x[:, t], state)
        parts.append(ops.convert_to_numpy(output))
    same([np.stack(parts, axis=1), *state], map(ops.convert_to_numpy, (whole, *final)))


def test_both_directions_see_real_steps_alone_and_the_summary_is_the_last_output():
    stack, x = make("min_lstm", "griffin", direction="bidirectional"), draw(B, T, F)
    dirty = np.where(MASK[..., None], x, np.float32(np.nan))
    outputs, final = stack(dirty, mask=MASK)
    outputs, summary = map(ops.convert_to_numpy, (outputs, stack.summary_state(final)))
    for row, real in enumerate(MASK):
        alone, state = stack(x[row : row + 1, real])
        same([outputs[row, real]], [ops.convert_to_numpy(alone)[0]])
        same([t[row] for t in final], [ops.convert_to_numpy(s)[0] for s in state])
        ends = outputs[row, np.flatnonzero(real)[-1], :U], outputs[row, np.argmax(real), U:]
        same([summary[row]], [np.concatenate(ends)])


@pytest.mark.parametrize("form", ["minimal", "griffin"])
@pytest.mark.parametrize("cell", ["min_gru", "min_lstm", "rg_lru", "gru"])
def test_gradients_are_those_of_the_equations(cell, form):
    """Along one direction of all weights, the input and the state, by differences in float64."""
    stack, x, state = make(cell, form, layers=1), draw(B, T, F), start(make(cell, form, layers=1))
    given = [keras.Variable(v) for v in (x, *state)]
    d = [draw(B, T, U, seed=8), *(draw(*s.shape, seed=9) for s in state)]

    def loss():
        x, *state = map(ops.convert_to_tensor, given)
        outputs, final = stack(x, mask=MASK, initial_state=state)
        return sum(ops.sum(ops.multiply(*pair)) for pair in zip(d, (outputs, *final), strict=True))

    variables = [*stack.trainable_variables, *given]
    _, gradients = backends.value_and_gradients(loss, variables)
    ways = [draw(*v.shape, seed=20 + k) for k, v in enumerate(variables)]
    slope = sum(float((g * w).sum()) for g, w in zip(gradients, ways, strict=True))

    def moved(step):
        pairs = zip(numbers(variables).items(), ways, strict=True)
        values = {key: v + step * w for (key, v), w in pairs}
        x, *state = (values[id(v)] for v in given)
        outputs, final = equations(stack, x, state, MASK, values)
        return sum((a * b).sum() for a, b in zip(d, (outputs, *final), strict=True))

    expected = (moved(1e-6) - moved(-1e-6)) / 2e-6
    assert slope == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_nothing_at_a_masked_step_reaches_a_gradient():
    stack, x = make("rg_lru", "griffin"), draw(B, T, F)
    given = keras.Variable(np.where(MASK[..., None], x, np.float32(np.nan)))

    def loss():
        return ops.sum(stack(ops.convert_to_tensor(given), mask=MASK)[0])

    _, gradients = backends.value_and_gradients(loss, [given, *stack.trainable_variables])
    assert all(np.isfinite(g).all() for g in gradients)
    assert (gradients[0][~MASK] == 0).all() and (gradients[0][MASK] != 0).any()


def test_the_state_stays_float32_in_half_precision():
    stack = make("rg_lru", "griffin", dtype="mixed_bfloat16")
    outputs, final = stack(draw(B, T, F), mask=MASK, initial_state=start(stack))
    expected, expected_final = equations(stack, draw(B, T, F), start(stack), MASK)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    assert {keras.backend.standardize_dtype(s.dtype) for s in final} == {"float32"}
    same([ops.cast(outputs, "float32"), *final], [expected, *expected_final], atol=0.08)


def test_a_stack_with_a_block_saved_and_loaded(tmp_path):
    sequence, mask = keras.Input((None, F)), keras.Input((None,), dtype="bool")
    options = dict(direction="bidirectional", weight_drop=0.2, block={"expansion": 1.5})
    outputs, state = Stack("gru", U, 2, **options)(sequence, mask=mask)
    model = keras.Model([sequence, mask], [outputs, *state])
    model.save(tmp_path / "stack.keras")
    again = keras.models.load_model(tmp_path / "stack.keras")
    both = (m.predict_on_batch([draw(B, T, F), MASK]) for m in (again, model))
    for found, expected in zip(*both, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("mamba", "block 'mamba' is not one of minimal, griffin or None"),
        ({"kernel": 4}, "block has kernel, expected none but convolution, expansion, gated, mlp"),
        ({"expansion": 0}, "expansion of a block is 0, expected a number above 0"),
        ({"convolution": -1}, "convolution of a block is -1, expected a whole number of steps"),
        ({"convolution": 2.5}, "convolution of a block is 2.5, expected a whole number of steps"),
        ({"mlp": -1}, "mlp of a block is -1, expected a number of at least 0"),
    ],
)
def test_what_cannot_be_is_one_line(block, words):
    with pytest.raises(InputError, match=words) as error:
        Stack("min_gru", U, block=block)
    assert "\n" not in str(error.value)


def test_the_papers_numbers():
    assert BLOCKS["griffin"]["expansion"] * 3 == 4 and block_options("minimal")["convolution"] == 4
    layer = Stack("rg_lru", 48, block="griffin").rnns[0].rnn
    assert (layer.units, layer.cell.blocks, layer.cell.projection) == (64, 16, False)
