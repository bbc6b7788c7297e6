"""A folder for each class: clips and pictures of one's own, and what is wrong with them."""

import numpy as np
import pytest
from PIL import Image

from zoo.data import images, video
from zoo.data.class_folders import natural
from zoo.data.clip_files import read_clip, read_labelled_clips
from zoo.data.image_folders import read_labelled_images
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


def write_clip(folder, frames):
    """A clip as a folder of PNG files."""
    folder.mkdir(parents=True)
    for k, frame in enumerate(frames, 1):
        Image.fromarray(frame).save(folder / f"f{k}.png")
    return folder


def write_clips(folder, each=3, frames=2):
    """A few real clips of both actions as folders of frames."""
    for action in ("walk", "attack"):
        chosen = [c for c in video.sprites() if c.action == action][:each]
        for k, clip in enumerate(chosen):
            write_clip(folder / action / f"clip{k}", clip.frames[:frames])
    return folder


def write_digits(folder, each=6):
    """A few real digits, dark on light and larger than they were, as PNG files."""
    pictures, labels = images.digits()["train"]
    for label in (3, 7):
        (folder / str(label)).mkdir(parents=True)
        for k in np.flatnonzero(labels == label)[:each]:
            ink = (255 * (1 - pictures[k])).astype("uint8")
            Image.fromarray(ink).resize((24, 24), 0).save(folder / str(label) / f"{k}.png")
    return folder


def test_clips_are_read_as_they_were_and_divided_by_class(tmp_path):
    folder = write_clips(tmp_path / "clips", each=6)
    splits = read_labelled_clips(folder, 40)
    assert {name: len(labels) for name, (_, labels) in splits.items()} == {
        "train": 8,
        "validation": 2,
        "test": 2,
    }
    real = {clip.frames[:2].tobytes() for clip in video.sprites()}
    read = [clip.tobytes() for clips, _ in splits.values() for clip in clips]
    assert len(set(read)) == 12 and set(read) <= real
    again = read_labelled_clips(folder, 40)
    assert [labels for _, labels in again.values()] == [labels for _, labels in splits.values()]


def test_given_splits_are_kept_and_a_missing_validation_is_drawn(tmp_path):
    for split in ("train", "test"):
        write_clips(tmp_path / split, each=3)
    splits = read_labelled_clips(tmp_path, 40)
    assert [len(labels) for _, labels in splits.values()] == [4, 2, 6]
    write_clips(tmp_path / "validation", each=1)
    splits = read_labelled_clips(tmp_path, 40)
    assert [len(labels) for _, labels in splits.values()] == [6, 2, 6]
    (tmp_path / "validation").rename(tmp_path / "val")
    with pytest.raises(InputError, match=r"val' would be left out, expected train, validation, te"):
        read_labelled_clips(tmp_path, 40)


def test_frames_are_in_the_order_of_their_numbers(tmp_path):
    frames = [np.full((4, 4, 3), 20 * k, "uint8") for k in range(12)]
    clip = read_clip(write_clip(tmp_path / "clip", frames), 4)
    assert clip[:, 0, 0, 0].tolist() == [20 * k for k in range(12)]
    assert natural(tmp_path / "Frame9.PNG") < natural(tmp_path / "frame10.png")


def test_a_frame_keeps_its_proportions_on_white(tmp_path):
    wide = np.zeros((10, 40, 3), "uint8")
    clip = read_clip(write_clip(tmp_path / "clip", [wide]), 20)
    assert clip.shape == (1, 20, 20, 3)
    dark = np.flatnonzero((clip[0] == 0).all((1, 2)))
    assert dark.tolist() == [7, 8, 9, 10, 11] or dark.tolist() == [8, 9, 10, 11, 12]
    assert (clip[0, [0, -1]] == 255).all()


def test_an_animated_gif_is_a_clip(tmp_path):
    frames = [Image.fromarray(frame) for frame in video.sprites()[0].frames]
    frames[0].save(tmp_path / "duck.gif", save_all=True, append_images=frames[1:])
    clip = read_clip(tmp_path / "duck.gif", 40)
    assert clip.shape == video.sprites()[0].frames.shape
    assert np.abs(clip.astype(int) - video.sprites()[0].frames).mean() < 3


