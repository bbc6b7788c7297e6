"""Models of many tokens begin with the frequencies of their tokens."""

import numpy as np
import pytest
from keras import ops

from zoo.models.language_model import language_model
from zoo.models.many_to_many_delayed import many_to_many_delayed
from zoo.tasks.beginning import know_frequencies, logits_bias

V = 7
TOKENS = np.array([4, 4, 4, 5, 6])


@pytest.mark.parametrize("tied", [False, True])
def test_a_decoder_with_or_without_logits_of_its_own_begins_with_them(tied):
    sizes = dict(source_vocabulary=5, target_vocabulary=V, units=3, embedding=3)
    decoder = many_to_many_delayed(**sizes, tied=tied).get_layer("decoder")
    know_frequencies(logits_bias(decoder), TOKENS)
    assert ops.convert_to_numpy(logits_bias(decoder)).argmax() == 4


def test_a_new_language_model_foresees_each_token_as_often_as_it_comes():
    model = language_model(vocabulary=V, embedding=3, units=3)
    model.get_layer("embedding").embeddings.assign(np.zeros((V, 3), "float32"))
    know_frequencies(logits_bias(model), TOKENS)
    shares = np.exp(ops.convert_to_numpy(model(np.array([[4, 5]], "int32"))))[0]
    np.testing.assert_allclose(shares[:, 4:], np.tile([3.1, 1.1, 1.1], (2, 1)) / 5.7, rtol=1e-5)
