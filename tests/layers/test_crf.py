"""The CRF against enumeration of all tag sequences, on every backend."""

import itertools

import keras
import numpy as np
import pytest

from zoo.backends import compiled, value_and_gradients
from zoo.errors import InputError
from zoo.layers.crf import CRF, FORBIDDEN, bio_transitions, bmes_transitions

T, V = 4, 3

# One row of the batch for each kind of mask.
MASK = np.array(
    [
        [1, 1, 1, 1],  # no padding
        [1, 1, 0, 0],  # right
        [1, 0, 0, 0],
        [0, 0, 1, 1],  # left
        [0, 0, 0, 1],
        [1, 0, 1, 1],  # holes
        [0, 1, 0, 1],
        [1, 0, 0, 1],
        [0, 0, 0, 0],  # fully masked
    ],
    bool,
)
B = len(MASK)
LABELS = ["O", "B-LOC", "I-LOC"]


def to_numpy(x):
    return keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(x))


def likelihood(crf, *arguments):
    """`crf.log_likelihood` as one compiled call, which JAX runs sooner than one op at a time."""
    return to_numpy(compiled(crf.log_likelihood, crf.weights)(*arguments))


def decoded(crf, *arguments):
    """`crf.viterbi` likewise."""
    tags, scores = compiled(crf.viterbi, crf.weights)(*arguments)
    return to_numpy(tags), to_numpy(scores)


def build(seed=0, allowed=()):
    """A CRF with random weights, with random emissions and tags."""
    rng = np.random.default_rng(seed)
    crf = CRF(V, *allowed, name="crf")
    crf.build((None, None, V))
    for weight in crf.weights:
        weight.assign(rng.normal(size=weight.shape))
    emissions = rng.normal(size=(B, T, V)).astype("float32")
    return crf, emissions, rng.integers(0, V, (B, T)).astype("int32")


def potentials(crf):
    """transitions, start, end in float64, what is forbidden shut off."""
    pairs = [
        (crf.transitions, crf.transitions_allowed),
        (crf.start, crf.start_allowed),
        (crf.end, crf.end_allowed),
    ]
    return [
        np.where(True if allowed is None else allowed, to_numpy(w).astype("float64"), FORBIDDEN)
        for w, allowed in pairs
    ]


def path_score(potentials, emissions, path):
    """The score of a tag path over a row's real steps only: emissions (n, V), path of n tags."""
    transitions, start, end = potentials
    emitted = sum(e[y] for e, y in zip(emissions, path, strict=True))
    moved = sum(transitions[a, b] for a, b in itertools.pairwise(path))
    return start[path[0]] + emitted + moved + end[path[-1]]


def enumerate_row(potentials, emissions, mask):
    """Every path over the row's real steps with its score: {path: score}."""
    real = emissions[mask].astype("float64")
    paths = itertools.product(range(V), repeat=len(real))
    return {path: path_score(potentials, real, path) for path in paths}


def expected_log_likelihood(potentials, emissions, tags, mask):
    values = []
    for e, y, m in zip(emissions, tags, mask, strict=True):
        scores = enumerate_row(potentials, e, m) if m.any() else {(): 0.0}
        values.append(scores[tuple(y[m])] - np.logaddexp.reduce(list(scores.values())))
    return np.array(values)


@pytest.mark.parametrize("allowed", [(), bio_transitions(LABELS)], ids=["free", "bio"])
def test_log_likelihood_equals_enumeration_under_every_mask(allowed):
    crf, emissions, tags = build(allowed=allowed)
    expected = expected_log_likelihood(potentials(crf), emissions, tags, MASK)
    found = likelihood(crf, emissions, tags, MASK)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    padded = np.where(MASK, tags, -1)  # the mask may as well be read off the tags
    np.testing.assert_array_equal(likelihood(crf, emissions, padded), found)
    loss = crf.loss(padded, keras.ops.convert_to_tensor(emissions))
    np.testing.assert_array_equal(to_numpy(loss), -found)


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "every mask"])
def test_viterbi_equals_enumeration(mask):
    crf, emissions, _ = build(seed=1)
    tags, scores = decoded(crf, emissions, *([] if mask is None else [mask]))
    mask = np.ones((B, T), bool) if mask is None else mask
    assert tags.dtype == np.int32
    assert (tags[~mask] == 0).all()
    for b in range(B):
        paths = enumerate_row(potentials(crf), emissions[b], mask[b]) if mask[b].any() else {(): 0}
        best = max(paths, key=paths.get)
        assert tuple(tags[b][mask[b]]) == best
        np.testing.assert_allclose(scores[b], paths[best], rtol=1e-5, atol=1e-5)


