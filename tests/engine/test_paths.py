"""Rollout with a head: point forecasts, sampled paths, seeds, and exogenous inputs."""

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from zoo.engine.decoding import rollout
from zoo.errors import InputError
from zoo.layers import Normal, Quantiles, StudentT
from zoo.models.step import Step, carried_step, window_step, zero_state

HEADS = [Normal(), StudentT(), Quantiles((0.1, 0.5, 0.9))]
B, F, STEPS = 3, 2, 4


class Forecaster:
    """h = tanh(x W + h U), outputs = h H, as a step and, with any sampler, as a plain loop."""

    def __init__(self, size, features=F, extra=0):
        generator = np.random.default_rng(5)
        shapes = [(features + extra, 4), (4, 4), (4, size)]
        draws = (generator.normal(size=shape).astype("float32") for shape in shapes)
        self.variables = [keras.Variable(d) for d in draws]
        self.traced = 0
        self.step = Step(self.function, self.variables)

    def function(self, x, state):
        self.traced += 1
        W, U, H = (v.value for v in self.variables)
        h = ops.tanh(ops.matmul(x, W) + ops.matmul(state["h"], U))
        return ops.matmul(h, H), {"h": h, "count": state["count"] + 1}

    def state(self, batch=B):
        h = np.random.default_rng(batch).normal(size=(batch, 4)).astype("float32")
        return {"h": h, "count": np.zeros((batch, 1), "int32")}

    def loop(self, feed, first, state, steps):
        """`feed(outputs, t)` makes a value of the outputs of step t."""
        values = []
        for t in range(steps):
            outputs, state = self.function(ops.convert_to_tensor(first), state)
            first = ops.convert_to_numpy(feed(outputs, t))
            values.append(first)
        return np.stack(values, axis=1)


def first_values(batch=B, features=F):
    return np.random.default_rng(batch).normal(size=(batch, features)).astype("float32")


def uniforms(seed, key, steps, count):
    """The documented numbers of one path, anew."""
    draws = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    return (np.floor(draws.random((steps, count)) * 2**23) + 0.5) / 2**23


def each(heads):
    return pytest.mark.parametrize("head", heads, ids=lambda head: head.name)


@each(HEADS)
def test_without_paths_the_mean_is_fed_back(head):
    model = Forecaster(head.size(F))
    values = rollout(model.step, first_values(), model.state(), STEPS, head=head)
    expected = model.loop(lambda o, t: head.mean(o), first_values(), model.state(), STEPS)
    assert values.shape == (B, STEPS, F)
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)


