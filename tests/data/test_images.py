"""Digits, and the reader for the user's pictures."""

import numpy as np
import pytest
from PIL import Image

from zoo.data import images
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


@pytest.fixture
def red(tmp_path):
    path = tmp_path / "red.png"
    Image.new("RGB", (10, 20), (255, 0, 0)).save(path)
    return path


def test_digits_are_in_unit_range_and_the_last_360_are_the_test():
    splits = images.digits()
    assert [len(labels) for _, labels in splits.values()] == [1257, 180, 360]
    everything = np.concatenate([pictures for pictures, _ in splits.values()])
    assert everything.dtype == np.float32
    assert (everything.min(), everything.max()) == (0.0, 1.0)


def test_a_test_emoji_concept_was_seen_in_training_with_another_combination():
    names = {name for name in images.emoji()["train"][1] if "firefighter" in name}
    held_out = {name for name in images.emoji()["test"][1] if "firefighter" in name}
    assert names and held_out and not names & held_out


def test_another_size_is_scaled_and_strict_refuses_it(red):
    image = images.read_image(red, size=8, channels=3)
    assert image.shape == (8, 8, 3) and image.dtype == np.float32
    np.testing.assert_allclose(image[4, 4], [1.0, 0.0, 0.0])
    with pytest.raises(InputError, match="10 x 20 pixels; expected 8 x 8"):
        images.read_image(red, size=8, strict=True)


def test_grey_has_one_channel_and_transparent_is_white(tmp_path):
    path = tmp_path / "clear.png"
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(path)
    image = images.read_image(path, size=8, channels=1)
    assert image.shape == (8, 8, 1) and image.min() == 1.0


def test_missing_file_other_file_and_channels_are_named(tmp_path, red):
    with pytest.raises(InputError, match="no file"):
        images.read_image(tmp_path / "none.png", size=8)
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(InputError, match=r"text\.png.*not a readable picture"):
        images.read_image(tmp_path / "text.png", size=8)
    with pytest.raises(InputError, match="not a readable picture"):
        images.read_image(tmp_path, size=8)
    with pytest.raises(InputError, match="channels=2"):
        images.read_image(red, size=8, channels=2)


def test_a_truncated_picture_is_refused(tmp_path):
    whole = tmp_path / "whole.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), "uint8")).save(whole)
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole.read_bytes()[:2000])
    with pytest.raises(InputError, match="not a readable picture"):
        images.read_image(cut, size=8)
