"""Generation: greedy, sampled, streamed."""

import keras
import numpy as np
import pytest
from keras import ops
from toy_steps import END, START, Toy, V, starts

from zoo.engine.decoding import generate, stream
from zoo.engine.sampling import draw
from zoo.errors import InputError
from zoo.layers import Stack
from zoo.models.step import Step

SETTINGS = [
    {},
    {"temperature": 0.8},
    {"temperature": 1.3, "top_k": 3},
    {"temperature": 1.3, "top_p": 0.7, "repetition_penalty": 1.4},
    {"temperature": 1.0, "end": END, "pad": 2},
    {"repetition_penalty": 1.5, "end": END},
    {"temperature": 1.2, "stop": [[2], [0, 1, 1]], "pad": 3},
    {"stop": [[0, 2], [1, 1]], "end": END},
]


@pytest.fixture(scope="module")
def toy():
    return Toy()


def greedy(toy, h, steps, end=None):
    tokens, last = [], START
    for _ in range(steps):
        logits, h = toy.logits(last, h)
        last = int(np.argmax(logits))
        tokens.append(last)
        if last == end:
            break
    return tokens + [0] * (steps - len(tokens))


def fixed(logits):
    """A step that gives the same logits whatever it reads."""
    logits = np.asarray(logits, "float32")

    def function(token, state):
        return ops.broadcast_to(logits, (ops.shape(token)[0], len(logits))), state

    return Step(function)


@pytest.mark.parametrize("end", [None, END])
def test_greedy_is_a_loop_of_argmax(toy, end):
    for seed in range(10):
        toy.draw(seed)
        for batch in (1, 4):
            state = toy.state(batch, seed)
            tokens = generate(toy.step, starts(batch), state, 9, end=end)
            expected = [greedy(toy, h, 9, end) for h in state["layers"][0]]
            assert tokens.dtype == np.int32
            np.testing.assert_array_equal(tokens, expected)


@pytest.mark.parametrize("settings", SETTINGS)
def test_stream_hands_out_what_generate_returns(toy, settings):
    toy.draw(1)
    whole = generate(toy.step, starts(3), toy.state(3), 20, seed=4, **settings)
    columns = list(stream(toy.step, starts(3), toy.state(3), 20, seed=4, **settings))
    np.testing.assert_array_equal(np.stack(columns, axis=1), whole[:, : len(columns)])
    assert np.all(whole[:, len(columns) :] == settings.get("pad", 0))


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_row_does_not_depend_on_its_batch_or_on_the_steps(toy, settings):
    toy.draw(2)
    state = toy.state(6)
    few = {"layers": [state["layers"][0][:2]], "count": state["count"][:2]}
    six = generate(toy.step, starts(6), state, 24, seed=9, **settings)
    two = generate(toy.step, starts(2), few, 11, seed=9, **settings)
    np.testing.assert_array_equal(two, six[:2, :11])
    again = generate(toy.step, starts(6), state, 24, seed=9, **settings)
    np.testing.assert_array_equal(again, six)


def test_another_seed_or_row_gives_another_sample():
    step = fixed(np.zeros(50))
    one = generate(step, starts(3), [], 30, temperature=1.0, seed=1)
    two = generate(step, starts(3), [], 30, temperature=1.0, seed=2)
    assert np.any(one != two) and np.any(one[0] != one[1])


def test_a_seed_gives_the_sample_that_numpy_predicts():
    """The inverse CDF by hand: the reason why backends agree."""
    logits = np.array([0.3, -1.0, 2.0, 0.5])
    cumulative = np.cumsum(np.exp(logits / 0.9) / np.exp(logits / 0.9).sum())
    tokens = generate(fixed(logits), starts(2), [], 40, temperature=0.9, seed=5)
    for row in range(2):
        uniform = np.random.default_rng([5, row]).random(40)
        np.testing.assert_array_equal(tokens[row], np.searchsorted(cumulative, uniform))


def test_a_row_with_its_own_seed_draws_the_same_wherever_it_sits(toy):
    toy.draw(3)
    state = toy.state(4)

    def sample(rows, seed):
        own = {"layers": [state["layers"][0][rows]], "count": state["count"][rows]}
        return generate(toy.step, starts(len(rows)), own, 20, temperature=1.0, seed=seed)

    seeds = np.array([5, 5, 8, 2])
    together = sample([0, 1, 2, 3], seeds)
    order = [3, 1, 0, 2]
    np.testing.assert_array_equal(sample(order, seeds[order].tolist()), together[order])
    for row in range(4):  # as if it were alone
        np.testing.assert_array_equal(sample([row], int(seeds[row])), together[[row]])
    step = fixed(np.zeros(50))
    same = generate(step, starts(2), [], 20, temperature=1.0, seed=(5, 5))
    other = generate(step, starts(2), [], 20, temperature=1.0, seed=(5, 6))
    assert np.all(same[0] == same[1]) and np.all(same[0] == other[0])
    assert np.any(other[0] != other[1])


