"""Clips in, labels out: what the model sees of a clip, and folders of one's own."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo import predictor, registry
from zoo.data import video
from zoo.errors import InputError
from zoo.tasks import video_label

sys.path.insert(0, str(Path(__file__).parent / "data"))
from test_class_folders import write_clip, write_clips, write_digits

FIT = registry.recipe("sprite_video").fit
KNIGHTS = [c for c in video.sprites() if c.path.endswith("attack/c05a2-")]


def spec(**fit):
    changed = replace(FIT, **fit)
    data = {"train": ([c.frames for c in KNIGHTS], ["attack", "walk", "attack", "walk"])}
    return video_label.specify(data, changed)


def test_what_is_seen_of_a_clip_has_its_channels_at_the_size_asked_for():
    wide = spec(channels=("colour", "grey", "shape", "change", "drift"), shrink=2)
    seen = video_label.inputs(KNIGHTS[0].frames, wide)
    assert seen.shape == (6, 20, 20, 7) and seen.dtype == "float32"
    assert video_label.sizes(wide)["frames"] == (20, 20, 7)
    assert seen[..., :4].min() >= 0 and seen.max() <= 1
    assert not seen[0, ..., 5:].any() and seen[1:, ..., 5:].any()
    assert not seen[:, 0, 0].any()  # white is 0
    np.testing.assert_array_equal(seen[1, ..., 5], seen[1, ..., 6])


def test_a_shape_is_the_same_whatever_its_colour():
    seen = [video_label.inputs(clip.frames, spec(channels=("shape", "change"))) for clip in KNIGHTS]
    grey = [video_label.inputs(clip.frames, spec(channels=("grey",))) for clip in KNIGHTS]
    assert max(np.abs(x - seen[0]).max() for x in seen) < 0.3
    assert max(np.abs(x - seen[0]).mean() for x in seen) < 0.001
    assert max(np.abs(x - grey[0]).mean() for x in grey) > 0.002


def test_how_long_a_clip_is_cannot_be_seen():
    """In training, stretches of long and of short clips have the same lengths."""
    random = np.random.default_rng(0)
    lengths = {
        count: {
            len(
                video_label.varied(np.zeros((count, 4, 4, 3), "uint8"), "a", spec(), FIT, random)[0]
            )
            for _ in range(60)
        }
        for count in (5, 6, 10, 30)
    }
    assert set(map(frozenset, lengths.values())) == {frozenset({3, 4, 5})}


def test_what_is_moved_stays_on_white_and_what_is_turned_has_its_label():
    frames = np.full((1, 6, 6, 3), 255, "uint8")
    frames[0, 2, 3] = 0
    moved = video_label.moved(frames, np.array([2, -1]))
    assert np.argwhere((moved == 0).all(-1)).tolist() == [[0, 4, 2]]
    assert (moved == 255).sum() == frames.size - 3
    fit = replace(FIT, shift=0, mirror=(("SW", "SE"),))
    random = np.random.default_rng(0)
    for label, others in {"SW": {"SW", "SE"}, "SE": {"SW", "SE"}, "mine": {"mine"}}.items():
        found = [video_label.varied(frames, label, spec(), fit, random) for _ in range(20)]
        assert {answer for _, answer in found} == others
        for seen, answer in found:
            column = int(np.argwhere((seen[0] == 0).all(-1))[0, 1])
            assert column == (3 if answer == label else 2)


def test_a_clip_is_read_in_stretches_that_cover_it():
    clip = np.arange(100)
    assert [part.tolist() for part in video_label.stretches(clip[:6], 5)] == [
        [0, 1, 2, 3, 4],
        [1, 2, 3, 4, 5],
    ]
    assert [part.tolist() for part in video_label.stretches(clip[:2], 5)] == [[0, 1]]
    many = video_label.stretches(clip, 5)
    assert len(many) == video_label.STRETCHES
    assert (many[0][0], many[-1][-1]) == (0, 99)


def test_classes_weigh_the_same_in_training():
    split = ([c.frames for c in KNIGHTS], ["attack", "walk", "walk", "walk"])
    fit = replace(FIT, batch_size=4)
    ((_, y, weights),) = video_label.batches(split, spec(), fit)
    assert weights[y == 0].sum() == pytest.approx(weights[y == 1].sum())
    ((_, _, weights),) = video_label.batches(split, spec(), fit, shuffle=False)
    assert weights.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "clip",
    [
        np.zeros((0, 40, 40, 3), "uint8"),
        np.zeros((5, 40, 40), "uint8"),
        np.zeros((5, 32, 40, 3), "uint8"),
        np.zeros((5, 40, 40, 3), "float32"),
        [[1, 2]],
    ],
)
def test_other_clips_than_the_model_takes_are_refused(clip):
    with pytest.raises(InputError, match=r"clip 1 is .*expected uint8 \(T, 40, 40, 3\)"):
        video_label.check([clip], spec())


def test_own_clips_are_trained_on_evaluated_and_predicted(zoo, tmp_path):
    folder, out = write_clips(tmp_path / "clips", each=4, frames=4), tmp_path / "run"
    train = ["train", "sprite_video", "--data", folder, "--units", 4, "--epochs", 2, "--out", out]
    status, output, errors = zoo(*train, "--json")
    assert status == 0, errors
    card = json.loads(output)
    assert (card["data"]["name"], card["metric"]) == ("clips", "balanced accuracy")
    assert {row["truth"] for row in card["examples"]} <= {"walk", "attack"}
    row = json.loads(zoo("evaluate", out, "--json")[1])
    assert row["value"] == pytest.approx(card["value"])
    clip = video.sprites()[20].frames
    write_clip(tmp_path / "new", clip)
    first, *others = map(Image.fromarray, clip)
    first.save(tmp_path / "new.gif", save_all=True, append_images=others)
    rows = json.loads(zoo("predict", out, tmp_path / "new", tmp_path / "new.gif", "--json")[1])
    assert [row["input"] for row in rows] == [str(tmp_path / "new"), str(tmp_path / "new.gif")]
    assert {row["output"] for row in rows} <= {"walk", "attack"}
    loaded = predictor.load(out)
    again = loaded(str(tmp_path / "new"))
    assert again["probabilities"] == pytest.approx(rows[0]["probabilities"], abs=1e-5)
    assert loaded(clip)["probabilities"] == again["probabilities"]
    assert len(loaded([clip, clip[:2]])) == 2


def test_own_pictures_are_trained_on_evaluated_and_predicted(zoo, tmp_path):
    folder, out = write_digits(tmp_path / "signs", each=10), tmp_path / "run"
    train = ["train", "digits", "--data", folder, "--units", 4, "--epochs", 2, "--out", out]
    status, output, errors = zoo(*train, "--json")
    assert status == 0, errors
    card = json.loads(output)
    row = json.loads(zoo("evaluate", out, "--json")[1])
    assert row["value"] == pytest.approx(card["value"])
    picture = next((folder / "3").iterdir())
    rows = json.loads(zoo("predict", out, picture, "--json")[1])
    assert rows[0]["output"] in ("3", "7")
    assert set(rows[0]["probabilities"]) == {"3", "7"}


def test_a_fold_is_chosen_for_the_sprites_only(zoo, tmp_path):
    status, _, errors = zoo("train", "sprite_video", "--fold", 7, "--out", tmp_path / "run")
    assert status == 2 and "expected a number from 1 to 5" in errors
    status, _, errors = zoo("train", "vowels", "--fold", 1, "--out", tmp_path / "run")
    assert status == 2 and "takes no --fold" in errors
