"""Beam search against enumeration."""

import numpy as np
import pytest
from keras import ops
from toy_steps import END, START, Toy, V, enumerated, starts

from zoo.engine.beam import search
from zoo.engine.decoding import beam_search, generate
from zoo.errors import InputError
from zoo.models.step import Step

ALPHAS = (0.0, 0.6, 1.0, 3.0)


@pytest.fixture(scope="module")
def toy():
    return Toy()


def beams_of(beams, row):
    """The sequences of a row without their padding."""
    pairs = zip(beams.tokens[row], beams.lengths[row], strict=True)
    return [tuple(int(t) for t in tokens[:length]) for tokens, length in pairs]


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_exhaustive_width_is_enumeration(toy, steps, alpha):
    for seed in range(5):
        toy.draw(seed)
        state = toy.state(3, seed)
        beams = search(toy.step, starts(3), state, 130, steps, END, alpha)
        for row in range(3):
            expected = enumerated(toy, state["layers"][0][row], steps, alpha)
            N = len(expected)
            np.testing.assert_allclose(beams.scores[row, :N], [s for s, _ in expected], atol=2e-5)
            assert np.all(beams.scores[row, N:] == -np.inf)
            assert np.all(beams.lengths[row, N:] == 0) and np.all(beams.tokens[row, N:] == 0)
            assert sorted(beams_of(beams, row)[:N]) == sorted(s for _, s in expected)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_scores_belong_to_the_tokens_and_fall(toy, alpha):
    for seed in range(10):
        toy.draw(seed)
        state = toy.state(2, seed)
        beams = beam_search(
            toy.step, starts(2), state, beam_width=3, steps=6, end=END, length_penalty=alpha
        )
        assert np.all(np.diff(beams.scores, axis=1) <= 0)
        for row in range(2):
            sequences = beams_of(beams, row)
            assert len(set(sequences)) == 3
            for k, tokens in enumerate(sequences):
                log_p = toy.log_probability(tokens, state["layers"][0][row])
                assert beams.log_probabilities[row, k] == pytest.approx(log_p, abs=1e-4)
                score = log_p / ((5 + len(tokens)) / 6) ** alpha
                assert beams.scores[row, k] == pytest.approx(score, abs=1e-4)
                assert END not in tokens[:-1] and (tokens[-1] == END or len(tokens) == 6)
                assert np.all(beams.tokens[row, k, len(tokens) :] == 0)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_stopping_early_loses_nothing(toy, alpha):
    """The reference search never stops early: same rule, plain lists, one row at a time."""
    for seed in range(20):
        toy.draw(seed)
        state = toy.state(2, seed)
        beams = beam_search(
            toy.step, starts(2), state, beam_width=3, steps=7, end=END, length_penalty=alpha
        )
        for row in range(2):
            expected = plain_search(toy, state["layers"][0][row], 3, 7, alpha)
            np.testing.assert_allclose(beams.scores[row], [s for s, _ in expected], atol=1e-4)
            assert beams_of(beams, row) == [s for _, s in expected]


def plain_search(toy, h, width, steps, alpha):
    alive, finished = [(0.0, (), h)], []
    for length in range(1, steps + 1):
        penalty = ((5 + length) / 6) ** alpha
        candidates = []
        for log_p, tokens, h in alive:
            logits, new = toy.logits(tokens[-1] if tokens else START, h)
            logits -= np.log(np.exp(logits).sum())
            candidates += [(log_p + logits[t], (*tokens, t), new) for t in range(V)]
        candidates.sort(key=lambda c: -c[0])
        finished += [(c[0] / penalty, c[1]) for c in candidates[:width] if c[1][-1] == END]
        alive = [c for c in candidates if c[1][-1] != END][:width]
    finished += [(c[0] / penalty, c[1]) for c in alive]
    return sorted(finished, reverse=True)[:width]


def test_width_one_is_greedy(toy):
    for seed in range(20):
        toy.draw(seed)
        state = toy.state(3, seed)
        beams = beam_search(toy.step, starts(3), state, beam_width=1, steps=8, end=END)
        greedy = generate(toy.step, starts(3), state, 8, end=END)
        np.testing.assert_array_equal(beams.tokens[:, 0], greedy)


def test_wider_is_never_worse_here(toy):
    for seed in range(20):
        toy.draw(seed)
        state = toy.state(3, seed)
        best = [
            search(toy.step, starts(3), state, width, 4, END, 0.6).scores[:, 0]
            for width in (1, 2, 3, 4, 130)
        ]
        assert np.all(np.diff(best, axis=0) >= -1e-5)


def test_a_row_does_not_depend_on_its_batch(toy):
    toy.draw(3)
    options = {"beam_width": 4, "steps": 6, "end": END, "length_penalty": 0.8}
    state = toy.state(5)
    together = beam_search(toy.step, starts(5), state, **options)
    for row in range(5):
        alone = {"layers": [state["layers"][0][row : row + 1]], "count": state["count"][:1]}
        beams = beam_search(toy.step, starts(1), alone, **options)
        np.testing.assert_array_equal(beams.tokens[0], together.tokens[row])
        np.testing.assert_allclose(beams.scores[0], together.scores[row], atol=1e-5)