def test_probabilities_of_all_sequences_sum_to_one():
    crf, emissions, _ = build()
    paths = np.array(list(itertools.product(range(V), repeat=T)), "int32")
    same = np.repeat(emissions[:1], len(paths), axis=0)
    np.testing.assert_allclose(np.exp(likelihood(crf, same, paths)).sum(), 1, 1e-5)


def test_masked_emissions_and_tags_do_not_matter():
    crf, emissions, tags = build()
    other = np.where(MASK[:, :, None], emissions, np.float32("nan"))
    for found, expected in [
        (likelihood(crf, other, tags, MASK), likelihood(crf, emissions, tags, MASK)),
        (decoded(crf, other, MASK)[0], decoded(crf, emissions, MASK)[0]),
    ]:
        np.testing.assert_array_equal(found, expected)


def test_compiled_decoding_takes_any_length():
    crf, _, _ = build()
    decode = compiled(lambda emissions: crf.viterbi(emissions)[0], crf.weights)
    for rows, steps in [(2, 5), (3, 1), (1, 7)]:
        emissions = np.random.default_rng(0).normal(size=(rows, steps, V)).astype("float32")
        found, eager = decode(emissions), crf.viterbi(emissions)[0]
        np.testing.assert_array_equal(to_numpy(found), to_numpy(eager))


def test_constraints_hold_against_any_emissions():
    allowed = bio_transitions(LABELS)
    crf, _, _ = build(allowed=allowed)
    emissions = 20 * np.random.default_rng(0).normal(size=(50, 6, V)).astype("float32")
    tags = decoded(crf, emissions)[0]
    assert allowed.start[tags[:, 0]].all()
    assert allowed.transitions[tags[:, :-1], tags[:, 1:]].all()
    assert not allowed.start[emissions[:, 0].argmax(-1)].all()  # the constraint had work to do
    paths = np.array(list(itertools.product(range(V), repeat=3)), "int32")
    legal = allowed.start[paths[:, 0]] & allowed.transitions[paths[:, :-1], paths[:, 1:]].all(1)
    same = np.repeat(emissions[:1, :3], len(paths), axis=0)
    p = np.exp(likelihood(crf, same, paths))
    assert (p[~legal] == 0).all()
    np.testing.assert_allclose(p[legal].sum(), 1, rtol=1e-4)


@pytest.mark.parametrize("allowed", [(), bio_transitions(LABELS)], ids=["free", "bio"])
def test_gradients_equal_central_differences_of_the_enumeration(allowed):
    crf, emissions, tags = build(allowed=allowed)
    tags = np.where(tags == 2, 1, tags)  # legal in both settings
    inputs = keras.Variable(emissions)
    _, gradients = value_and_gradients(
        lambda: keras.ops.sum(crf.log_likelihood(inputs, tags, MASK)), [*crf.weights, inputs]
    )
    arrays = [to_numpy(v).astype("float64") for v in [*crf.weights, inputs]]
    shut = [crf.transitions_allowed, crf.start_allowed, crf.end_allowed]

    def value(rows):
        free = zip(shut, arrays[:3], strict=True)
        weights = [np.where(True if a is None else a, w, FORBIDDEN) for a, w in free]
        found = expected_log_likelihood(weights, arrays[3][rows], tags[rows], MASK[rows])
        return found.sum()

    for array, gradient in zip(arrays, gradients, strict=True):
        expected = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            # An emission acts on its own row only.
            rows = slice(index[0], index[0] + 1) if array.ndim == 3 else slice(None)
            kept, values = array[index], []
            for step in (1e-5, -1e-5):
                array[index] = kept + step
                values.append(value(rows))
            array[index] = kept
            expected[index] = (values[0] - values[1]) / 2e-5
        np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


