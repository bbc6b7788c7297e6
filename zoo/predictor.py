"""load(NAME): raw input in, plain answer out."""

from pathlib import Path

from zoo import store
from zoo.answering import Answering
from zoo.errors import InputError
from zoo.tasks import splits


class Predictor(Answering):
    """A trained model with everything between raw input and plain answer.

    What a call takes and returns: see `zoo.answering.Answering`. Besides, it evaluates.

    >>> load("digits").name
    'digits'
    """

    def __init__(self, recipe, model, spec, card):
        super().__init__(recipe.name, recipe.task, model, spec)
        self.recipe, self.card = recipe, card

    @property
    def data_name(self):
        """What it was trained on: a set that comes with the package, or the name of a file."""
        return self.card.get("data", {}).get("name") or self.recipe.data_name

    def evaluate(self, path=None, split="test", **options):
        """{metric: value} on the held-out split, or on all of the user's file.

        options: how to read the file, by default as the file was read that it was trained on.
        """
        data = self.data(path, **options)
        if split not in data:
            raise InputError(f"split {split!r} is not one of {', '.join(data)}: choose one of them")
        return self.recipe.task.evaluate(self.model, data[split], self.spec)

    def baseline(self, path=None, **options):
        """The metric of the recipe's trivial baseline on the same data."""
        return self.recipe.baseline(self.data(path, **options), self.spec)

    def data(self, path=None, **options):
        """The splits of the data that the model was trained on; `test` is all of `path`, if given.

        The file that it was trained on is the exception: of that, only the held-out part tests it.
        """
        described = self.card.get("data", {})
        own, recorded = described.get("path"), described.get("options") or {}
        given = {name: value for name, value in options.items() if value is not None}
        same = path is None or str(Path(path).resolve()) == own
        data = self.recipe.data(own, **(recorded | given if same else recorded))
        if same:
            return data
        read = self.recipe.data(path, **recorded | given)
        return data | {"test": splits.joined(self.recipe.task, read, self.spec)}


def load(name) -> Predictor:
    """The `Predictor` of a shipped model by name, or of a run folder by path.

    Raises `InputError` when there are no weights, or they are damaged.
    """
    return Predictor(*store.load(name))
