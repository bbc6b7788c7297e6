"""Distribution heads against SciPy: densities, quantiles, samples, gradients, bad input."""

import json

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from zoo import backends
from zoo.errors import InputError
from zoo.heads import arrays
from zoo.layers import HEADS, Head, HeadLoss, Normal, Quantiles, StudentT, head_from

RNG = np.random.default_rng(3)
B, F = 5, 3
LEVELS = (0.1, 0.3, 0.5, 0.9)
EVERY = [Normal(), StudentT(floor=0.01), Quantiles(LEVELS)]
PROBABILITIES = (1e-5, 0.01, 0.1, 0.4, 0.5, 0.77, 0.999)
# Raw degrees of freedom from 2 on, up to where the distribution is normal.
RAW_DEGREES = np.array([-40.0, -3.0, 0.0, 2.0, 8.0, 98.0, 1e4, 1e9])


@pytest.fixture(autouse=True, params=["keras", "numpy"])
def computed_by(request, monkeypatch):
    """The same equations: by Keras on tensors, also for arrays that are given, or by NumPy."""
    if request.param == "keras":
        monkeypatch.setattr(arrays, "_is_numpy", lambda x: False)


def softplus(x):
    return np.logaddexp(0, x)


def to_numpy(x):
    return ops.convert_to_numpy(x)


def outputs_of(head, *shape):
    return RNG.normal(size=(*shape, head.size(F))).astype("float32")


def truth(head, outputs):
    """The same distribution, frozen in SciPy."""
    mean, scale, *degrees = np.split(outputs.astype("float64"), head.parts, axis=-1)
    scale = softplus(scale) + head.floor
    if not degrees:
        return stats.norm(mean, scale)
    return stats.t(np.minimum(2 + softplus(degrees[0]), 1e6), mean, scale)


def t_outputs():
    """(8, 3): one row for each of `RAW_DEGREES`, with mean 1 and raw scale -1."""
    columns = (np.ones(8), -np.ones(8), RAW_DEGREES)
    return np.stack(columns, axis=-1).astype("float32")


