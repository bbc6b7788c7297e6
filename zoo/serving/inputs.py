"""From the bytes of a request to what a model reads, or an error that says what is wrong."""

import json
import math

import numpy as np

from zoo.errors import InputError, one_line

# Options that ask for work, and the field of `Limits` that bounds them.
BOUNDED = {"steps": "steps", "paths": "steps", "beam_width": "width", "alternatives": "width"}
FLAGS = {"attention"}  # options that are true or false, which Python would take for 1 and 0
LARGEST = 2**31 - 1  # of any number in an option: seeds become 32-bit integers
ENTRIES = 16  # of a list in an option


def parse(body, predictor, limits):
    """(inputs, options) of a request's body.

    Raises `ValueError` for what is no JSON, and `InputError`, which is one too, for what is no
    request, or more than `limits` allow.
    """
    document = _json(body)
    if not isinstance(document, dict) or "inputs" not in document:
        raise ValueError('the body is not {"inputs": [...], "options": {...}}: send that')
    if unknown := sorted(set(document) - {"inputs", "options"}):
        raise ValueError(f"the body has {unknown[0]!r}, expected inputs and options: leave it out")
    given, options = document["inputs"], document.get("options", {})
    if not isinstance(given, list):
        raise ValueError("inputs is not a list, expected one, also of one input: put it in [ ]")
    if not isinstance(options, dict):
        raise ValueError("options is not an object, expected names and values: send {} for none")
    if not 1 <= len(given) <= limits.inputs:
        raise InputError(f"{len(given)} inputs, expected 1 to {limits.inputs} in a request")
    check_options(options, predictor, limits)
    return [one_input(x, k, predictor.spec, limits) for k, x in enumerate(given, 1)], options


def _json(body):
    def refuse(constant):
        raise ValueError(f"{constant} is no number")

    try:
        text = body.decode("utf-8")
        document = json.loads(text, parse_constant=refuse)
        if "\\u" in text:  # half a surrogate pair may be escaped, but is no character
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise ValueError("the body is not UTF-8, expected JSON in UTF-8") from error
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {one_line(error)}") from error
    except RecursionError as error:
        raise ValueError("the body is nested too deeply, expected lists of numbers") from error
    return document


def check_options(options, predictor, limits):
    """Raise `InputError` for an option that the model has not, and for one that asks too much."""
    for name, value in options.items():
        if name not in predictor.options:
            raise InputError(
                f"model {predictor.name!r} takes no option {name!r}, expected "
                f"{' or '.join(predictor.options) or 'none'}: leave it out"
            )
        if name in BOUNDED and value is not None:
            most = getattr(limits, BOUNDED[name])
            if type(value) is not int or not 0 <= value <= most:
                raise InputError(f"{name} is {_short(value)}, expected a whole number up to {most}")
        if (name in FLAGS) != isinstance(value, bool) or not _plain(value, limits):
            expected = f"a number up to {LARGEST}, a text, or a list of {ENTRIES} texts at most"
            if name in FLAGS:
                expected = "true or false"
            raise InputError(f"{name} is {_short(value)}, expected {expected}")


def _plain(value, limits):
    if isinstance(value, list):
        short = len(value) <= ENTRIES
        return short and all(isinstance(v, str) and _plain(v, limits) for v in value)
    if isinstance(value, str):
        return len(value) <= limits.length
    if isinstance(value, (int, float)):
        return math.isfinite(value) and abs(value) <= LARGEST
    return value is None


def _short(value):
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "..."


def kind(spec):
    """What an input of a model is: "text", or the shape of an array, None where any size will do.

    spec: as the model's task saved it. What is not known as a text is numbers: a string could be a
    path.

    >>> kind({"image": [8, 8, 1]}), kind({"window": 20}), kind({"source": "..."})
    ((8, 8, 1), (None,), 'text')
    """
    if "image" in spec:
        return tuple(spec["image"])
    if "frame" in spec:
        return (None, *spec["frame"], 3)
    if "mean" in spec:
        return (None, len(spec["mean"]))
    if "window" in spec:
        return (None,)
    if {"source", "vocabulary", "words", "symbols"} & set(spec):
        return "text"
    return (None, 1)


def describe(spec) -> str:
    """What an input is, in words.

    >>> describe({"mean": [0.0, 0.0]})
    'numbers of shape (any, 2), nested lists'
    """
    shape = kind(spec)
    if shape == "text":
        return "a text"
    sizes = ", ".join("any" if size is None else str(size) for size in shape)
    whole = "whole numbers from 0 to 255" if "frame" in spec else "numbers"
    return f"{whole} of shape ({sizes}), nested lists"


def one_input(value, k, spec, limits):
    """The k-th input as the model reads it: a string, or an array. `InputError` for another."""
    expected = f"expected {describe(spec)}"
    if kind(spec) == "text":
        if not isinstance(value, str):
            raise InputError(f"input {k} is {_short(value)}, {expected}")
        if len(value) > limits.length:
            raise InputError(
                f"input {k} has {len(value)} characters, expected at most {limits.length}: cut it"
            )
        return value
    if not isinstance(value, list):
        raise InputError(f"input {k} is {_short(value)}, {expected}")
    array = _array(value, k, expected)
    shape = kind(spec)
    if shape[-1] == 1 and array.ndim == len(shape) - 1:
        array = array[..., None]  # (H, W) for one channel, (T,) for one feature
    if not _fits(array.shape, shape):
        raise InputError(f"input {k} has shape {array.shape}, {expected}")
    if not 1 <= len(array) <= limits.length:
        raise InputError(f"input {k} has {len(array)} steps, expected 1 to {limits.length}: cut it")
    if "frame" not in spec:
        return array
    if (array != np.clip(np.floor(array), 0, 255)).any():
        raise InputError(f"input {k} has other numbers, {expected}")
    return array.astype("uint8")


def _fits(found, shape):
    sizes = zip(found, shape, strict=False)
    return len(found) == len(shape) and all(b in (a, None) for a, b in sizes)


def _array(value, k, expected):
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged, or deeper than arrays go
        raise InputError(f"input {k} has lists of different lengths, {expected}") from error
    if array.dtype.kind not in "iuf":
        raise InputError(f"input {k} has something else among its numbers, {expected}")
    with np.errstate(over="ignore"):
        array = array.astype("float32")
    if not np.isfinite(array).all():
        raise InputError(f"input {k} has a number that is not finite in float32, {expected}")
    return array