def test_pictures_are_read_grey_and_light_on_dark(tmp_path):
    splits = read_labelled_images(write_digits(tmp_path / "digits"), size=8, channels=1)
    assert [len(x) for x, _ in splits.values()] == [8, 2, 2]
    pictures, labels = splits["train"]
    assert pictures.shape == (8, 8, 8) and pictures.dtype == "float32"
    assert set(labels.tolist()) == {"3", "7"}
    assert pictures[:, 0, 0].max() < 0.1 and pictures.max() > 0.9
    colour, _ = read_labelled_images(tmp_path / "digits", size=8)["train"]
    assert colour.shape == (8, 8, 8, 3) and colour.max() == 1.0


def broken(folder, kind):
    """A folder of clips with one thing wrong."""
    write_clips(folder)
    clip = folder / "walk" / "clip1"
    if kind == "missing":
        return folder / "nowhere"
    if kind == "a file":
        return clip / "f1.png"
    if kind == "no classes":
        return clip
    if kind == "one class":
        for path in sorted(folder.rglob("attack/**/*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (folder / "attack").rmdir()
    if kind == "empty class":
        (folder / "jump").mkdir()
    if kind == "two clips":
        for path in clip.iterdir():
            path.unlink()
        clip.rmdir()
    if kind == "empty clip":
        (folder / "walk" / "clip9").mkdir()
    if kind == "hidden only":
        (folder / "walk" / "clip9").mkdir()
        (folder / "walk" / "clip9" / ".DS_Store").write_bytes(b"x")
    if kind == "no picture":
        (clip / "f2.png").write_bytes(b"not a picture")
    if kind == "cut short":
        whole = (clip / "f2.png").read_bytes()
        (clip / "f2.png").write_bytes(whole[: len(whole) // 2])
    if kind == "text among frames":
        (clip / "notes.txt").write_text("hello")
    if kind == "text among clips":
        (folder / "walk" / "notes.txt").write_text("hello")
    if kind == "other size":
        Image.new("RGB", (30, 20)).save(clip / "f3.png")
    return folder


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", ("nowhere", "does not exist", "a folder for each class")),
        ("a file", ("f1.png", "is a file")),
        ("no classes", ("0 folder(s)", "two or more")),
        ("one class", ("1 folder(s) ('walk')", "two or more")),
        ("empty class", ("jump", "is empty", "add some")),
        ("two clips", ("walk", "2 clip(s)", "3 or more")),
        ("empty clip", ("clip9", "is empty")),
        ("hidden only", ("clip9", "is empty")),
        ("no picture", ("f2.png", "not a readable picture")),
        ("cut short", ("f2.png", "not a readable picture")),
        ("text among frames", ("notes.txt", "is no picture", "move it away")),
        ("text among clips", ("notes.txt", "is no clip", "move it away")),
        ("other size", ("f3.png", "30 x 20 pixels", "40 x 40 pixels", "crop or pad")),
    ],
)
def test_what_is_wrong_with_clips_is_one_line(kind, words, tmp_path):
    with pytest.raises(InputError) as error:
        read_labelled_clips(broken(tmp_path / "clips", kind), 40)
    assert "\n" not in str(error.value)
    assert all(word in str(error.value) for word in words), error.value


def test_a_test_class_that_training_lacks_is_refused(tmp_path):
    for split in ("train", "test"):
        write_clips(tmp_path / split)
    (tmp_path / "test" / "walk").rename(tmp_path / "test" / "jump")
    with pytest.raises(InputError, match=r"jump.*is a class that .*train' has not"):
        read_labelled_clips(tmp_path, 40)


def test_too_many_frames_and_missing_clips_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"no clip .*nowhere"):
        read_clip(tmp_path / "nowhere", 40)
    monkeypatch.setattr("zoo.data.clip_files.LONGEST", 3)
    with pytest.raises(InputError, match="4 frames, expected 3 at most"):
        read_clip(write_clip(tmp_path / "clip", video.sprites()[0].frames), 40)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("notes.txt", b"hello", "is no picture"), ("x.png", b"hello", "not a readable picture")],
)
def test_what_is_wrong_with_pictures_is_one_line(name, content, words, tmp_path):
    folder = write_digits(tmp_path / "digits")
    (folder / "3" / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_labelled_images(folder, size=8, channels=1)