def test_only_allowed_tokens_are_written(toy):
    toy.draw(4)
    state = toy.state(1)
    allowed = np.array([True, False, True, True])
    beams = search(toy.step, starts(1), state, 60, 3, END, 0.5, allowed=allowed)
    expected = enumerated(toy, state["layers"][0][0], 3, 0.5, tokens=[0, 2, 3])
    np.testing.assert_allclose(
        beams.scores[0, : len(expected)], [s for s, _ in expected], atol=1e-5
    )
    assert np.all(beams.lengths[0, len(expected) :] == 0)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_narrow_beam_keeps_to_what_is_allowed(toy, width):
    """Also where the likeliest token, or the end itself, is not: then each beam goes on to last."""
    for seed, allowed in enumerate([[0, 2, END], [0, 2], [2], [END]]):
        toy.draw(seed)
        state = toy.state(2, seed)
        mask = np.isin(np.arange(V), allowed)
        beams = beam_search(
            toy.step, starts(2), state, beam_width=width, steps=5, end=END, allowed=mask
        )
        for row in range(2):
            sequences = [s for s in beams_of(beams, row) if s]
            assert sequences and set().union(*sequences) <= set(allowed)
            assert all(s[-1] == END or len(s) == 5 for s in sequences)
            best = toy.log_probability(sequences[0], state["layers"][0][row])
            assert beams.log_probabilities[row, 0] == pytest.approx(best, abs=1e-4)


def test_without_an_end_every_beam_has_all_steps(toy):
    toy.draw(5)
    state = toy.state(1)
    beams = search(toy.step, starts(1), state, 64, 3, None, pad=2)
    expected = enumerated(toy, state["layers"][0][0], 3, 0.0, end=None)
    np.testing.assert_allclose(beams.scores[0], [s for s, _ in expected], atol=1e-5)
    assert beams_of(beams, 0)[0] == expected[0][1]


def test_the_loop_stops_when_nothing_can_improve():
    calls = []

    def function(token, state):
        calls.append(1)
        return ops.broadcast_to(np.float32([0, 0, 0, 9]), (ops.shape(token)[0], V)), state

    beams = beam_search(Step(function), starts(2), [], beam_width=2, steps=500, end=END)
    assert beams.lengths.tolist() == [[1, 2], [1, 2]]
    assert len(calls) < 10  # eager or traced, nobody called it 500 times


def test_new_weights_are_seen():
    toy = Toy(seed=1)
    state, options = toy.state(2), {"beam_width": 2, "steps": 4, "end": END}
    beam_search(toy.step, starts(2), state, **options)
    toy.draw(2)
    beams = beam_search(toy.step, starts(2), state, **options)
    log_p = toy.log_probability(beams_of(beams, 1)[0], state["layers"][0][1])
    assert beams.scores[1, 0] == pytest.approx(log_p, abs=1e-4)


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize(("row", "first"), [(slice(None), 0), (1, 0), (1, 2)])
def test_logits_that_are_not_finite_are_told(width, row, first):
    """In every row or in one, from the first step or from a later one."""
    hurt = np.zeros((2, 1), "float32")
    hurt[row] = 1

    def function(token, state):
        bad = ops.logical_and(state["hurt"] > 0, state["count"] >= first)
        logits = ops.where(bad, np.nan, ops.one_hot(token * 0, V))
        return logits, state | {"count": state["count"] + 1}

    state = {"hurt": hurt, "count": np.zeros((2, 1), "int32")}
    with pytest.raises(InputError, match="NaN or infinite") as caught:
        beam_search(Step(function), starts(2), state, beam_width=width, steps=4, end=END)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"beam_width": 0}, "beam_width is 0"),
        ({"beam_width": V + 1}, f"beam_width is {V + 1}, the vocabulary has {V} tokens"),
        ({"beam_width": 1.5}, "beam_width is 1.5"),
        ({"steps": 0}, "steps is 0"),
        ({"steps": -3}, "steps is -3"),
        ({"steps": np.nan}, "steps is nan"),
        ({"length_penalty": -0.5}, "length_penalty is -0.5"),
        ({"length_penalty": np.nan}, "length_penalty is nan"),
        ({"end": V}, f"end is {V}"),
        ({"allowed": np.zeros(V, bool)}, "allowed has shape"),
        ({"allowed": np.ones(V + 1, bool)}, "allowed has shape"),
    ],
)
def test_bad_settings_give_one_clear_line(toy, wrong, message):
    options = {"beam_width": 2, "steps": 3, "end": END} | wrong
    with pytest.raises(InputError, match=message) as caught:
        beam_search(toy.step, starts(1), toy.state(1), **options)
    assert "\n" not in str(caught.value)
