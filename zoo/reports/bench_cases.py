"""What `zoo bench` measures: a grid of cases, and what a row says of one measurement.

Nothing here loads a framework: the process that plans and prints needs none.
"""

import re
from dataclasses import asdict, dataclass, replace

from zoo.errors import InputError

# layer -> G, the gates whose matrices stand side by side: the kernel is (F, G*U)
LAYERS = {
    "simple_rnn": 1,
    "lstm": 4,
    "gru": 3,
    "gru_reset_before": 3,
    "peephole": 4,
    "coupled": 3,
}
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
    "max_difference",
    "peak_mb",
)


@dataclass(frozen=True)
class Shape:
    """B rows of T steps of F features into U units."""

    B: int
    T: int
    F: int
    U: int

    @property
    def name(self) -> str:
        """Its name in `SHAPES`, else as it is written: 32x100x64x128."""
        known = (name for name, shape in SHAPES.items() if shape == self)
        return next(known, f"{self.B}x{self.T}x{self.F}x{self.U}")


SHAPES = {
    "small": Shape(32, 20, 1, 32),
    "middle": Shape(32, 100, 64, 128),
    "large": Shape(64, 200, 128, 256),
    "long": Shape(16, 1000, 64, 128),
    "batch1": Shape(1, 100, 64, 128),
}
SWEPT = Shape(32, 100, 64, 64)  # where a sweep starts from


@dataclass(frozen=True)
class Case:
    """One set of contenders: they differ in who computes and in the mask, in nothing else."""

    layer: str = "lstm"
    shape: Shape = SHAPES["middle"]
    step: str = "training"  # one of PASSES
    masks: tuple[str, ...] = MASKS
    direction: str = "forward"
    precision: str = "float32"
    device: str | None = None
    seconds: float = 3.0
    seed: int = 0

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
        return replace(found, shape=Shape(**found.shape), masks=tuple(found.masks))


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


def shapes(text: str) -> list[Shape]:
    """Shapes by name or as BxTxFxU, separated by commas.

    Raises `InputError` for what is neither.

    >>> shapes("small,8x50x3x16")
    [Shape(B=32, T=20, F=1, U=32), Shape(B=8, T=50, F=3, U=16)]
    """
    return [_shape(word.strip()) for word in text.split(",")]


def _shape(word):
    if word in SHAPES:
        return SHAPES[word]
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*){3}", word):
        raise InputError(
            f"--shapes {word!r}, expected {', '.join(SHAPES)} or BxTxFxU such as 32x100x64x128: "
            "write it so"
        )
    return Shape(*map(int, word.split("x")))


def sweep(text: str, base: Shape = SWEPT) -> list[Shape]:
    """`base` with one letter of B, T, F, U replaced by each value in turn.

    Raises `InputError` for what does not parse.

    >>> [shape.T for shape in sweep("T=50,100")]
    [50, 100]
    """
    if not re.fullmatch(r"[BTFU]=[1-9]\d*(,[1-9]\d*)*", text):
        raise InputError(f"--sweep {text!r}, expected such as T=50,100,200: write it so")
    letter, values = text.split("=")
    return [replace(base, **{letter: int(value)}) for value in values.split(",")]


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
        "path": None,
        **dict.fromkeys(NUMBERS),
        **dict(found),
        "ok": reason is None,
        "reason": reason,
    }