def test_samples_have_the_frequencies_of_the_model():
    logits = np.log([0.1, 0.2, 0.3, 0.4])
    tokens = generate(fixed(logits), starts(80), [], 100, temperature=1.0)
    frequencies = np.bincount(tokens.ravel(), minlength=4) / tokens.size
    np.testing.assert_allclose(frequencies, [0.1, 0.2, 0.3, 0.4], atol=0.02)


@pytest.mark.parametrize(
    ("settings", "support"),
    [
        ({}, {0, 1, 2, 3, 4}),
        ({"top_k": 2}, {1, 4}),
        ({"top_k": 99}, {0, 1, 2, 3, 4}),
        ({"top_p": 0.39}, {4}),
        ({"top_p": 0.41}, {1, 4}),
        ({"top_p": 0.71}, {0, 1, 4}),
        ({"top_p": 1.0}, {0, 1, 2, 3, 4}),
        # Of the three that top-k leaves, 0.4 + 0.3 of 0.85 are more than 0.8 of it.
        ({"top_k": 3, "top_p": 0.8}, {1, 4}),
        ({"allowed": np.array([True, False, False, True, False])}, {0, 3}),
        ({"temperature": 1e-20}, {4}),
    ],
)
def test_filters_leave_exactly_their_support(settings, support):
    step = fixed(np.log([0.15, 0.3, 0.05, 0.1, 0.4]))
    tokens = generate(step, starts(4), [], 200, **({"temperature": 1.0} | settings))
    assert set(tokens.ravel().tolist()) == support


def test_a_repetition_penalty_changes_the_order_of_what_was_written():
    # 2.0 / 3 is less than 1.5; then 1.5 / 3 is less than 2.0 / 3.
    tokens = generate(fixed([2.0, 1.5, 0.1]), starts(1), [], 4, repetition_penalty=3.0)
    assert tokens.tolist() == [[0, 1, 0, 0]]
    # A negative logit falls, it is not divided up.
    tokens = generate(fixed([-1.0, -1.5, -9.0]), starts(1), [], 3, repetition_penalty=2.0)
    assert tokens.tolist() == [[0, 1, 0]]


def test_the_end_is_written_once_and_stops_the_loop():
    calls = []

    def count(token, state):
        calls.append(1)
        return ops.one_hot((token + 1) % 6, 6), state

    tokens = generate(Step(count), np.array([1, 3]), [], 500, end=4, pad=5)
    assert tokens[:, :4].tolist() == [[2, 3, 4, 5], [4, 5, 5, 5]]
    assert tokens.shape == (2, 500) and np.all(tokens[:, 3:] == 5)
    # Traced or eager, nobody called it 500 times.
    assert len(calls) < 10


def test_new_weights_are_seen_by_compiled_loops():
    toy = Toy(seed=1)
    state = toy.state(2)
    generate(toy.step, starts(2), state, 6)
    toy.draw(2)
    expected = [greedy(toy, h, 6) for h in state["layers"][0]]
    np.testing.assert_array_equal(generate(toy.step, starts(2), state, 6), expected)
    np.testing.assert_array_equal(
        np.stack(list(stream(toy.step, starts(2), state, 6)), axis=1), expected
    )


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_stack_generates_as_the_whole_model_predicts(cell):
    embed, body = keras.layers.Embedding(7, 4), Stack(cell, units=5, layers=2, seed=0)
    head = keras.layers.Dense(7)
    tokens = keras.Input((None,), dtype="int32")
    model = keras.Model(tokens, head(body(embed(tokens))[0]))
    generator = np.random.default_rng(0)
    model.set_weights([generator.normal(size=w.shape) for w in model.get_weights()])

    def function(token, state):
        output, state = body.step(embed(token), state)
        return head(output), state

    step = Step(function, model.variables)
    written = generate(step, np.array([1, 2]), body.initial_state(2), 6)
    # Each token is the likeliest after all those before it.
    history = np.concatenate([[[1], [2]], written[:, :-1]], axis=1)
    logits = ops.convert_to_numpy(model(history))
    np.testing.assert_array_equal(written, logits.argmax(-1))


