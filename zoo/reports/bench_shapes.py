"""The sizes that `zoo bench` measures at: known ones by name, and how others are written."""

import re
from dataclasses import dataclass, replace

from zoo.errors import InputError


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
LENGTHS = Shape(8, 1, 128, 128)  # and one over lengths alone


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


def lengths(text: str, base: Shape = LENGTHS) -> list[Shape]:
    """`base` at each of these T, the shortest first: what is too long then costs nothing else.

    Raises `InputError` for what does not parse.

    >>> [shape.T for shape in lengths("256,64")]
    [64, 256]
    """
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", text):
        raise InputError(f"--lengths {text!r}, expected such as 64,256,1024: write it so")
    return [replace(base, T=T) for T in sorted({int(word) for word in text.split(",")})]