@each(HEADS)
def test_every_path_is_a_plain_loop_over_its_own_samples(head):
    model, paths = Forecaster(head.size(F)), 3
    values = rollout(
        model.step, first_values(), model.state(), STEPS, head=head, paths=paths, seed=7
    )
    assert values.shape == (B, paths, STEPS, F)
    for path in range(paths):
        keys = [(row, path) for row in range(B)]
        draws = np.stack([uniforms(7, key, STEPS, F * head.draws) for key in keys], axis=1)
        expected = model.loop(
            lambda o, t, draws=draws: head.sample(o, draws[t]),
            first_values(),
            model.state(),
            STEPS,
        )
        np.testing.assert_allclose(values[:, path], expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("seed", [3, [11, 2**40, 0]])
def test_a_path_depends_on_its_own_seed_row_and_number_only(seed):
    head = StudentT()
    model = Forecaster(head.size(F))
    first, state = first_values(), model.state()
    whole = rollout(model.step, first, state, 6, head=head, paths=4, seed=seed)
    part = {name: x[:2] for name, x in state.items()}
    some = seed[:2] if isinstance(seed, list) else seed
    fewer = rollout(model.step, first[:2], part, 3, head=head, paths=2, seed=some)
    np.testing.assert_allclose(fewer, whole[:2, :2, :3], rtol=1e-3, atol=1e-4)
    assert len(np.unique(whole[..., 0, 0])) == B * 4, "no two paths are alike"


def test_seeds_of_rows_go_with_their_rows():
    head = Normal()
    model = Forecaster(head.size(F))
    first, state = first_values(), model.state()
    order = np.array([2, 0, 1])

    def roll(rows, seed):
        mine = {name: x[rows] for name, x in state.items()}
        return rollout(model.step, first[rows], mine, STEPS, head=head, paths=2, seed=seed)

    seeds = np.array([5, 9, 5])
    whole = roll(np.arange(B), seeds)
    np.testing.assert_allclose(roll(order, seeds[order]), whole[order], rtol=1e-3, atol=1e-4)
    same = roll(np.array([1, 1]), [4, 4])
    np.testing.assert_allclose(same[0], same[1], rtol=1e-3, atol=1e-4)
    assert np.abs(same[0] - whole[1]).max() > 0.01, "another seed, another path"
    # A seed of a row, and of the whole: other streams, also where the numbers look alike.
    assert np.abs(roll(np.arange(1), 5) - roll(np.arange(1), [5])).max() > 0.01


def test_another_seed_runs_the_same_program():
    head = Normal()
    model = Forecaster(head.size(F))

    def roll(**options):
        before = model.traced
        arguments = (model.step, first_values(), model.state(), STEPS)
        values = rollout(*arguments, head=head, paths=2, **options)
        return values, model.traced - before

    first, _ = roll(seed=0)
    (second, calls), (third, _) = roll(seed=1), roll(seed=[0, 1, 2])
    assert calls in (0, STEPS), "compiled: not traced again; eager: run step by step"
    assert len({x.tobytes() for x in (first, second, third)}) == 3
    (again, _) = roll(seed=0)
    np.testing.assert_array_equal(again, first)
    # Weights are read anew, and another head is another program.
    model.variables[2].assign(np.zeros((4, 4), "float32"))
    still, _ = roll(seed=0)
    assert np.abs(still.mean()) < 1 and np.abs(still - first).max() > 0.1
    wide = rollout(model.step, first_values(), model.state(), STEPS, head=Normal(9.0), paths=2)
    np.testing.assert_allclose(wide, still * (9 + np.log(2)) / (1e-4 + np.log(2)), rtol=1e-3)


def plain_loop(model, window, first, exogenous, outputs=None):
    """The forecast by `predict_on_batch` on ever longer or rolling inputs (B, T, F + E)."""
    values = []
    for t in range(exogenous.shape[1]):
        row = np.concatenate([first, exogenous[:, t]], axis=-1)[:, None]
        window = np.concatenate([window[:, outputs is None :], row], axis=1)
        first = model.predict_on_batch(window)
        first = first if outputs is None else first[:, -1]
        values.append(first)
    return np.stack(values, axis=1)


def known(E):
    return np.random.default_rng(8).normal(size=(B, 6, E)).astype("float32")


@pytest.mark.parametrize("E", [0, 1, 3])
def test_exogenous_values_of_a_window_model(E):
    model = zoo.many_to_one(features=F + E, outputs=F, units=4)
    window = np.random.default_rng(0).normal(size=(B, 5, F + E)).astype("float32")
    values = rollout(window_step(model), first_values(), window, 6, known(E))
    expected = plain_loop(model, window, first_values(), known(E))
    np.testing.assert_allclose(values, expected, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("E", [0, 2])
def test_exogenous_values_of_a_carried_model(cell, E):
    model = zoo.many_to_many_aligned(features=F + E, outputs=F, units=4, cell=cell, layers_=2)
    values = rollout(carried_step(model), first_values(), zero_state(model, B), 6, known(E))
    nothing = np.zeros((B, 0, F + E), "float32")
    expected = plain_loop(model, nothing, first_values(), known(E), outputs=F)
    np.testing.assert_allclose(values, expected, atol=1e-5)


@each(HEADS)
def test_exogenous_values_and_a_head_on_models(head):
    """Each path of a whole model: every value is a sample of what is said of those before it."""
    size, E, paths = head.size(F), 1, 2
    model = zoo.many_to_many_aligned(features=F + E, outputs=size, units=4)
    first, state = first_values(), zero_state(model, B)
    options = {"head": head, "paths": paths, "seed": 2}
    values = rollout(carried_step(model), first, state, 6, known(E), **options)
    for path in range(paths):
        before = np.concatenate([first[:, None], values[:, path, :-1]], axis=1)
        said = model.predict_on_batch(np.concatenate([before, known(E)], axis=-1))
        draws = np.stack([uniforms(2, (row, path), 6, F * head.draws) for row in range(B)])
        expected = ops.convert_to_numpy(head.sample(said, draws))
        np.testing.assert_allclose(values[:, path], expected, rtol=1e-4, atol=1e-5)
    windowed = zoo.many_to_one(features=F + E, outputs=size, units=4)
    window = np.zeros((B, 5, F + E), "float32")
    found = rollout(window_step(windowed), first, window, 6, known(E), **options)
    assert found.shape == (B, paths, 6, F) and np.isfinite(found).all()


def test_paths_spread_as_a_random_walk_does():
    walk = Step(lambda x, state: (ops.concatenate([x, 0 * x + 0.5413], axis=-1), state))
    values = rollout(walk, np.array([[2.0]]), [], 9, head=Normal(), paths=4000)[0, :, :, 0]
    np.testing.assert_allclose(values.mean(axis=0), 2, atol=0.2)
    np.testing.assert_allclose(values.std(axis=0), np.sqrt(np.arange(1, 10)), rtol=0.05)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"paths": 0}, "paths is 0"),
        ({"paths": 1.5}, "paths is 1.5"),
        ({"head": None}, "paths is 2 without a head"),
        ({"head": "normal"}, "head is 'normal'"),
        ({"head": StudentT()}, "returned 4 numbers, first has 2 values, for which the head 'st"),
        ({"head": None, "paths": None}, "the step returned 4 values, first has 2"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 0.5}, "seed is 0.5"),
        ({"seed": [1, 2]}, "expected one whole number, or one for each of the 1 rows"),
        ({"seed": [0.5]}, "seed has shape"),
        ({"first": np.array([[np.nan, 1.0]])}, "first has 1 values that are NaN"),
        ({"first": np.zeros((1, 3))}, "cannot read inputs of shape"),
        ({"exogenous": np.zeros((1, 4, 2))}, "cannot read inputs of shape"),
        ({"state": np.full((1, 5, 3), np.nan)}, "5, 3\\) with 15 values that are NaN"),
        ({"state": np.zeros((1, 5, 2))}, "cannot read inputs of shape"),
        ({"state": np.zeros((2, 5, 3))}, "expected 1 rows"),
    ],
)
def test_bad_input_gives_one_clear_line(wrong, message, windowed):
    good = {
        "first": np.zeros((1, 2)),
        "state": np.zeros((1, 5, 3)),
        "steps": 4,
        "exogenous": np.zeros((1, 4, 1)),
        "head": Normal(),
        "paths": 2,
    }
    with pytest.raises(InputError, match=message) as caught:
        rollout(windowed, **(good | wrong))
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def windowed():
    """One step for all of these, so that a width is looked at in each call, not in the first."""
    step = window_step(zoo.many_to_one(features=3, outputs=4, units=4))
    rollout(step, np.zeros((1, 2)), np.zeros((1, 5, 3)), 2, np.zeros((1, 2, 1)), head=Normal())
    return step
