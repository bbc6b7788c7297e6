"""Masks from padding and from lengths, one-hot vectors; and through a saved model."""

import keras
import numpy as np
from keras import ops

from zoo.layers import LengthMask, OneHot, PaddingMask

TOKENS = np.array([[5, 1, 2, 0], [0, 0, 7, 9], [3, 0, 4, 0], [0, 0, 0, 0]], "int32")


def test_padding_mask_is_true_at_real_tokens_wherever_they_stand():
    mask = ops.convert_to_numpy(PaddingMask()(TOKENS))
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, TOKENS > 0)


def test_length_mask_is_true_up_to_each_length():
    x, lengths = np.zeros((4, 3, 2), "float32"), np.array([0, 1, 3, 9], "int32")
    mask = ops.convert_to_numpy(LengthMask()(x, lengths))
    assert mask.dtype == bool
    expected = [[0, 0, 0], [1, 0, 0], [1, 1, 1], [1, 1, 1]]
    np.testing.assert_array_equal(mask, np.array(expected, bool))


def test_length_mask_takes_lengths_of_any_number_type():
    x = np.zeros((2, 3, 2), "float32")
    for kind in ("int64", "float32", "uint8"):
        mask = ops.convert_to_numpy(LengthMask()(x, np.array([1, 2], kind)))
        np.testing.assert_array_equal(mask, [[True, False, False], [True, True, False]])


def test_length_mask_reads_frames_too():
    mask = ops.convert_to_numpy(LengthMask()(np.zeros((1, 2, 4, 4, 3), "float32"), np.array([1])))
    np.testing.assert_array_equal(mask, [[True, False]])


def test_one_hot_has_a_one_at_the_token():
    vectors = ops.convert_to_numpy(OneHot(10)(TOKENS))
    assert vectors.shape == (4, 4, 10)
    np.testing.assert_array_equal(vectors.argmax(-1), TOKENS)
    np.testing.assert_array_equal(vectors.sum(-1), np.ones((4, 4)))


def test_all_three_are_saved_with_a_model_of_any_length(tmp_path):
    tokens = keras.Input((None,), dtype="int32")
    lengths = keras.Input((), dtype="int32")
    vectors = OneHot(10)(tokens)
    outputs = [vectors, PaddingMask()(tokens), LengthMask()(vectors, lengths)]
    model = keras.Model([tokens, lengths], outputs)
    assert [tuple(o.shape) for o in model.outputs] == [(None, None, 10), (None, None), (None, None)]
    model.save(tmp_path / "masks.keras")
    again = keras.models.load_model(tmp_path / "masks.keras")
    batch = [TOKENS, np.array([0, 1, 2, 4], "int32")]
    for found, expected in zip(
        again.predict_on_batch(batch), model.predict_on_batch(batch), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
