"""Run an exported folder without Keras: NumPy, tokenizers and the format's own runtime alone.

    import zoo.runtime
    g2p = zoo.runtime.load("saved_models/g2p/onnx")
    g2p("zoology")

The answers, options and errors are those of `zoo.load(NAME)`.
"""

from importlib import import_module
from pathlib import Path

from zoo import files
from zoo.answering import Answering
from zoo.engine.exported import Exported
from zoo.errors import InputError
from zoo.formats import FORMATS, VERSION

TASKS = (
    "continue_text",
    "forecast",
    "forecast_intervals",
    "image_label",
    "segment",
    "series_label",
    "series_value",
    "symbols",
    "tag",
    "text_label",
    "trace",
    "translate",
    "video_label",
    "write",
)


class ExportedPredictor(Answering):
    """An exported model with everything between raw input and plain answer.

    Call it like the `Predictor` of the same model. `model` has its pieces, for whoever drives
    them himself; an export of a model that belongs to no recipe has `model` alone.
    """

    def __init__(self, folder, saved, task, model):
        super().__init__(saved["name"], task, model, saved["spec"])
        self.folder, self.format, self.recipe_name = folder, saved["format"], saved["recipe"]

    def __call__(self, inputs, **options):
        if self.task is None:
            raise InputError(
                f"{str(self.folder)!r} holds a model without a task, expected one of a recipe: "
                "call its `.model.predict_on_batch` with arrays"
            )
        return super().__call__(inputs, **options)


def load(folder) -> ExportedPredictor:
    """The predictor of a folder that `zoo export` wrote.

    Raises `InputError` for a folder that is none, a file that is missing, damaged or was changed,
    an unknown format, and a runtime that is not installed.

    >>> try:
    ...     load("nowhere")
    ... except InputError as error:
    ...     print(error)
    no export in 'nowhere', expected a folder that `zoo export` wrote: check the path
    """
    folder = Path(folder)
    saved = read_spec(folder)
    check_files(folder, saved["sha256"])
    reader = import_module(FORMATS[saved["format"]])
    if getattr(reader, "WHOLE", False):  # Keras's own file: the task makes its steps of the model
        model = reader.load(folder / saved["pieces"]["model"]["file"])
    else:
        model = Exported.opened(reader, saved, folder)
    task = saved["task"] and import_module(f"zoo.tasks.{saved['task']}")
    return ExportedPredictor(folder, saved, task, model)


def read_spec(folder) -> dict:
    """The spec.json of an export. Raises `InputError` unless it is one that this version reads."""
    path = Path(folder) / "spec.json"
    if not path.is_file():
        raise InputError(
            f"no export in {str(folder)!r}, expected a folder that `zoo export` wrote: check the "
            "path"
        )
    saved = files.read_json(path)
    needed = {"version", "name", "format", "task", "spec", "pieces", "crf", "grid", "sha256"}
    if not isinstance(saved, dict) or not needed <= set(saved):
        raise InputError(
            f"{str(path)!r} does not describe an export, expected the spec.json that `zoo export` "
            "writes: export the model"
        )
    if saved["version"] != VERSION:
        raise InputError(
            f"{str(path)!r} has layout {saved['version']!r}, expected {VERSION}: export it again, "
            "or install the rnn-zoo that wrote it"
        )
    if saved["format"] not in FORMATS:
        raise InputError(
            f"{str(path)!r} has format {saved['format']!r}, expected one of {', '.join(FORMATS)}: "
            "export it again"
        )
    if saved["task"] is not None and saved["task"] not in TASKS:
        raise InputError(
            f"{str(path)!r} has task {saved['task']!r}, expected one of {', '.join(TASKS)}: "
            "export it again"
        )
    return saved


def check_files(folder, sums):
    """Raise `InputError` unless every file is there with the SHA-256 that the spec says."""
    for name, expected in sums.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise InputError(f"{str(path)!r} is missing, expected a file of the export: restore it")
        if (found := files.sha256(path)) != expected:
            raise InputError(
                f"{str(path)!r} has SHA-256 {found[:12]}, expected {expected[:12]}: the file is "
                "damaged or was changed; export it again"
            )
