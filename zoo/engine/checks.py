"""What all decoders ask of their arguments, before the work: NumPy alone."""

from numbers import Integral, Real

import numpy as np

from zoo.errors import InputError


def check_whole(name, value, least=1):
    """Raise `InputError` unless `value` is a whole number of at least `least`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise InputError(f"{name} is {value!r}, expected a whole number of at least {least}")


def check_number(name, value, expected, fits):
    """Raise `InputError` unless `value` is a number for which `fits(value)` holds."""
    if not isinstance(value, Real) or not fits(value):  # NaN fits nothing
        raise InputError(f"{name} is {value!r}, expected {expected}")


def check_token(name, token, vocabulary):
    """Raise `InputError` unless `token` is the number of one of the `vocabulary` tokens."""
    if not isinstance(token, Integral) or not 0 <= token < vocabulary:
        raise InputError(f"{name} is {token!r}, expected a token from 0 to {vocabulary - 1}")


def check_sound(sound):
    """Raise `InputError` unless the logits that were met were `sound`."""
    if not sound:
        raise InputError(
            "the step gave logits that are NaN or infinite, expected finite ones: "
            "check that its weights were trained and loaded"
        )


def start_tokens(start):
    """The first token of each row: (B,) int32. Raises `InputError` for anything else."""
    array = np.asarray(start)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu" or array.min() < 0:
        raise InputError(
            f"start has shape {array.shape} and type {array.dtype}, "
            "expected one token number per row: pass integers (B,), none negative"
        )
    return array.astype("int32")


def allowed_tokens(allowed, vocabulary):
    """Which tokens may be written: (V,) bool. Raises `InputError` for anything else."""
    array = np.asarray(allowed)
    if array.shape != (vocabulary,) or array.dtype != bool or not array.any():
        raise InputError(
            f"allowed has shape {array.shape} and type {array.dtype}, "
            f"expected ({vocabulary},) bool with at least one True: one entry per token"
        )
    return array


def room(steps):
    """The next power of two: buffers of this length make nearby step counts share one program."""
    return max(16, 1 << (int(steps) - 1).bit_length())


def check_beams(beam_width, steps, pad, length_penalty):
    """Raise `InputError` for settings of a beam search that are out of range."""
    check_whole("beam_width", beam_width)
    check_whole("steps", steps)
    check_whole("pad", pad, least=0)
    check_number("length_penalty", length_penalty, "0 or more", lambda x: 0 <= x < np.inf)


def check_width(beam_width, vocabulary):
    """Raise `InputError` for a beam wider than the `vocabulary` tokens."""
    if beam_width > vocabulary:
        raise InputError(
            f"beam_width is {beam_width}, the vocabulary has {vocabulary} tokens: "
            f"choose a width of at most {vocabulary}"
        )


def without_head(paths):
    """What to raise when paths are asked for and there is no distribution to sample from."""
    return InputError(
        f"paths is {paths} without a head, expected a distribution to sample from: give head="
    )
