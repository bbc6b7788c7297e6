"""One matrix that embeds tokens and turns vectors into logits."""

import keras
import numpy as np
from keras import ops

from zoo.layers import TiedEmbedding
from zoo.models.many_to_many_delayed import many_to_many_delayed


def test_logits_are_products_with_the_vectors_of_the_tokens():
    layer = TiedEmbedding(7, 3)
    vectors = ops.convert_to_numpy(layer(np.arange(7)[None]))[0]  # V F
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    logits = ops.convert_to_numpy(layer(x, reverse=True))
    np.testing.assert_allclose(logits, x @ vectors.T, rtol=1e-5, atol=1e-6)


def test_a_tied_decoder_has_one_matrix_and_survives_its_file(tmp_path):
    options = dict(source_vocabulary=9, target_vocabulary=11, units=4, embedding=5)
    plain, tied = (many_to_many_delayed(**options, tied=tied) for tied in (False, True))
    matrices = [w for w in tied.get_layer("decoder").weights if 11 in w.shape]
    assert [tuple(w.shape) for w in matrices] == [(11, 5), (11,)]
    assert tied.count_params() < plain.count_params()
    x = [np.array([[5, 6, 3, 0]]), np.array([[2, 7, 8]])]
    before = tied.predict_on_batch(x)
    tied.save(tmp_path / "tied.keras")
    again = keras.models.load_model(tmp_path / "tied.keras")
    np.testing.assert_allclose(again.predict_on_batch(x), before, rtol=1e-5, atol=1e-6)
