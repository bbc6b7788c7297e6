"""The sprites: their characters stay together, and splits by character share nothing."""

import itertools

import numpy as np
import pytest

from zoo.data import video
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


def test_clips_are_as_recorded():
    clips = video.sprites()
    assert len(clips) == 235
    assert {clip.action for clip in clips} == {"walk", "attack"}
    assert sum(clip.action == "attack" for clip in clips) == 69
    assert all(clip.frames.shape[1:] == (40, 40, 3) for clip in clips)
    assert {len(clip.frames) for clip in clips} == {4, 5, 6, 7, 8, 10}


def test_the_ground_is_white_and_every_frame_shows_something():
    for clip in video.sprites():
        rim = np.concatenate([clip.frames[:, 0], clip.frames[:, -1]], axis=1)
        assert np.median(rim) == 255, clip.path
        assert (clip.frames < 200).any((1, 2, 3)).all(), clip.path


def test_all_clips_of_a_character_are_in_one_fold():
    folds = {}
    for clip in video.sprites():
        folds.setdefault(clip.character, set()).add(clip.fold)
    assert all(len(found) == 1 for found in folds.values())
    assert {fold for found in folds.values() for fold in found} == set(range(1, 6))


def test_every_fold_has_a_character_that_walks_and_attacks():
    for fold in range(1, video.FOLDS + 1):
        found = {
            action: {c.character for c in video.sprites() if (c.fold, c.action) == (fold, action)}
            for action in ("walk", "attack")
        }
        assert found["walk"] & found["attack"]


def silhouettes(clip):
    return (clip.frames < 250).any(-1)


def test_figures_that_differ_in_colour_only_are_one_character():
    """Clips whose outlines are the same, frame by frame, never lie in two folds."""
    clips = [(clip, silhouettes(clip)) for clip in video.sprites()]
    for (a, shown), (b, other) in itertools.combinations(clips, 2):
        if a.fold == b.fold or shown.shape != other.shape:
            continue
        alike = (shown & other).sum() / (shown | other).sum()
        assert alike < 0.85, (a.path, b.path)


def test_colour_variants_have_the_same_outlines():
    red, gold = (
        next(c for c in video.sprites() if c.path == f"people/knight/{colour}/attack/c05a2-")
        for colour in ("red", "gold")
    )
    assert red.character == gold.character == "knight"
    assert (red.variant, gold.variant) == ("red", "gold")
    assert not np.array_equal(red.frames, gold.frames)
    agree = silhouettes(red) & silhouettes(gold)
    assert agree.sum() > 0.98 * silhouettes(red).sum()


@pytest.mark.parametrize("make", [video.actions, video.directions])
def test_no_clip_and_no_character_is_in_two_splits(make):
    where = {clip.frames.tobytes(): clip.character for clip in video.sprites()}
    assert len(where) == len(video.sprites())
    tested = []
    for fold in range(1, video.FOLDS + 1):
        splits = make(fold)
        characters = [{where[c.tobytes()] for c in clips} for clips, _ in splits.values()]
        assert all(not a & b for a, b in itertools.combinations(characters, 2))
        tested += [clip.tobytes() for clip in splits["test"][0]]
        assert len({tuple(sorted(set(labels))) for _, labels in splits.values()}) == 1
    assert len(tested) == len(set(tested)) == sum(len(of[1]) for of in make(1).values())


def test_directions_are_the_four_diagonals():
    labels = [label for _, of in video.directions().values() for label in of]
    assert set(labels) == set(video.DIAGONALS)
    assert len(labels) == 152


@pytest.mark.parametrize("fold", [0, 6, "1", 1.5, None])
def test_an_unknown_fold_is_refused(fold):
    with pytest.raises(InputError, match="expected a number from 1 to 5"):
        video.actions(fold)