@pytest.mark.parametrize("head", EVERY[:2], ids=lambda head: head.name)
@pytest.mark.parametrize("shape", [(B,), (B, 4)])
def test_the_loss_is_the_negative_log_density(head, shape):
    outputs = outputs_of(head, *shape)
    y = RNG.normal(size=(*shape, F)) * 5
    expected = -truth(head, outputs).logpdf(y).mean(axis=-1)
    assert expected.shape == shape
    np.testing.assert_allclose(to_numpy(head.loss(y, outputs)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("y", [1.0, 0.5, 4.0, -300.0, 1e12])
def test_t_density_from_heavy_tails_to_normal(y):
    head, outputs = StudentT(), t_outputs()
    expected = -truth(head, outputs).logpdf(np.full((8, 1), y))[:, 0]
    found = to_numpy(head.loss(np.full((8, 1), y), outputs))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("level", PROBABILITIES)
def test_quantiles_invert_the_distribution(level):
    for head, outputs in ((Normal(), outputs_of(Normal(), B)), (StudentT(), t_outputs())):
        expected = truth(head, outputs).ppf(level)
        found = to_numpy(head.quantile(outputs, level))
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


def test_samples_of_a_normal_are_its_quantiles():
    head, outputs = Normal(), outputs_of(Normal(), B)
    for level in (2**-23, 0.01, 0.3, 0.5, 0.999, 1 - 2**-23):
        found = to_numpy(head.sample(outputs, np.full((B, F), level)))
        np.testing.assert_allclose(found, truth(head, outputs).ppf(level), rtol=1e-4, atol=1e-4)


def even_points(n):
    """n points that fill the unit square evenly: an additive recurrence (Roberts 2018)."""
    return (0.5 + np.arange(1, n + 1)[:, None] * [0.7548776662466927, 0.5698402909980532]) % 1


@pytest.mark.parametrize("raw", [-1.0, 0.5, 3.0, 60.0, 1e5])
def test_samples_of_t_follow_its_distribution(raw):
    head, n = StudentT(), 40_000
    outputs = np.tile(np.array([[1.0, 0.3, raw]], "float32"), (n, 1))
    samples = to_numpy(head.sample(outputs, even_points(n)))[:, 0]
    distribution = truth(head, outputs[:1])
    ranks = np.arange(1, n + 1) / n
    distance = np.abs(distribution.cdf(np.sort(samples))[0] - ranks).max()
    assert distance < 0.002, "the Kolmogorov distance of points as even as these"
    for level in (0.05, 0.5, 0.95):
        below = (samples < to_numpy(head.quantile(outputs[:1], level))[0, 0]).mean()
        assert abs(below - level) < 0.002


@pytest.mark.parametrize("head", EVERY, ids=lambda head: head.name)
def test_mean_and_coverage_are_those_of_the_samples(head):
    n = 60_000
    outputs = outputs_of(head, 1)
    uniform = np.random.default_rng(1).random((n, head.draws * F))
    samples = to_numpy(head.sample(np.repeat(outputs, n, axis=0), uniform))
    error = samples.std(axis=0) / np.sqrt(n)
    assert (np.abs(samples.mean(axis=0) - to_numpy(head.mean(outputs))[0]) < 4 * error).all()
    low, high = (to_numpy(head.quantile(outputs, p)) for p in (0.1, 0.9))
    np.testing.assert_allclose(((samples > low) & (samples < high)).mean(axis=0), 0.8, atol=0.007)


def test_quantiles_interpolate_and_have_exponential_tails():
    head = Quantiles(LEVELS)
    outputs = np.array([[4.0, 1.0, 2.0, 8.0]], "float32")  # crossed: read as 1, 2, 4, 8
    found = [float(to_numpy(head.quantile(outputs, p))[0, 0]) for p in (0.1, 0.2, 0.4, 0.5, 0.8)]
    np.testing.assert_allclose(found, [1, 1.5, 3, 4, 7], rtol=1e-5)
    left, right = (to_numpy(head.quantile(outputs, p))[0, 0] for p in (0.02, 0.99))
    np.testing.assert_allclose(left, 1 + 5 * 0.1 * np.log(0.2), rtol=1e-5)
    np.testing.assert_allclose(right, 8 - 10 * 0.1 * np.log(0.1), rtol=1e-5)
    shares = np.linspace(0, 1, 501)[:, None]
    values = to_numpy(head.sample(np.repeat(outputs, 501, axis=0), shares))
    assert np.isfinite(values).all() and (np.diff(values, axis=0) > 0).all()


def test_the_pinball_loss_is_least_at_the_quantiles():
    head, y = Quantiles(LEVELS), np.random.default_rng(0).gamma(2.0, size=(4001, 1))
    best = np.quantile(y, LEVELS)

    def loss(quantiles):
        return to_numpy(head.loss(y, np.tile(quantiles, (len(y), 1)))).mean()

    for k in range(len(LEVELS)):
        for move in (-0.05, 0.05):
            assert loss(best + move * np.eye(len(LEVELS))[k]) > loss(best)
    by_hand = [max(p * (2.0 - q), (p - 1) * (2.0 - q)) for p, q in zip(LEVELS, best, strict=True)]
    found = to_numpy(head.loss([[2.0]], best[None]))
    np.testing.assert_allclose(found, [np.mean(by_hand)], rtol=1e-5)


@pytest.mark.parametrize("head", EVERY, ids=lambda head: head.name)
@pytest.mark.parametrize("size", [0.0, 1e-6, 50.0, 1e6])
def test_loss_and_gradient_are_finite_at_extremes(head, size):
    signs = np.array([[-1.0, 1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, -1.0]])
    outputs = np.repeat(signs, head.size(2) // 2, axis=-1) * size
    y = np.array([[0.0, 1e8], [-1e8, 1e-30], [size, size], [-size, -size]])
    variable = keras.Variable(outputs.astype("float32"))
    value, gradients = backends.value_and_gradients(
        lambda: ops.sum(head.loss(y, variable.value)), [variable]
    )
    assert np.isfinite(value) and np.isfinite(gradients[0]).all()


@pytest.mark.parametrize("head", EVERY, ids=lambda head: head.name)
def test_every_output_has_a_gradient_and_it_is_the_slope(head):
    outputs, y = outputs_of(head, 1), RNG.normal(size=(1, F))
    variable = keras.Variable(outputs)
    _, (gradient,) = backends.value_and_gradients(
        lambda: ops.sum(head.loss(y, variable.value)), [variable]
    )
    for k in range(head.size(F)):
        ends = [outputs + move * np.eye(head.size(F))[k : k + 1] for move in (-0.02, 0.02)]
        low, high = (float(to_numpy(head.loss(y, end))[0]) for end in ends)
        np.testing.assert_allclose(gradient[0, k], (high - low) / 0.04, rtol=0.02, atol=1e-4)
        assert gradient[0, k] != 0


@pytest.mark.parametrize("head", EVERY, ids=lambda head: head.name)
def test_half_precision_is_read_in_float32(head):
    outputs = outputs_of(head, B).astype("float16")
    uniform = np.full((B, head.draws * F), 1 - 2**-23)  # 1 in float16
    for found, same in (
        (head.loss(np.zeros((B, F)), outputs), head.loss(np.zeros((B, F)), np.float32(outputs))),
        (head.sample(outputs, uniform), head.sample(np.float32(outputs), uniform)),
    ):
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
        np.testing.assert_array_equal(to_numpy(found), to_numpy(same))
        assert np.isfinite(to_numpy(found)).all()


@pytest.mark.parametrize("head", EVERY, ids=lambda head: head.name)
def test_samples_are_finite_for_any_uniform_number(head):
    outputs = np.concatenate([outputs_of(head, 1) * size for size in (1, 30, -30)])
    for level in (0.0, 2**-30, 1.0):
        uniform = np.full((3, head.draws * F), level, "float32")
        assert np.isfinite(to_numpy(head.sample(outputs, uniform))).all()


def test_a_head_goes_through_json():
    assert set(HEADS) == {"normal", "student_t", "quantiles"}
    for head in (*EVERY, *(make() for make in HEADS.values())):
        again = head_from(json.loads(json.dumps(head.config())))
        assert isinstance(again, Head) and again == head and hash(again) == hash(head)
        assert again.size(F) == head.parts * F


def test_a_model_trains_on_a_head_and_is_saved_with_it(tmp_path):
    """Width and spread of y = 2 x + 0.3 noise are found, and weights leave out what they should."""
    x = np.random.default_rng(0).normal(size=(512, 1))
    y = 2 * x + 0.3 * np.random.default_rng(1).normal(size=x.shape)
    y[:64] = 1e3
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, kernel_initializer="zeros")])
    model.compile(keras.optimizers.Adam(0.05), loss=HeadLoss(Normal()))
    weights = np.r_[np.zeros(64), np.ones(448)]
    model.fit(x, y, sample_weight=weights, batch_size=64, epochs=20, verbose=0)
    expected = 0.5 * np.log(2 * np.pi * 0.3**2) + 0.5  # the entropy of the noise, in nats
    assert abs(model.evaluate(x[64:], y[64:], verbose=0) - expected) < 0.1
    # Where the weights are 0 there is no loss, and they do not count in the mean either.
    whole = model.test_on_batch(x, y, sample_weight=weights)
    np.testing.assert_allclose(whole, model.test_on_batch(x[64:], y[64:]), rtol=1e-4)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.loss.head == Normal()
    np.testing.assert_allclose(again.test_on_batch(x[64:], y[64:]), whole, rtol=1e-4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Normal(floor=0), "floor is 0"),
        (lambda: StudentT(floor=np.nan), "floor is nan"),
        (lambda: StudentT(floor="x"), "floor is 'x'"),
        (lambda: Quantiles((0.5,)), "expected at least two"),
        (lambda: Quantiles(0.5), "levels is 0.5"),
        (lambda: Quantiles((0.5, 0.1)), "expected rising"),
        (lambda: Quantiles((0.1, 0.1)), "expected rising"),
        (lambda: Quantiles((0.0, 0.5)), "a level is 0.0"),
        (lambda: Quantiles((0.1, "a")), "a level is 'a'"),
        (lambda: Normal().size(0), "features is 0"),
        (lambda: Normal().size(1.5), "features is 1.5"),
        (lambda: Normal().mean(np.zeros((2, 3))), "a multiple of 2"),
        (lambda: Normal().mean(np.float32(1)), "a multiple of 2"),
        (lambda: StudentT().loss(np.zeros((2, 2)), np.zeros((2, 3))), "y_true has shape"),
        (lambda: Normal().loss(np.zeros(2), np.zeros((2, 2))), "y_true has shape"),
        (lambda: Normal().quantile(np.zeros((2, 2)), 1), "level is 1"),
        (lambda: Normal().quantile(np.zeros((2, 2)), np.nan), "level is nan"),
        (lambda: StudentT().sample(np.zeros((2, 3)), np.zeros((2, 1))), "draws 2 for each"),
        (lambda: head_from({"name": "cauchy"}), "one of normal, student_t, quantiles"),
        (lambda: head_from("normal"), "expected a dict"),
        (lambda: head_from({"name": "normal", "flor": 1}), "no option 'flor'"),
    ],
)
def test_bad_input_gives_one_clear_line(wrong, message):
    with pytest.raises(InputError, match=message) as caught:
        wrong()
    assert "\n" not in str(caught.value)