def tagger(masking=False):
    """A model over (B, T, 2) inputs that ends in a CRF, T free."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((None, 2))
    x = keras.layers.Masking()(inputs) if masking else inputs
    x = keras.layers.Dense(V)(x)
    return keras.Model(inputs, CRF(V, name="crf")(x))


def batch(steps=T):
    rng = np.random.default_rng(0)
    x, tags = rng.normal(size=(3, steps, 2)).astype("float32"), rng.integers(0, V, (3, steps))
    x[1, 2:], tags[1, 2:] = 0, -1
    return x, tags.astype("int32")


@pytest.mark.parametrize("masking", [False, True], ids=["no keras mask", "keras mask"])
def test_training_reaches_every_weight_and_lowers_the_loss(masking):
    model = tagger(masking)
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss=model.get_layer("crf").loss)
    before = [to_numpy(w).copy() for w in model.trainable_weights]
    x, tags = batch()
    first = float(model.train_on_batch(x, tags))
    crf = model.get_layer("crf")
    expected = -likelihood(crf, model(x), tags).mean()
    np.testing.assert_allclose(model.evaluate(x, tags, verbose=0), expected, rtol=1e-5)
    changed = [np.abs(to_numpy(w) - b).max() for w, b in zip(model.weights, before, strict=True)]
    assert min(changed) > 0
    assert float(model.train_on_batch(*batch(steps=6))) > 0  # another length, same model
    history = model.fit(x, tags, epochs=10, verbose=0).history["loss"]
    assert history[-1] < first


def test_training_under_jit_compile():
    model = tagger()
    crf = model.get_layer("crf")
    # torch has no compiler to ask for: there the loop over time is eager.
    jit = keras.backend.backend() != "torch"
    model.compile(optimizer="sgd", loss=crf.loss, jit_compile=jit)
    model.train_on_batch(*batch())
    assert np.abs(to_numpy(crf.transitions)).max() > 0


def test_saved_and_loaded_model_gives_the_same_and_says_how_to_train_on(tmp_path):
    inputs = keras.Input((None, 2))
    outputs = CRF(V, *bio_transitions(LABELS), name="crf")(keras.layers.Dense(V)(inputs))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss=model.get_layer("crf").loss)
    x, tags = batch()
    model.train_on_batch(x, tags)
    model.save(tmp_path / "tagger.keras")
    loaded = keras.saving.load_model(tmp_path / "tagger.keras")
    kept, crf = model.get_layer("crf"), loaded.get_layer("crf")
    for layer_model, layer in [(model, kept), (loaded, crf)]:
        assert to_numpy(layer.transitions).any()
        layer.result = decoded(layer, layer_model(x), tags >= 0)[0]
    np.testing.assert_array_equal(crf.result, kept.result)
    np.testing.assert_array_equal(crf.transitions_allowed, kept.transitions_allowed)
    with pytest.raises(InputError, match="compile again"):
        loaded.train_on_batch(x, tags)
    loaded.compile(optimizer="adam", loss=crf.loss)
    loaded.train_on_batch(x, tags)
    assert not np.array_equal(to_numpy(crf.transitions), to_numpy(kept.transitions))


def test_emissions_pass_through_unchanged_in_half_precision_too():
    crf, emissions, tags = build()
    half = keras.ops.cast(emissions, "float16")
    assert keras.backend.standardize_dtype(crf(half).dtype) == "float16"
    np.testing.assert_array_equal(to_numpy(crf(half)), emissions.astype("float16"))
    value = likelihood(crf, half, tags)
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, likelihood(crf, emissions, tags), rtol=1e-2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CRF(1), "expected an integer of at least 2"),
        (lambda: CRF(3, transitions_allowed=np.ones((2, 2))), r"expected \(3, 3\)"),
        (lambda: CRF(3, start_allowed=[True]), r"start_allowed has shape \(1,\)"),
        (lambda: CRF(3)(np.zeros((1, 2, 4), "float32")), r"end the network in Dense\(3\)"),
        (lambda: bio_transitions(["O", "E-LOC"]), "'E-LOC' is not of the scheme"),
        (lambda: bmes_transitions(["B-"]), "'B-' is not of the scheme"),
        (lambda: bmes_transitions([""]), "'' is not of the scheme"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("scheme", ["bio", "bmes"])
def test_schemes_allow_exactly_the_sequences_that_spell_spans(scheme):
    labels = {"bio": ["O", "B-a", "I-a", "B-b", "I-b"], "bmes": ["O", "B", "M", "E", "S"]}[scheme]
    allowed = {"bio": bio_transitions, "bmes": bmes_transitions}[scheme](labels)
    found = {
        path
        for path in itertools.product(range(5), repeat=4)
        if allowed.start[path[0]]
        and allowed.end[path[-1]]
        and all(allowed.transitions[pair] for pair in itertools.pairwise(path))
    }
    spans = {
        "bio": [(0,), *[(b,) + (b + 1,) * n for b in (1, 3) for n in range(4)]],
        "bmes": [(0,), (4,), *[(1,) + (2,) * n + (3,) for n in range(3)]],
    }[scheme]
    spelled = {
        sum(parts, ())
        for count in range(1, 5)
        for parts in itertools.product(spans, repeat=count)
        if sum(map(len, parts)) == 4
    }
    assert found == spelled
