"""A clip of frames in, one label out.

A model sees `window` frames that follow each other: in training a stretch drawn at random, in use
all stretches of a clip (at most `STRETCHES`), whose logits are averaged. How long a clip is can so
not give its label away.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from zoo import metrics
from zoo.data import clip_files
from zoo.errors import InputError
from zoo.tasks.batching import example_batches, in_batches
from zoo.tasks.classify import label_answers, label_ids
from zoo.tasks.examples import right_and_wrong
from zoo.tasks.losses import cross_entropy as loss

__all__ = [
    "answer",
    "batches",
    "evaluate",
    "examples",
    "first",
    "loss",
    "mean_frames",
    "over_time",
    "read",
    "sizes",
    "specify",
]

STRETCHES = 16
GREY = np.array([0.299, 0.587, 0.114], "float32")  # ITU-R BT.601
CHANNELS = {"colour": 3, "grey": 1, "shape": 1, "change": 1, "drift": 1}
FAINT = 1 / 8  # of black: from here on a pixel counts as part of the shape


def specify(data, fit):
    clips, labels = data["train"]
    return {
        "labels": sorted(set(labels)),
        "frame": [int(n) for n in clips[0].shape[1:3]],
        "shrink": fit.shrink,
        "channels": list(fit.channels),
        "window": fit.window,
    }


def sizes(spec):
    depth = sum(CHANNELS[name] for name in spec["channels"])
    height, width = (n // spec["shrink"] for n in spec["frame"])
    return {"frames": (height, width, depth), "classes": len(spec["labels"])}


def inputs(clip, spec):
    """Frames (T, H, W, 3) uint8 -> (T, H, W, C) float32, 0 where they are white.

    colour, grey: how dark; shape: 1 where something is, whatever its colour; change: where the
    shape is another than in the frame before; drift: another than in the first of these frames.
    With `shrink`, H and W are divided by it.
    """
    dark = 1 - shrunk(np.asarray(clip, "float32"), spec["shrink"]) / 255
    grey = dark @ GREY
    shape = np.minimum(grey / FAINT, 1)
    change = np.abs(np.diff(shape, axis=0, prepend=shape[:1]))
    one = {"grey": grey, "shape": shape, "change": change, "drift": np.abs(shape - shape[:1])}
    parts = {"colour": dark} | {name: values[..., None] for name, values in one.items()}
    return np.concatenate([parts[name] for name in spec["channels"]], axis=-1)


def shrunk(frames, by):
    """The mean of each square of `by` by `by` pixels."""
    count, height, width, depth = frames.shape
    return frames.reshape(count, height // by, by, width // by, by, depth).mean((2, 4))


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    """Shuffled batches (those of training) get new stretches in each epoch, moved by up to
    `fit.shift` pixels, and half of those turned round whose label is in `fit.mirror`; each class
    weighs as much as the others. Batches that are not shuffled have every clip's middle stretch.
    """
    clips, labels = split
    check(clips, spec)
    labels = list(labels)
    if shuffle:
        random = np.random.default_rng((seed, epoch, 1))
        rows = [varied(*row, spec, fit, random) for row in zip(clips, labels, strict=True)]
        clips, labels = (list(column) for column in zip(*rows, strict=True))
    else:
        clips = [middle(clip, spec["window"]) for clip in clips]
    x, y = [inputs(clip, spec) for clip in clips], label_ids(labels, spec["labels"])
    fit = replace(fit, boundaries=(spec["window"],))
    lengths = [len(clip) for clip in x]
    made = example_batches([x], y, fit, lengths=lengths, seed=seed, epoch=epoch, shuffle=shuffle)
    if not shuffle:
        return made
    return replace(made, collate=partial(balanced, made.collate, class_weights(y, spec)))


def class_weights(y, spec):
    """(classes,): what makes every class weigh the same, 1 on average over the rows."""
    counts = np.bincount(y, minlength=len(spec["labels"]))
    return (len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1))).astype("float32")


def balanced(collate, by_class, item):
    """A batch whose rows weigh what their class does."""
    x, y, weights = collate(item)
    return x, y, weights * by_class[y]


def varied(clip, label, spec, fit, random):
    """A random stretch of a clip, with the label that it has then.

    Of a clip that is longer than half a window it has from one frame more than half of it up to
    the window: so that a clip shorter than the others is nothing special.
    """
    most = min(spec["window"], len(clip))
    length = random.integers(min(spec["window"] // 2 + 1, most), most + 1)
    start = random.integers(len(clip) - length + 1)
    frames = clip[start : start + length]
    if fit.shift:
        frames = moved(frames, random.integers(-fit.shift, fit.shift + 1, 2))
    turned = dict(fit.mirror) | {b: a for a, b in fit.mirror}
    if label in turned and random.random() < 0.5:
        frames, label = frames[:, :, ::-1], turned[label]
    return frames, label


def moved(frames, by):
    """Frames moved down and right by `by` pixels, white behind them."""
    white = np.full_like(frames, 255)
    height, width = frames.shape[1:3]
    (top, left), (down, right) = np.maximum(by, 0), np.maximum(np.negative(by), 0)
    seen = frames[:, down : height - top, right : width - left]
    white[:, top : height - down, left : width - right] = seen
    return white


def middle(clip, window):
    start = max(0, (len(clip) - window) // 2)
    return clip[start : start + window]


def stretches(clip, window):
    """The parts of a clip that the model sees: at most `STRETCHES`, evenly over the clip."""
    last = max(0, len(clip) - window)
    starts = np.unique(np.linspace(0, last, min(STRETCHES, last + 1)).round().astype(int))
    return [clip[start : start + window] for start in starts]


def check(clips, spec):
    """Raise `InputError` unless every clip is uint8 (T, H, W, 3) of the model's size, T >= 1."""
    height, width = spec["frame"]
    for k, clip in enumerate(clips, 1):
        shape, kind = np.shape(clip), getattr(clip, "dtype", type(clip).__name__)
        if len(shape) != 4 or not shape[0] or shape[1:] != (height, width, 3) or kind != "uint8":
            raise InputError(
                f"clip {k} is {kind} of shape {shape}, expected uint8 (T, {height}, {width}, 3) "
                "with a frame or more: scale it first"
            )


