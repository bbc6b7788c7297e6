"""Recipes by name: what can be listed, created, trained and loaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatch
from importlib import import_module
from inspect import Parameter, signature
from pkgutil import iter_modules
from types import ModuleType

from zoo.errors import InputError

ARCHITECTURES = (
    "one_to_one",
    "one_to_many",
    "many_to_one",
    "many_to_many_delayed",
    "many_to_many_aligned",
)


@dataclass(frozen=True)
class Fit:
    """How a recipe trains; the data options stand here too, because training makes the spec."""

    epochs: int
    batch_size: int = 32
    learning_rate: float = 1e-3
    schedule: str = "constant"  # or "cosine": down to zero over all epochs
    clip: float | None = 1.0  # the largest global norm of a gradient
    weight_decay: float = 0.0
    forget: float = 0.0  # the share of rows whose carried state is zero again before a batch
    patience: int | None = None  # epochs without a better validation loss before it stops
    goal: float | None = None  # the metric of validation at which it stops, and whose best is kept
    epoch_batches: int | None = None  # batches of an epoch that is a part of the training data
    keep: str = "best"  # the epoch of the best validation loss, the best "metric", or the "last"
    boundaries: tuple[int, ...] = (8, 16, 32, 64)
    minimum_frequency: int = 1
    vocabulary: int | None = None
    lowercase: bool = True
    window: int | None = None
    steps: int | None = None
    source: str | None = None
    target: str | None = None
    head: str | None = None  # what a forecast's outputs mean: a name of `zoo.layers.HEADS`
    horizon: int = 1  # steps of each forecast in a backtest
    difference: bool = False  # forecast changes since one season before
    root: bool = False  # forecast square roots, of values that are never negative
    calendar: tuple[str, ...] = ()  # cycles of the clock that a forecast reads: day, week, year
    noise: float = 0.0  # standard deviation of what is added to each standardised training value
    channels: tuple[str, ...] = ("colour",)  # of a video's frames: also "grey", "motion", ...
    shrink: int = 1  # how many times smaller a video's frames are made
    shift: int = 0  # by how many pixels at most a training picture is moved
    zoom: float = 0.0  # the largest change of a training picture's scale, 0.1 for a tenth
    mirror: tuple[tuple[str, str], ...] = ()  # labels that change places in a picture turned round
    snapshots: tuple[int, ...] = ()  # batches at which the prediction is kept for a picture


@dataclass(frozen=True)
class Recipe:
    """One task end to end: data, builder, hyper-parameters, metric, trivial baseline.

    load: path or None -> {split: examples}, its keyword-only arguments say how to read the file;
    builder: one of the five; task: a module of `zoo.tasks`; options: builder arguments; sizes:
    builder arguments that the data decide, for a model made without data; baseline: data, spec ->
    the metric of an answer that needs no network; own_data: what the file of a user's own data is,
    None where `load` takes none; shipped_options: the options of `load` that also choose among the
    data that come with the recipe; fetched: whether the data are fetched when first used; made_up:
    a small invented split, where the data may not be shown: golden outputs are made of it, and the
    card has no examples. For the card: the published figure to compare with, and what
    the model is for and where it fails, where there is more to say than of every recipe.
    """

    name: str
    architecture: str
    summary: str
    task: ModuleType
    builder: Callable
    load: Callable
    options: Mapping
    sizes: Mapping
    fit: Fit
    metric: str
    baseline: Callable
    baseline_name: str
    data_name: str
    own_data: str | None = None
    shipped_options: tuple[str, ...] = ()
    fetched: bool = False
    made_up: tuple = ()
    positive: str | None = None
    published: str = ""
    intended_use: str = ""
    limits: str = ""
    tags: tuple[str, ...] = field(default=())

    @property
    def cell(self):
        return self.options.get("cell", "none")

    def override(self, **options):
        """The same recipe with other builder arguments, for example `cell="gru"`."""
        return replace(self, options={**self.options, **options})

    @property
    def data_options(self):
        """The names of the options of `load`: its keyword-only arguments."""
        parameters = signature(self.load).parameters.values()
        return tuple(p.name for p in parameters if p.kind is Parameter.KEYWORD_ONLY)

    def data(self, path=None, **options):
        """The splits of `load`; options that are None are left out.

        Raises `InputError` for a file where the recipe takes none, for an option that its `load`
        does not have, and for one that says how to read a file where no file is given.
        """
        if path is not None and self.own_data is None:
            raise InputError(
                f"model {self.name!r} reads no data of your own, found {str(path)!r}: "
                "leave --data out, or choose another model"
            )
        options = {name: value for name, value in options.items() if value is not None}
        for name in options:
            flag = f"--{name.replace('_', '-')}"
            if name not in self.data_options:
                raise InputError(f"model {self.name!r} takes no {flag}: leave it out")
            if path is None and name not in self.shipped_options:
                raise InputError(
                    f"{flag} says how to read a file of yours, found none: add --data, or leave "
                    f"{flag} out"
                )
        return self.load(path, **options)

    def build(self, **sizes):
        """The model; `sizes` replace the default ones where the data are known."""
        return self.builder(**{**self.sizes, **sizes, **self.options}, name=self.name)


_recipes: dict[str, Recipe] = {}


def register(recipe: Recipe) -> Recipe:
    """Add a recipe under its name; each name once."""
    if recipe.name in _recipes:
        raise ValueError(f"recipe {recipe.name!r} is registered twice")
    if recipe.architecture not in ARCHITECTURES:
        raise ValueError(f"recipe {recipe.name!r}: architecture {recipe.architecture!r}")
    _recipes[recipe.name] = recipe
    return recipe


def _load_all():
    import zoo.recipes

    for module in iter_modules(zoo.recipes.__path__):
        import_module(f"zoo.recipes.{module.name}")


def recipe(name: str) -> Recipe:
    """The recipe of that name; `InputError` names the known ones."""
    _load_all()
    if name not in _recipes:
        near = get_close_matches(name, _recipes, n=1)
        fix = f"did you mean {near[0]!r}?" if near else "choose one of them"
        raise InputError(f"model {name!r} is not one of {', '.join(_recipes)}: {fix}")
    return _recipes[name]


def list_models(pattern: str = "*", architecture: str | None = None) -> list[str]:
    """Names of the registered recipes that match, in the order of the five architectures.

    >>> list_models("sine*")
    ['sine', 'sine_to_cosine']
    """
    _load_all()
    if architecture is not None and architecture not in ARCHITECTURES:
        raise InputError(
            f"architecture {architecture!r} is not one of {', '.join(ARCHITECTURES)}: "
            "choose one of them"
        )
    found = [
        r
        for r in _recipes.values()
        if fnmatch(r.name, pattern) and architecture in (None, r.architecture)
    ]
    return [r.name for r in sorted(found, key=lambda r: ARCHITECTURES.index(r.architecture))]


def create_model(name: str, **overrides):
    """A new, untrained `keras.Model` of a recipe; `overrides` are arguments of its builder.

    >>> create_model("sine", units=8).output_shape
    (None, 1)
    """
    found = recipe(name)
    return found.builder(**{**found.sizes, **found.options, **overrides}, name=found.name)
