"""The decoders of NumPy steps say what the compiled ones say."""

import numpy as np
import pytest
from toy_steps import END, START, Toy, V, starts

from zoo.engine import decoding, plain
from zoo.errors import InputError
from zoo.heads import Normal, Quantiles, StudentT
from zoo.models.step import Step


@pytest.fixture(scope="module")
def toy():
    return Toy()


def numpy_step(toy):
    """The toy's twin in NumPy; `memory` goes through it untouched."""

    def step(token, state):
        embedding, recurrent, output = (w.astype("float32") for w in toy.weights)
        h = np.tanh(embedding[token] + state["h"] @ recurrent)
        return h @ output, state | {"h": h}

    return step


def states(toy, rows, seed):
    state = toy.state(rows, seed)
    h = state["layers"][0].astype("float32")
    return state, {"h": h, "memory": np.arange(rows)[:, None]}


def beams_of(beams):
    """For each row {(tokens, length): log p}."""
    rows = zip(beams.tokens, beams.lengths, beams.log_probabilities, strict=True)
    return [
        {(tuple(t), n): p for t, n, p in zip(tokens.tolist(), *map(list, rest), strict=True)}
        for tokens, *rest in rows
    ]


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_beams_are_those_of_the_compiled_search(toy, width, alpha):
    options = dict(beam_width=width, steps=7, end=END, length_penalty=alpha)
    for seed in range(20):
        toy.draw(seed)
        state, own = states(toy, 5, seed)
        expected = decoding.beam_search(toy.step, starts(5), state, **options)
        found = plain.beam_search(numpy_step(toy), starts(5), own, **options)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)
        for one, other in zip(beams_of(found), beams_of(expected), strict=True):
            assert one.keys() == other.keys()  # in another order only where scores are equal
            assert all(one[k] == pytest.approx(other[k], abs=1e-5) for k in one)


def test_a_row_keeps_its_memory_when_others_leave_the_batch(toy):
    seen = []

    def step(token, state):
        seen.append(state["memory"].ravel().tolist())
        return inner(token, state)

    toy.draw(3)
    inner, (_, own) = numpy_step(toy), states(toy, 6, 3)
    plain.beam_search(step, starts(6), own, beam_width=2, steps=12, end=END)
    assert seen[0] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert len(seen[-1]) < len(seen[0])  # some did leave
    for rows in seen:
        assert rows[::2] == rows[1::2] and rows == sorted(rows)


def test_forbidden_tokens_are_not_written(toy):
    allowed = np.array([True, False, True, True])
    for seed in range(5):
        toy.draw(seed)
        state, own = states(toy, 3, seed)
        options = dict(beam_width=3, steps=6, end=END, allowed=allowed)
        expected = decoding.beam_search(toy.step, starts(3), state, **options)
        found = plain.beam_search(numpy_step(toy), starts(3), own, **options)
        np.testing.assert_array_equal(found.tokens, expected.tokens)


SETTINGS = [
    {},
    {"temperature": 0.8},
    {"temperature": 1.2, "top_k": 2},
    {"temperature": 1.0, "top_p": 0.7},
    {"temperature": 1.0, "repetition_penalty": 1.7, "seed": [3, 1, 4]},
    {"end": END},
    {"temperature": 1.0, "stop": [[0, 1], [2]], "pad": 1},
    {"temperature": 0.5, "allowed": np.array([True, True, False, True])},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "-".join(s) or "greedy")
def test_tokens_are_those_of_the_compiled_loop(toy, settings):
    for seed in range(10):
        toy.draw(seed)
        state, own = states(toy, 3, seed)
        expected = decoding.generate(toy.step, starts(3), state, 9, **settings)
        found = plain.generate(numpy_step(toy), starts(3), own, 9, **settings)
        np.testing.assert_array_equal(found, expected)
        _, own = states(toy, 3, seed)
        columns = list(plain.stream(numpy_step(toy), starts(3), own, 9, **settings))
        np.testing.assert_array_equal(np.stack(columns, 1), found[:, : len(columns)])


@pytest.mark.parametrize("head", [None, Normal(), StudentT(), Quantiles((0.1, 0.5, 0.9))], ids=str)
@pytest.mark.parametrize("paths", [None, 4])
def test_rollouts_are_those_of_the_compiled_loop(head, paths):
    if head is None and paths:
        with pytest.raises(InputError, match="without a head"):
            plain.rollout(lambda x, s: (x, s), np.ones((1, 1)), [], 2, paths=paths)
        return
    parts = 1 if head is None else head.size(1)
    weights = np.random.default_rng(2).normal(size=(3, parts)).astype("float32") * 0.5

    def numpy(x, state):
        return np.concatenate([x, np.tanh(state)], -1) @ weights, 0.5 * state + x[:, :1]

    def compiled(x, state):
        from keras import ops

        read = ops.concatenate([x, ops.tanh(state)], axis=-1)
        return ops.matmul(read, weights), 0.5 * state + x[:, :1]

    first, state = np.array([[0.3], [-0.4]], "float32"), np.array([[1.0], [2.0]], "float32")
    outside = np.linspace(0, 1, 12, dtype="float32").reshape(2, 6, 1)
    options = dict(exogenous=outside, head=head, paths=paths, seed=5)
    expected = decoding.rollout(Step(compiled), first, state, 6, **options)
    found = plain.rollout(numpy, first, state, 6, **options)
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_a_step_that_gives_nan_is_told(toy):
    def broken(token, state):
        return np.full((len(token), V), np.nan, "float32"), state

    for decode in (
        lambda: plain.generate(broken, [START], [], 3),
        lambda: plain.beam_search(broken, [START], [], beam_width=2, steps=3, end=END),
    ):
        with pytest.raises(InputError, match="NaN or infinite"):
            decode()
