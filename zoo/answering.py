"""Raw input in, plain answers out: what a loaded model and an export that runs alone share."""

from inspect import signature

from zoo.errors import InputError


class Answering:
    """A model with its task and spec, called with raw input.

    name: what errors call it; task: a module of `zoo.tasks`; model: what the task's `answer` takes;
    spec: what stands between raw input and answer.

    Call it with one input or a list; what an input is, the task says: a text, a word, a
    prefix, an image or a series (a NumPy array, or a path to one). Options go to the task's
    `answer`: `steps`, `beam_width`, `temperature`, ...; `options` has their names.
    Returns one answer, or a list in the order of the inputs: dictionaries with `output` and, by
    task, `probabilities`, `alternatives` or `continuation`. A file of many inputs (`.ts`) gives a
    list, an answer for each of them.
    """

    def __init__(self, name, task, model, spec):
        self.name, self.task, self.model, self.spec = name, task, model, spec

    def __call__(self, inputs, **options):
        if isinstance(inputs, str):
            answers = self.read([inputs], **options)
            return answers if hasattr(self.task, "contents") else answers[0]
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
        return self.answer(self.task.read(list(raw), self.spec), **options)

    def answer(self, inputs, **options):
        """Answers for inputs that are in memory already, as the task's examples are."""
        if len(inputs) == 0:
            raise InputError("no input, expected at least one: give an input")
        self._check(options, self.options)
        return self.task.answer(self.model, inputs, self.spec, **options)

    def stream(self, item, **options):
        """The text that follows `item`, piece by piece as it is written.

        item: one raw input, as for `read`; options: those of the task's `stream`, with the same
        meaning as in a call. Returns an iterator of strings, which joined are the `continuation`
        of the whole answer. Raises `InputError` for a model that does not continue text, and for
        what a call refuses: here, before the first piece.

        >>> import zoo
        >>> model, options = zoo.load("char_lm"), dict(steps=12, temperature=0)
        >>> pieces = model.stream("In the beginning", **options)
        >>> "".join(pieces) == model("In the beginning", **options)["continuation"]
        True
        """
        self._check(options, self.stream_options)
        (item,) = self.task.read([item], self.spec)
        return self.task.stream(self.model, item, self.spec, **options)

    @property
    def options(self):
        """The names of the options that a call takes."""
        return _options(self.task.answer)

    @property
    def stream_options(self):
        """The names of the options of `stream`; `InputError` for a model that has none."""
        if not hasattr(self.task, "stream"):
            raise InputError(
                f"model {self.name!r} does not write text piece by piece, expected one that "
                "continues text, such as 'char_lm': ask for the whole answer, without stream"
            )
        return _options(self.task.stream)

    def _check(self, given, known):
        for option in given:
            if option not in known:
                raise InputError(
                    f"model {self.name!r} takes no option {option!r}, expected "
                    f"{' or '.join(known) or 'none'}: leave it out"
                )


def _options(function):
    """The names of a task function's options: what stands behind model, inputs and spec."""
    return list(signature(function).parameters)[3:]
