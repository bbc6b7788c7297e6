"""Handwritten digits, 8 x 8: one image in, one label out.

    zoo train digits                  about 15 s on two cores
    zoo train digits --data FOLDER    your own pictures: a folder for each class

The data are scikit-learn's `load_digits` (UCI, 1,797 images); the last 360 are the test split, as
in scikit-learn's own examples. Pictures of yours are shrunk to 8 x 8 grey pixels too: enough for
single signs, too few for photographs.
"""

from sklearn.linear_model import LogisticRegression

from zoo.data import image_folders, images
from zoo.models.one_to_one import one_to_one
from zoo.registry import Fit, Recipe, register
from zoo.tasks import image_label


def load(path=None):
    if path is None:
        return images.digits()
    return image_folders.read_labelled_images(path, size=8, channels=1)


def baseline(data, spec):
    """Accuracy of logistic regression on the pixels."""
    (x, y), (test, truth) = data["train"], data["test"]
    model = LogisticRegression(max_iter=1000).fit(x.reshape(len(x), -1) * 16, y)
    return float(model.score(test.reshape(len(test), -1) * 16, truth))


register(
    Recipe(
        name="digits",
        architecture="one_to_one",
        summary="handwritten digit from an 8 x 8 image",
        task=image_label,
        builder=one_to_one,
        load=load,
        options=dict(units=128, filters=(32, 64), dropout=0.4),
        sizes=dict(image=(8, 8, 1), classes=10),
        fit=Fit(epochs=40, batch_size=32, learning_rate=2e-3, schedule="cosine", keep="last"),
        metric="accuracy",
        baseline=baseline,
        baseline_name="logistic regression",
        data_name="digits",
        own_data="a folder with a folder of pictures for each class",
    )
)
