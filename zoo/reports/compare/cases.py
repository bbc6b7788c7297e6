"""What `zoo compare` compares, where, and what a row says of one measurement: no framework."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from zoo.errors import InputError
from zoo.reports.bench_cases import chosen
from zoo.reports.bench_shapes import SHAPES, Shape, shapes

VERSION = 1  # of the document
MEASURES = ("parity", "curve", "speed", "start", "memory", "metric")
USUAL, QUICK = MEASURES[:5], ("parity", "speed")
USES = ("train", "batch", "latency")
# One recipe of each architecture, each trained in practice, none so large that it rules the time.
MODELS = ("digits", "emoji_caption", "sine", "g2p", "segment_cantonese")
CELLS = (
    *("simple_rnn", "lstm", "gru", "peephole", "coupled"),
    *("min_gru", "min_lstm", "rg_lru"),
)
# In a minute: the smallest of each, since most of that minute is compilation.
QUICK_MODELS = ("digits", "emoji_caption", "sine", "g2p", "sine_to_cosine")
# The largest difference to the reference: of outputs, of a gradient (see `numbers.py`).
BARS = {"float32": (1e-5, 1e-4), "bfloat16": (5e-2, 2e-1)}

KEYS = (
    "model",
    "architecture",
    "backend",
    "device",
    "precision",
    "threads",
    "reproducible",
    "contender",
    "mode",
    "measure",
    "use",
    "what",
    "path",
    "median_ms",
    "p25_ms",
    "p75_ms",
    "p95_ms",
    "spread",
    "rounds",
    "first_call_ms",
    "sequences_per_s",
    "steps_per_s",
    "vs_keras",
    "vs_onnx",
    "absolute",
    "relative",
    "bar",
    "sensitivity",
    "within",
    "losses",
    "reference_losses",
    "parts_at",
    "value",
    "values",
    "std",
    "seeds",
    "peak_mb",
    "device_peak_mb",
    "ok",
    "reason",
)


@dataclass(frozen=True)
class Place:
    """Where a process computes. threads: cores that it may use."""

    backend: str
    device: str = "cpu"
    precision: str = "float32"
    threads: int = 1
    reproducible: bool = False

    @property
    def name(self) -> str:
        """For a person: what differs from the usual stands behind backend, device, precision."""
        more = " reproducible" if self.reproducible else ""
        return f"{self.backend} {self.device} {self.precision}, {self.threads} threads{more}"

    def to_json(self) -> dict:
        """As plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Target:
    """What is compared: a recipe, a cell at one shape, or a `.keras` file.

    cell: for a recipe another cell than its own, else None.
    """

    name: str
    kind: str = "recipe"
    cell: str | None = None
    shape: Shape | None = None
    path: str | None = None

    def to_json(self) -> dict:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values) -> "Target":
        """The target that `to_json` wrote."""
        shape = values["shape"] and Shape(**values["shape"])
        return cls(**{**values, "shape": shape})


@dataclass(frozen=True)
class Options:
    """How a comparison is made.

    seconds: of timing for each model, all its contenders together; steps: of each loss curve;
    limit_s: the longest that one model may take on one backend in one piece of the work; seeds: of
    the runs behind the measure `metric`, and epochs of them, None for the recipe's own.
    """

    measures: tuple[str, ...] = USUAL
    seconds: float = 10.0
    steps: int = 200
    seed: int = 0
    limit_s: float = 180.0
    seeds: tuple[int, ...] = (0, 1, 2)
    epochs: int | None = None
    contenders: tuple[str, ...] = ("zoo", "keras", "onnx")
    quick: bool = False

    def to_json(self) -> dict:
        """As plain values."""
        return asdict(self)


@dataclass
class Info:
    """What `prepare` says of a target: one entry of the document's `models`."""

    model: str
    kind: str
    architecture: str | None = None
    cell: str | None = None
    parameters: int | None = None
    weights: str | None = None
    data: str | None = None
    shapes: dict = field(default_factory=dict)
    sequences: int | None = None
    steps: int | None = None
    reference: str | None = None
    ok: bool = True
    reason: str | None = None

    def to_json(self) -> dict:
        """As plain values."""
        return asdict(self)


def options(measures=None, quick=False, seconds=None, seeds=3, **others) -> Options:
    """`Options` from what a command line gives; None is the usual.

    measures: names of `MEASURES` with commas; seeds: how many; quick: the zoo's layers alone, each
    backend in one mode, outputs and times. Raises `InputError` for what cannot
    be.

    >>> options(quick=True).measures
    ('parity', 'speed')
    """
    usual = QUICK if quick else USUAL
    chosen_ones = tuple(chosen(measures, MEASURES, "--measure")) if measures else usual
    numbers = {"--seconds": seconds, "--seeds": seeds, "--steps": others.get("steps")}
    numbers |= {"--limit": others.get("limit_s"), "--epochs": others.get("epochs")}
    for option, value in numbers.items():
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"{option} {value}, expected more than 0: choose another")
    if not 0 <= others.get("seed", 0) < 2**32:
        raise InputError(f"--seed {others['seed']}, expected 0 to {2**32 - 1}: choose another")
    given = {} if seconds is None else {"seconds": float(seconds)}
    given |= {"contenders": ("zoo",)} if quick else {}
    return Options(measures=chosen_ones, quick=quick, seeds=tuple(range(seeds)), **given, **others)


def targets(names, known, cell=None, shape="middle", quick=False) -> list[Target]:
    """The targets that a caller names: recipes, cells, `.keras` files; without a name the usual.

    One recipe of each architecture, or in a quick run a small one of each.

    known: pattern -> the recipes that match it; cell: for recipes, another cell than their own;
    shape: of a cell. Raises `InputError` for a name that is none of these.

    >>> [target.kind for target in targets(["lstm", "sine"], lambda name: [name])]
    ['cell', 'recipe']
    """
    usual = QUICK_MODELS if quick else MODELS
    found = [t for name in names or usual for t in _named(name, known, shape)]
    if cell is not None:
        found = [replace(t, cell=cell) if t.kind == "recipe" else t for t in found]
    return list(dict.fromkeys(found))


def _named(name, known, shape):
    if name in CELLS:
        size = _shape(shape)
        return [Target(f"{name} {size.name}", "cell", cell=name, shape=size)]
    if name.endswith(".keras"):
        if not Path(name).is_file():
            raise InputError(f"no file {name!r}, expected a model that Keras saved: check the path")
        return [Target(Path(name).name, "file", path=str(Path(name).resolve()))]
    return [Target(found) for found in known(name)]


def _shape(text):
    found = shapes(text)
    if len(found) != 1:
        raise InputError(f"--shape {text!r}, expected one, such as {next(iter(SHAPES))}: name one")
    return found[0]


def row(info, place, measure, found=(), reason=None, **identity) -> dict:
    """One measurement with every key of `KEYS`; what was not measured is None.

    info: the entry of the model; found: what was measured; reason: why nothing was, else None;
    identity: contender, mode, use, what.

    >>> row({"model": "sine"}, Place("jax"), "speed", reason="too slow", use="train")["ok"]
    False
    """
    values = dict.fromkeys(KEYS) | place.to_json()
    values |= {"model": info["model"], "architecture": info.get("architecture")}
    values |= {"contender": None, "mode": "", "measure": measure, **identity, **dict(found)}
    unknown = values.keys() - set(KEYS)
    if unknown:
        raise KeyError(f"a row has no {', '.join(sorted(unknown))}")
    return values | {"ok": reason is None, "reason": reason}
