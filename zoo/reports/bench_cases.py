"""What `zoo bench` measures: a grid of cases, and what a row says of one measurement.

Nothing here loads a framework: the process that plans and prints needs none.
"""

from dataclasses import asdict, dataclass, replace

from zoo.errors import InputError
from zoo.reports.bench_shapes import SHAPES, Shape

# layer -> G, the gates whose matrices stand side by side: the kernel is (F, G*U)
LAYERS = {
    "simple_rnn": 1,
    "lstm": 4,
    "gru": 3,
    "gru_reset_before": 3,
    "peephole": 4,
    "coupled": 3,
    "min_gru": 2,
    "min_lstm": 3,
    "rg_lru": 1,
    "rg_lru_16_blocks": 1,
}
# Of these, whose gates do not see the state: the blocks of the gates behind the kernel, 0 for none.
PARALLEL = {"min_gru": 0, "min_lstm": 0, "rg_lru": 1, "rg_lru_16_blocks": 16}
STEPWISE = ("gru", "lstm")  # what they are measured against
TOGETHER = (*STEPWISE, "min_gru", "min_lstm", "rg_lru")  # the layers of a measurement over lengths
MASKS = ("none", "half")
PASSES = ("forward", "training")
DIRECTIONS = ("forward", "bidirectional")
PRECISIONS = ("float32", "float16", "bfloat16")
LIMIT = "matmul"  # the contender that computes the layer's matrix products alone
NUMBERS = (
    "median_ms",
    "p25_ms",
    "p75_ms",
    "rounds",
    "first_call_ms",
    "gflops",
    "vs_keras",
    "vs_torch_nn",
    "vs_matmul",
    "vs_unmasked",
    "vs_gru",
    "vs_lstm",
    "step_us",
    "max_difference",
    "peak_mb",
)


@dataclass(frozen=True)
class Case:
    """One set of contenders: they differ in who computes and in the mask, in nothing else.

    beside: other layers to be timed in the same rounds, of each this project's alone; limit_s: the
    longest that the first call of a contender may take.
    """

    layer: str = "lstm"
    shape: Shape = SHAPES["middle"]
    step: str = "training"  # one of PASSES
    masks: tuple[str, ...] = MASKS
    direction: str = "forward"
    precision: str = "float32"
    device: str | None = None
    seconds: float = 3.0
    seed: int = 0
    limit_s: float = 120.0
    beside: tuple[str, ...] = ()

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers of this case."""
        return (self.layer, *self.beside)

    @property
    def directions(self) -> int:
        """1, or 2 when bidirectional."""
        return 2 if self.direction == "bidirectional" else 1

    def to_json(self) -> dict:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values) -> "Case":
        """The case that `to_json` wrote."""
        found = cls(**values)
        tuples = {"masks": tuple(found.masks), "beside": tuple(found.beside)}
        return replace(found, shape=Shape(**found.shape), **tuples)


def grid(layers, shapes, steps, **same) -> list[Case]:
    """A case for each layer, shape and pass; `same` are fields that all of them share.

    >>> [case.shape.name for case in grid(["lstm"], SHAPES.values(), ["forward"])]
    ['small', 'middle', 'large', 'long', 'batch1']
    """
    return [
        Case(layer=layer, shape=shape, step=step, **same)
        for layer in layers
        for shape in shapes
        for step in steps
    ]


def together(layers, shapes, steps, **same) -> list[Case]:
    """As `grid`, but a case has all layers, which are timed in the same rounds.

    >>> [case.layers for case in together(["gru", "min_gru"], SHAPES.values(), ["forward"])][:1]
    [('gru', 'min_gru')]
    """
    return grid(layers[:1], shapes, steps, beside=tuple(layers[1:]), **same)


def chosen(text: str, known, option: str) -> list[str]:
    """The names in `text`, separated by commas, each once.

    Raises `InputError` for a name that is not in `known`.

    >>> chosen("lstm,gru", LAYERS, "--layer")
    ['lstm', 'gru']
    """
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in known:
            raise InputError(
                f"{option} {name!r} is not one of {', '.join(known)}: choose among them"
            )
    return names


def failures(case: Case, backend: str, reason: str) -> list[dict]:
    """The rows of a case of which nothing was measured: one for each layer."""
    return [row(replace(case, layer=layer), backend, reason=reason) for layer in case.layers]


def row(case: Case, backend: str, contender=None, mask=None, reason=None, found=()) -> dict:
    """One measurement, every key of it; what was not measured is None.

    found: what is known of device, path and `NUMBERS`; reason: why it failed, None when it did not.

    >>> found = row(Case("gru"), "jax", reason="jax is not installed")
    >>> found["layer"], found["ok"], found["median_ms"]
    ('gru', False, None)
    """
    return {
        "backend": backend,
        "device": case.device,
        "layer": case.layer,
        "direction": case.direction,
        "shape_name": case.shape.name,
        "shape": {letter: getattr(case.shape, letter) for letter in "BTFU"},
        "mask": mask,
        "pass": case.step,
        "precision": case.precision,
        "contender": contender,
        "together": bool(case.beside),
        "path": None,
        **dict.fromkeys(NUMBERS),
        **dict(found),
        "ok": reason is None,
        "reason": reason,
    }
