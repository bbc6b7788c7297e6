"""Vectors of neighbouring tokens: which pair is read where, padding, gradients, saving."""

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from zoo.errors import InputError
from zoo.layers import PairEmbedding
from zoo.layers.pairs import SPREAD

TOKENS = np.array([[5, 7, 9, 7], [5, 7, 0, 0]], "int32")


def numbered(tokens, buckets=1000):
    """Each pair's bucket: the layer with the vector [k] in bucket k."""
    layer = PairEmbedding(buckets, 1)
    layer.build(tokens.shape)
    layer.vectors.assign(np.arange(buckets, dtype="float32")[:, None])
    return ops.convert_to_numpy(layer(tokens))


def test_each_token_has_the_pair_before_and_the_pair_behind_it():
    def bucket(a, b):
        return (a * SPREAD + b) % 1000

    expected = [[bucket(0, 5), bucket(5, 7)], [bucket(5, 7), bucket(7, 9)]]
    np.testing.assert_array_equal(numbered(TOKENS)[0, :2], expected)


def test_the_vectors_of_a_row_do_not_depend_on_its_padding():
    np.testing.assert_array_equal(numbered(TOKENS)[1, :2], numbered(TOKENS[1:, :2])[0])


def test_large_tokens_stay_within_the_buckets():
    found = numbered(np.array([[300_000, 299_999, 250_001]], "int32"))
    assert found.min() >= 0 and found.max() < 1000


def test_a_model_with_pairs_learns_their_vectors_and_is_saved(tmp_path):
    model = zoo.many_to_many_aligned(
        vocabulary=10, classes=3, units=4, direction="bidirectional", pairs=(50, 2), dropout=0.1
    )
    vectors = model.get_layer("pairs").vectors
    before = ops.convert_to_numpy(vectors)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.train_on_batch(TOKENS, TOKENS % 3)
    assert not np.array_equal(ops.convert_to_numpy(vectors), before)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        again.predict_on_batch(TOKENS), model.predict_on_batch(TOKENS), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(vocabulary=9, pairs=(50, 2)), "as a pair looks ahead"),
        (dict(features=3, direction="bidirectional", pairs=(50, 2)), "expected a model of tokens"),
        (dict(vocabulary=9, direction="bidirectional", pairs=(0, 2)), "buckets is 0"),
        (dict(vocabulary=9, direction="bidirectional", pairs=(50, 0)), "units is 0"),
    ],
)
def test_unusable_pairs_are_errors(options, words):
    with pytest.raises(InputError, match=words):
        zoo.many_to_many_aligned(classes=3, **options)


@pytest.mark.parametrize("buckets", [7, 1_000, 30_011])
def test_small_numbers_choose_the_same_bucket(buckets):
    tokens = np.array([[1, 127, 128, 4_000, 31_999, 5]], "int32")
    before = np.array([0, *tokens[0, :-1]], "int64")
    expected = (before * SPREAD + tokens[0]) % buckets
    np.testing.assert_array_equal(numbered(tokens, buckets)[0, :, 0], expected)
