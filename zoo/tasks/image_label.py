"""An image in, one label out."""

import numpy as np

from zoo.data import image_folders, images
from zoo.tasks.batching import example_batches, in_batches
from zoo.tasks.classify import label_answers, label_ids, label_scores
from zoo.tasks.losses import cross_entropy as loss

__all__ = ["answer", "batches", "evaluate", "loss", "read", "sizes", "specify"]


def specify(data, fit):
    pictures, labels = data["train"]
    names = sorted({str(label) for label in labels})
    return {"labels": names, "image": [*pictures.shape[1:3], _channels(pictures)]}


def sizes(spec):
    return {"image": tuple(spec["image"]), "classes": len(spec["labels"])}


def _channels(pictures):
    return pictures.shape[3] if pictures.ndim == 4 else 1


def _inputs(pictures, spec):
    return np.asarray(pictures, "float32").reshape(-1, *spec["image"])


def batches(split, spec, fit, *, seed=0, epoch=0, shuffle=True):
    pictures, labels = split
    y = label_ids([str(label) for label in labels], spec["labels"])
    return example_batches(
        [_inputs(pictures, spec)], y, fit, seed=seed, epoch=epoch, shuffle=shuffle
    )


def read(raw, spec):
    """Paths of pictures, shrunk or enlarged to the model's size.

    Grey data have light ink on a dark ground: a picture with a light border is turned round.
    """
    size, _, channels = spec["image"]
    pictures = np.stack([images.read_image(path, size, channels) for path in raw])
    return pictures if channels > 1 else image_folders.light_on_dark(pictures)


def answer(model, inputs, spec):
    logits = in_batches(model, model.predict_on_batch, _inputs(inputs, spec))
    return label_answers(logits, spec["labels"])


def evaluate(model, split, spec):
    pictures, labels = split
    return label_scores(answer(model, pictures, spec), [str(label) for label in labels])