def read(raw, spec):
    """Paths of folders with frames, or of animated GIFs; frames are fitted into the model's."""
    return [clip_files.read_clip(path, spec["frame"][0]) for path in raw]


def over_time(model, clips, spec):
    """For each clip the logits of its stretches, (stretches, classes)."""
    check(clips, spec)
    parts = [stretches(clip, spec["window"]) for clip in clips]
    x = [inputs(part, spec) for of in parts for part in of]
    lengths = [len(v) for v in x]
    logits = in_batches(model, model.predict_on_batch, x, lengths, edges=(spec["window"],))
    ends = np.cumsum([len(of) for of in parts])
    return np.split(np.asarray(logits), ends[:-1])


def answer(model, inputs, spec):
    logits = [of.mean(0) for of in over_time(model, inputs, spec)]
    return label_answers(logits, spec["labels"])


def evaluate(model, split, spec):
    clips, labels = split
    label_ids(labels, spec["labels"])  # an unknown label is an error, not a wrong answer
    answers = answer(model, clips, spec)
    return scores([a["output"] for a in answers], list(labels))


def scores(outputs, truths):
    """Balanced accuracy and accuracy."""
    return {
        "balanced accuracy": metrics.balanced_accuracy(outputs, truths),
        "accuracy": metrics.accuracy(outputs, truths),
    }


def first(split, rows):
    """A small split: `rows` clips from all over it, since clips are sorted by what they show."""
    clips, labels = split
    chosen = np.linspace(0, len(labels) - 1, min(rows, len(labels))).round().astype(int)
    return [clips[k] for k in chosen], [labels[k] for k in chosen]


def mean_frames(split, cells=10):
    """(clips, cells * cells): the mean of each clip's frames, grey, `cells` cells a side."""
    clips, _ = split
    spec = {"shrink": max(1, clips[0].shape[1] // cells), "channels": ["grey"]}
    return np.array([inputs(clip, spec).mean(0).ravel() for clip in clips])


def examples(model, split, spec):
    """Right and wrong answers on clips of a split: [{input, output, truth, right}]."""
    found = [
        {
            "input": f"test clip {k}, {len(clip)} frames",
            "output": given["output"],
            "truth": truth,
            "right": given["output"] == truth,
        }
        for k, (clip, truth, given) in enumerate(
            zip(*split, answer(model, split[0], spec), strict=True), 1
        )
    ]
    return right_and_wrong(found)
