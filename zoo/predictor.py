"""load(NAME): raw input in, plain answer out."""

from inspect import signature
from pathlib import Path

from zoo import store
from zoo.errors import InputError
from zoo.tasks import splits


class Predictor:
    """A trained model with everything between raw input and plain answer.

    Call it with one input or a list; what an input is, the recipe's task says: a text, a word, a
    prefix, an image or a series (a NumPy array, or a path to one). Options go to the task's
    `answer`: `steps`, `beam_width`, `temperature`, ...; `options` has their names.
    Returns one answer, or a list in the order of the inputs: dictionaries with `output` and, by
    task, `probabilities`, `alternatives` or `continuation`. A file of many inputs (`.ts`) gives a
    list, an answer for each of them.

    >>> load("digits").name
    'digits'
    """

    def __init__(self, recipe, model, spec, card):
        self.recipe, self.model, self.spec, self.card = recipe, model, spec, card

    @property
    def name(self):
        return self.recipe.name

    @property
    def data_name(self):
        """What it was trained on: a set that comes with the package, or the name of a file."""
        return self.card.get("data", {}).get("name") or self.recipe.data_name

    def __call__(self, inputs, **options):
        if isinstance(inputs, str):
            answers = self.read([inputs], **options)
            return answers if hasattr(self.recipe.task, "contents") else answers[0]
        if isinstance(inputs, (list, tuple)) and all(isinstance(i, str) for i in inputs):
            return self.read(inputs, **options)
        if hasattr(inputs, "shape") and self._is_one(inputs):
            return self.answer([inputs], **options)[0]
        return self.answer(inputs, **options)

    def _is_one(self, array):
        """Whether an array is a single input: an image (H, W[, C]), a clip (T, H, W, C), a series
        (T,), or (T, F) with the mean of each channel in the spec."""
        if "frame" in self.spec:
            return array.ndim == 4
        if "image" in self.spec:
            height_and_width = tuple(self.spec["image"][:2])
            return tuple(array.shape[:2]) == height_and_width and array.ndim <= 3
        return array.ndim == (2 if "mean" in self.spec else 1)

    def read(self, raw, **options):
        """Answers for strings: texts, words, prefixes, or paths of images and CSV files."""
        return self.answer(self.recipe.task.read(list(raw), self.spec), **options)

    def answer(self, inputs, **options):
        """Answers for inputs that are in memory already, as the task's examples are."""
        if len(inputs) == 0:
            raise InputError("no input, expected at least one: give an input")
        self._check(options, self.options)
        return self.recipe.task.answer(self.model, inputs, self.spec, **options)

    def stream(self, item, **options):
        """The text that follows `item`, piece by piece as it is written.

        item: one raw input, as for `read`; options: those of the task's `stream`, with the same
        meaning as in a call. Returns an iterator of strings, which joined are the `continuation`
        of the whole answer. Raises `InputError` for a model that does not continue text, and for
        what a call refuses: here, before the first piece.

        >>> model, options = load("char_lm"), dict(steps=12, temperature=0)
        >>> pieces = model.stream("In the beginning", **options)
        >>> "".join(pieces) == model("In the beginning", **options)["continuation"]
        True
        """
        self._check(options, self.stream_options)
        (item,) = self.recipe.task.read([item], self.spec)
        return self.recipe.task.stream(self.model, item, self.spec, **options)

    @property
    def options(self):
        """The names of the options that a call takes."""
        return _options(self.recipe.task.answer)

    @property
    def stream_options(self):
        """The names of the options of `stream`; `InputError` for a model that has none."""
        if not hasattr(self.recipe.task, "stream"):
            raise InputError(
                f"model {self.name!r} does not write text piece by piece, expected one that "
                "continues text, such as 'char_lm': ask for the whole answer, without stream"
            )
        return _options(self.recipe.task.stream)

    def _check(self, given, known):
        for option in given:
            if option not in known:
                raise InputError(
                    f"model {self.name!r} takes no option {option!r}, expected "
                    f"{' or '.join(known) or 'none'}: leave it out"
                )

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


def _options(function):
    """The names of a task function's options: what stands behind model, inputs and spec."""
    return list(signature(function).parameters)[3:]


def load(name) -> Predictor:
    """The `Predictor` of a shipped model by name, or of a run folder by path.

    Raises `InputError` when there are no weights, or they are damaged.
    """
    return Predictor(*store.load(name))
