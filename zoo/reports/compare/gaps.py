"""How far numbers are from those of the reference: NumPy alone."""

import numpy as np

PARTED = 1e-3  # of the reference's loss: from here on two curves are two


def compared_outputs(found, known, bar) -> dict:
    """absolute, relative, bar, within of outputs beside those of the reference.

    within: no output is further off than `bar`, or than `bar` of the largest where that is over 1.
    """
    wanted = [known[f"output{k}"] for k in range(len(found))]
    gaps = compared(found, wanted, bar)
    scale = max(1.0, *(float(np.abs(v).max(initial=0)) for v in wanted))
    near = gaps["absolute"] is not None and gaps["absolute"] <= bar * scale
    return gaps | {"within": near}


def compared(found, wanted, bar, least=0.0) -> dict:
    """absolute, relative, bar, within: the largest difference, alone and beside the largest value.

    within: the relative one is at most `bar`; what is not finite has no difference and is not.
    least: what counts at least as the largest value: of a gradient that is all but zero, the
    rounding of the others is all that is left.
    """
    gap, scale = 0.0, float(least)
    for value, truth in zip(found, wanted, strict=True):
        difference = np.abs(np.asarray(value, "float64") - truth)
        gap = float(np.maximum(gap, difference.max(initial=0)))  # NaN stays NaN
        scale = max(scale, float(np.abs(truth).max(initial=0)))
    if not np.isfinite(gap):
        return {"absolute": None, "relative": None, "bar": bar, "within": False}
    relative = gap / scale if scale else gap
    return {"absolute": gap, "relative": relative, "bar": bar, "within": relative <= bar}


def finite(value) -> float | None:
    """A number in seven figures; None for what is not finite, which JSON does not have."""
    return float(f"{value:.7g}") if np.isfinite(value) else None


def parting(losses, wanted) -> int | None:
    """The first step, from 1, whose loss differs by more than a thousandth; None where none does.

    A thousandth of the reference's loss, or where that has fallen below a hundredth of the first
    one, of that hundredth.

    >>> parting([1.0, 0.5, 0.3], np.array([1.0, 0.5, 0.2]))
    3
    """
    wanted = np.asarray(wanted)
    scale = np.maximum(np.abs(wanted), 0.01 * abs(wanted[0]))
    apart = ~(np.abs(np.asarray(losses) - wanted) <= PARTED * scale)  # NaN is apart
    return int(np.argmax(apart)) + 1 if apart.any() else None
