"""Attention against its equations in NumPy, with every mask, on every backend."""

import keras
import numpy as np
import pytest

from zoo.backends import value_and_gradients
from zoo.errors import InputError
from zoo.layers.attention import ATTENTION, AdditiveAttention, ScaledDotAttention
from zoo.layers.projected import Projected, Projecting

TQ, TM, Q, M, UNITS = 2, 4, 5, 6, 7

# One row of the batch for each kind of mask.
MASK = np.array(
    [
        [1, 1, 1, 1],  # no padding
        [1, 1, 0, 0],  # right
        [0, 0, 0, 1],  # left
        [0, 1, 0, 1],  # holes
        [0, 0, 0, 0],  # fully masked
    ],
    bool,
)
B = len(MASK)
KINDS = {
    "additive": (lambda **kw: AdditiveAttention(UNITS, **kw), Q),
    "dot": (lambda **kw: ScaledDotAttention(UNITS, **kw), Q),
    "dot without projections": (lambda **kw: ScaledDotAttention(**kw), M),
}


def to_numpy(x):
    return keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(x))


def problem(kind, **kwargs):
    """A built layer with a query and a memory."""
    rng = np.random.default_rng(0)
    make, size = KINDS[kind]
    query = rng.normal(size=(B, TQ, size)).astype("float32")
    memory = rng.normal(size=(B, TM, M)).astype("float32")
    layer = make(**kwargs)
    layer.build(query.shape, memory.shape)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer, query, memory


def equations(layer, query, memory, mask):
    """One query step at a time, the softmax over the real memory steps alone."""
    w = {v.name: to_numpy(v).astype("float64") for v in layer.weights}
    value = memory @ w["value_kernel"] if "value_kernel" in w else memory.astype("float64")
    context, weights = np.zeros((B, TQ, value.shape[2])), np.zeros((B, TQ, TM))
    for b, t in np.ndindex(B, TQ):
        real = np.arange(TM) if mask is None else np.flatnonzero(mask[b])
        if len(real) == 0:
            continue
        if "score_kernel" in w:
            hidden = np.tanh(query[b, t] @ w["query_kernel"] + memory[b, real] @ w["memory_kernel"])
            scores = hidden @ w["score_kernel"][:, 0]
        else:
            q = query[b, t] @ w.get("query_kernel", np.eye(query.shape[2]))
            k = memory[b, real] @ w.get("key_kernel", np.eye(M))
            scores = k @ q / np.sqrt(len(q))
        p = np.exp(scores - scores.max())
        weights[b, t, real] = p / p.sum()
        context[b, t] = weights[b, t] @ value[b]
    return context, weights


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "every mask"])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_the_equations(kind, mask):
    layer, query, memory = problem(kind)
    context, weights = (to_numpy(r) for r in layer(query, memory, memory_mask=mask))
    expected = equations(layer, query, memory, mask)
    np.testing.assert_allclose(context, expected[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(weights, expected[1], rtol=1e-4, atol=1e-6)
    if mask is not None:
        assert (weights[np.broadcast_to(~mask[:, None], weights.shape)] == 0).all()
        assert (context[~mask.any(axis=1)] == 0).all()


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "every mask"])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_finite_and_none_reaches_masked_memory(kind, mask):
    layer, query, memory = problem(kind)
    query, memory = keras.Variable(query), keras.Variable(memory)

    def loss():
        context, weights = layer(query.value, memory.value, memory_mask=mask)
        return keras.ops.sum(keras.ops.square(context)) + keras.ops.sum(keras.ops.square(weights))

    _, gradients = value_and_gradients(loss, [*layer.weights, query, memory])
    assert all(np.isfinite(g).all() for g in gradients)
    assert all(np.abs(g).max() > 0 for g in gradients)
    if mask is not None:
        assert (gradients[-1][~mask] == 0).all()
        assert (gradients[-2][~mask.any(axis=1)] == 0).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16"])
@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_is_close_and_finite_under_large_scores(kind, dtype):
    layer, query, memory = problem(kind)
    half, _, _ = problem(kind, dtype=dtype)
    expected = layer(query, memory, memory_mask=MASK)
    for found, exact in zip(half(query, memory, memory_mask=MASK), expected, strict=True):
        assert keras.backend.standardize_dtype(found.dtype) == half.compute_dtype
        found = to_numpy(keras.ops.cast(found, "float32"))
        np.testing.assert_allclose(found, to_numpy(exact), atol=0.15)
    _, weights = half(query * 50, memory * 50, memory_mask=MASK)
    weights = to_numpy(keras.ops.cast(weights, "float32"))
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(weights[0].sum(-1), 1, atol=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_functional_model_with_free_lengths_survives_saving(kind, tmp_path):
    make, size = KINDS[kind]
    query, memory = keras.Input((None, size)), keras.Input((None, M))
    mask = keras.Input((None,), dtype="bool")
    context, weights = make()(query, memory, memory_mask=mask)
    assert weights.shape == (None, None, None)
    assert context.shape == (None, None, UNITS if kind == "dot" else M)
    model = keras.Model([query, memory, mask], [context, weights])
    model.save(tmp_path / "attention.keras")
    loaded = keras.saving.load_model(tmp_path / "attention.keras")
    _, q, m = problem(kind)
    inputs = [q, m, MASK]
    for found, expected in zip(loaded(inputs), model(inputs), strict=True):
        np.testing.assert_allclose(to_numpy(found), to_numpy(expected), rtol=1e-6)
    assert loaded.layers[-1].get_config()["units"] == model.layers[-1].units


def test_masks_that_keras_carries_are_used():
    layer, query, memory = problem("additive")
    memory[1, 2:] = 0
    masked = keras.layers.Masking()(memory)
    _, weights = layer(query, masked)
    assert (to_numpy(weights)[1, :, 2:] == 0).all()


def test_table_names_the_two_kinds():
    for name, layer in ATTENTION.items():
        context, _ = layer(UNITS, name=name)(np.ones((1, 1, 2)), np.ones((1, 3, 2)))
        assert context.shape[:2] == (1, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AdditiveAttention(None), "units is None"),
        (lambda: ScaledDotAttention(0), "units is 0"),
        (lambda: ScaledDotAttention()(np.ones((1, 1, 2)), np.ones((1, 1, 3))), "give units"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("kind", KINDS)
def test_a_memory_projected_once_is_attended_as_the_memory(kind):
    layer, query, memory = problem(kind)
    expected = [to_numpy(v) for v in layer(query, memory, memory_mask=MASK)]
    found = layer.attend(query, layer.project(memory), MASK)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(to_numpy(a), b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ATTENTION)
def test_each_half_is_saved_with_its_attention(kind, tmp_path):
    attention = ATTENTION[kind](4)
    query, memory = keras.Input((None, 5)), keras.Input((None, 3))
    whole = keras.Model([query, memory], attention(query, memory))
    ready = Projecting(attention)(memory)
    given = keras.Input(ready.shape[1:])
    halves = {
        "first": keras.Model(memory, ready),
        "second": keras.Model([query, given], Projected(attention)(query, given)),
    }
    for name, half in halves.items():
        half.save(tmp_path / f"{name}.keras")
    first, second = (keras.models.load_model(tmp_path / f"{name}.keras") for name in halves)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 4, 5)).astype("float32")
    m = rng.normal(size=(2, 6, 3)).astype("float32")
    found = second.predict_on_batch([x, first.predict_on_batch(m)])
    for one, other in zip(found, whole.predict_on_batch([x, m]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