@pytest.mark.parametrize("decode", [generate, stream])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"steps": 2.5}, "steps is 2.5"),
        ({"temperature": -0.1}, "temperature is -0.1"),
        ({"temperature": np.nan}, "temperature is nan"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_k": True}, "top_k is True"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"top_p": 1.1}, "top_p is 1.1"),
        ({"repetition_penalty": 0}, "repetition_penalty is 0"),
        ({"end": V}, f"end is {V}"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"seed": [3, -1]}, r"seed\[1\] is -1"),
        ({"seed": [3, 1]}, "seed has 2 numbers, expected 1"),
        ({"temperature": 1.0, "seed": np.array([])}, "seed has 0 numbers, expected 1"),
        ({"stop": [[]]}, r"stop\[0\] is empty"),
        ({"stop": [[1], [2, V]]}, rf"stop\[1\]\[1\] is {V}, expected a token from 0 to {V - 1}"),
        ({"stop": [[-1]]}, r"stop\[0\]\[0\] is -1"),
        ({"stop": [1, 2]}, "stop is .*expected a list of token lists"),
        ({"stop": "ab"}, "stop is 'ab'"),
        ({"stop": np.zeros((2, 2, 2), int)}, r"stop\[0\] is .*expected whole numbers"),
        ({"stop": [[0.5]]}, r"stop\[0\] is \[0.5\]"),
        ({"pad": -1}, "pad is -1"),
        ({"start": np.array([[1]])}, "start has shape"),
        ({"start": np.array([0.5])}, "start has shape"),
        ({"start": np.array([], int)}, "start has shape"),
        ({"start": np.array([1, 1])}, "expected 2 rows"),
        ({"state": []}, "the step returned 1 state tensors, it was given 0"),
    ],
)
def test_bad_input_gives_one_clear_line(decode, wrong, message):
    step = Step(lambda token, state: (ops.one_hot(token, V), state or [token]))
    good = {"start": starts(1), "state": [np.zeros((1, 2), "float32")], "steps": 3}
    with pytest.raises(InputError, match=message) as caught:
        decode(step, **(good | wrong))
    assert "\n" not in str(caught.value)


def from_state():
    """A step whose logits are its state: no compiler knows them."""
    return Step(lambda token, state: (state, state))


@pytest.mark.parametrize("settings", [{}, {"temperature": 1.0, "top_k": 3}, {"stop": [[1, 1]]}])
def test_logits_that_are_not_finite_are_told(settings):
    step, good = from_state(), np.random.default_rng(0).normal(size=(3, 33)).astype("float32")
    good[0, 1:] = -np.inf  # a step may forbid tokens
    good[1, 3:] = np.finfo("float32").min
    tokens = generate(step, starts(3), good, 9, **settings)
    assert tokens[0].tolist() == [0] * 9 and set(tokens[1].tolist()) <= {0, 1, 2}
    wrong = [(1, at, value) for at in (0, 17, 32) for value in (np.nan, np.inf)]
    for row, at, value in [*wrong, (2, slice(None), np.nan), (2, slice(None), -np.inf)]:
        logits = good.copy()
        logits[row, at] = value
        for decode in (generate, lambda *a, **k: list(stream(*a, **k))):
            with pytest.raises(InputError, match="NaN or infinite") as caught:
                decode(step, starts(3), logits, 9, **settings)
            assert "\n" not in str(caught.value)


def test_nan_is_told_for_a_token_that_is_not_allowed_too():
    logits, allowed = np.zeros((1, 9), "float32"), np.arange(9) != 4
    logits[0, 4] = np.nan
    with pytest.raises(InputError, match="NaN or infinite"):
        generate(from_state(), starts(1), logits, 3, allowed=allowed)


def test_logits_matter_until_a_row_has_ended():
    def countdown(token, state):
        """Row by row: one more token, and NaN after token 4."""
        logits = ops.one_hot((token + 1) % 6, 6)
        return ops.where(token[:, None] >= 4, np.nan, logits), state

    assert generate(Step(countdown), starts(2) * [1, 3], [], 4, end=4).tolist() == [
        [2, 3, 4, 0],
        [4, 0, 0, 0],
    ]
    for start in ([1, 4], [1, 2]):
        with pytest.raises(InputError, match="NaN or infinite"):
            generate(Step(countdown), np.array(start), [], 4, end=5)
    # Pad 5 gives NaN, to a row that reads no more.
    tokens = generate(Step(countdown), np.array([0, 2]), [], 4, end=4, pad=5)
    assert tokens.tolist() == [[1, 2, 3, 4], [3, 4, 5, 5]]


def test_the_ends_of_the_uniform_range_draw_possible_tokens():
    generator = np.random.default_rng(0)
    possible = generator.random((300, 5000)) < 0.01
    probabilities = np.where(possible, generator.random(possible.shape) ** 4, 0).astype("float32")
    for uniform in (0.0, 1 - 2.0**-22):
        uniforms = ops.full((300,), uniform, dtype="float32")
        drawn = draw(ops.convert_to_tensor(probabilities), uniforms)
        assert np.take_along_axis(possible, ops.convert_to_numpy(drawn)[:, None], axis=1).all()
