"""Captions: pictures that vary in training, and a model of a user's own pictures."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from zoo import registry
from zoo.data import images
from zoo.tasks import write

RECIPE = registry.recipe("emoji_caption")
ROWS = RECIPE.load()["train"][:12]


def test_own_pictures_are_trained_on_evaluated_and_captioned(zoo, tmp_path):
    lines = ["path,text"]
    for k, (picture, name) in enumerate(ROWS):
        Image.fromarray(picture).resize((40, 40)).save(tmp_path / f"{k}.png")
        lines.append(f"{k}.png,{name}")
    mine, out = tmp_path / "captions.csv", tmp_path / "run"
    mine.write_text("\n".join(lines), "utf-8")
    train = ("train", "emoji_caption", "--data", mine, "--units", 8, "--epochs", 1, "--out", out)
    status, output, _ = zoo(*train, "--json")
    card = json.loads(output)
    assert status == 0
    assert (card["data"]["name"], card["metric"]) == ("captions.csv", "exact match")
    assert set(card["scores"]) == {"exact match", "BLEU"}
    row = json.loads(zoo("evaluate", out, "--json")[1])
    assert row["value"] == pytest.approx(card["value"])
    rows = json.loads(zoo("predict", out, tmp_path / "0.png", tmp_path / "1.png", "--json")[1])
    assert len(rows) == 2 and all(isinstance(row["output"], str) for row in rows)


def first_pictures(fit, **options):
    spec = write.specify({"train": ROWS}, fit)
    return next(iter(write.batches(ROWS, spec, fit, **options)))[0][0]


def test_training_pictures_vary_by_epoch_and_others_never():
    varied = replace(RECIPE.fit, batch_size=12, shift=2, zoom=0.1, boundaries=(16,))
    still = replace(varied, shift=0, zoom=0.0)
    assert np.array_equal(first_pictures(varied), first_pictures(varied))
    assert not np.array_equal(first_pictures(varied), first_pictures(still))
    kept = [first_pictures(fit, shuffle=False) for fit in (varied, still)]
    assert np.array_equal(*kept)


def test_a_picture_is_moved_over_white_and_scaled_about_its_middle():
    class Fixed:
        """Draws the highest value each time."""

        def uniform(self, low, high, size):
            return np.full(size, high)

    picture = np.ones((1, 5, 5, 3), "float32")
    picture[0, 2, 2] = 0
    moved = images.jittered(picture, Fixed(), shift=1)
    assert moved[0, 1, 1].max() == 0 and moved.sum() == picture.sum()
    half = images.jittered(picture, Fixed(), shift=0.5)
    assert half[0, 1:3, 1:3] == pytest.approx(0.75)
    assert images.jittered(picture, Fixed(), zoom=0.5)[0, 2, 2].max() == 0
    assert np.array_equal(images.jittered(picture, Fixed(), shift=0), picture)
