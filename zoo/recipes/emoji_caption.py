"""Emoji captions: one image in, its name out, word by word.

    zoo train emoji_caption   about 10 minutes on two cores

The images are Noto Color Emoji at 32 x 32, the names those of the Unicode emoji list. The test
split holds combinations of skin tone, gender and hair that training never saw, of concepts that it
did; concepts that it never saw are a split of their own, `unseen`.
"""

import numpy as np

from zoo.data import images
from zoo.metrics import exact_match
from zoo.models.one_to_many import one_to_many
from zoo.registry import Fit, Recipe, register
from zoo.tasks import write


def load(path=None):
    return {split: list(zip(*rows, strict=True)) for split, rows in images.emoji().items()}


def baseline(data, spec):
    """Exact match of the name of the nearest training image, by squared distance of pixels."""
    flat = {s: np.stack([i for i, _ in data[s]]).reshape(len(data[s]), -1) for s in data}
    train, test = flat["train"].astype("float32"), flat["test"].astype("float32")
    distance = (train**2).sum(1) - 2 * test @ train.T
    names = [data["train"][k][1] for k in distance.argmin(1)]
    return exact_match(names, [name for _, name in data["test"]])


register(
    Recipe(
        name="emoji_caption",
        architecture="one_to_many",
        summary="name of an emoji from its picture",
        task=write,
        builder=one_to_many,
        load=load,
        options=dict(cell="gru", units=192, embedding=96, attention="additive", dropout=0.2),
        sizes=dict(image=(32, 32, 3), vocabulary=1_600),
        fit=Fit(
            epochs=40,
            batch_size=64,
            learning_rate=2e-3,
            schedule="cosine",
            keep="last",
            source="image",
            target="words",
        ),
        metric="exact match",
        baseline=baseline,
        baseline_name="nearest training image",
        data_name="emoji",
    )
)
