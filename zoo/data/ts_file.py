"""The `.ts` format of the UCR and UEA archives (sktime, aeon): one labelled series a line.

    # a comment
    @problemName Gestures
    @timeStamps false
    @univariate false
    @dimensions 2
    @equalLength false
    @classLabel true left right
    @data
    0.1,0.3,?:2,4,8:left

Channels are divided by colons, values by commas, the label comes last; `?` is a missing value.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data.table import finite
from zoo.data.text import read_utf8
from zoo.errors import InputError

FLAGS = ("timestamps", "missing", "univariate", "equallength", "classlabel", "targetlabel")
COUNTS = ("dimensions", "serieslength")
KEYS = ("problemname", *FLAGS, *COUNTS, "data")
MISSING = ("?", "nan")


@dataclass(frozen=True)
class Header:
    """What stands before the series: None where the file does not say.

    dimensions: channels C; length: steps T where all series have as many; labels: the known
    classes, () for any, None where the series carry no label; data: the number of the line `@data`.
    """

    dimensions: int | None
    equal: bool
    length: int | None
    labels: tuple[str, ...] | None
    data: int


def read_ts(path: str | Path) -> tuple[list[np.ndarray], list[str] | None]:
    """The series of a `.ts` file, each float32 (T, C) with NaN where a value is missing, and
    their labels, None where the file has none.

    Raises `InputError` with file, line, what was expected and what to do: for an unknown or
    lacking header line, time stamps, targets of a regression, and a series with another number of
    channels, channels of several lengths, an unknown label or something that is no number.
    """
    lines = [line.strip() for line in read_utf8(path).split("\n")]
    header = _header(path, lines)
    series, labels = [], []
    for number, line in enumerate(lines[header.data :], header.data + 1):
        if not line or line.startswith("#"):
            continue
        channels, label = _parts(path, number, line, header)
        _check_channels(path, number, channels, header.dimensions or _width(series))
        values = [_values(path, number, k, c) for k, c in enumerate(channels, 1)]
        _check_lengths(path, number, values, _length(header, series))
        series.append(np.array(values, "float32").T)
        labels.append(label)
    if not series:
        raise InputError(
            f"{str(path)!r} has nothing behind @data, expected one series a line: add some"
        )
    return series, None if header.labels is None else labels


def _width(series):
    return series[0].shape[1] if series else None


def _length(header, series):
    """The steps that the next series must have, None for any."""
    if not header.equal:
        return None
    return header.length or (len(series[0]) if series else None)


def _wrong(path, number, found, expected, fix="correct the line"):
    return InputError(f"{str(path)!r} line {number}: {found}, expected {expected}: {fix}")


def _header(path, lines):
    """The `Header`; every line up to `@data` must be one, a comment or empty."""
    found = {}
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        key, *values = line.split()
        name = key[1:].lower()
        name = "dimensions" if name == "dimension" else name
        if not key.startswith("@"):
            raise _wrong(path, number, f"{_short(line)!r}", "a line of the header, such as @data")
        if name not in KEYS:
            known = ", ".join(f"@{k}" for k in KEYS)
            raise _wrong(path, number, f"{key!r}", f"one of {known}", "correct or remove the line")
        if name == "data":
            return _decided(path, found, number)
        found[name] = _setting(path, number, key, name, values)
    raise InputError(f"{str(path)!r} has no line @data, expected it before the series: add it")


def _setting(path, number, key, name, values):
    """The value of a header line: a flag (for labels with what follows it), a count or text."""
    first = values[0].lower() if values else ""
    if name in FLAGS:
        if first not in ("true", "false"):
            raise _wrong(path, number, f"{key} {first!r}", "true or false")
        if first == "true" and name in ("timestamps", "targetlabel"):
            what = {"timestamps": "time stamps", "targetlabel": "the targets of a regression"}
            fix = "write the file without them" if name == "timestamps" else "give class labels"
            raise _wrong(path, number, f"{key} true", f"no {what[name].removeprefix('the ')}", fix)
        if name == "classlabel":
            return tuple(values[1:]) if first == "true" else None
        return first == "true"
    if name in COUNTS:
        if not first.isdecimal() or int(first) < 1:
            raise _wrong(path, number, f"{key} {first!r}", "a whole number from 1")
        return int(first)
    return " ".join(values)


def _decided(path, found, number):
    if "classlabel" not in found:
        raise InputError(
            f"{str(path)!r} has no line @classLabel before @data, expected '@classLabel true' and "
            "the labels, or '@classLabel false': add it"
        )
    return Header(
        dimensions=found.get("dimensions", 1 if found.get("univariate") else None),
        equal=found.get("equallength", False),
        length=found.get("serieslength"),
        labels=found["classlabel"],
        data=number,
    )


def _parts(path, number, line, header):
    """A line as its channels and its label."""
    channels = line.split(":")
    if header.labels is None:
        return channels, None
    label = channels.pop().strip()
    if not channels:
        raise _wrong(path, number, "one part only", "channels and then the label, with colons")
    if not label or (header.labels and label not in header.labels):
        known = ", ".join(header.labels) or "one behind the last colon"
        fix = "correct it, or add it to @classLabel"
        raise _wrong(path, number, f"the label {_short(label)!r}", f"one of {known}", fix)
    return channels, label


def _check_channels(path, number, channels, expected):
    if expected is not None and len(channels) != expected:
        found = f"{len(channels)} channels"
        raise _wrong(path, number, found, f"{expected}", "correct the line, or @dimensions")


def _check_lengths(path, number, values, expected):
    """All channels have the same number of steps, and that of the header if it names one."""
    for k, channel in enumerate(values, 1):
        if len(channel) != len(values[0]):
            found = f"channel {k} has {len(channel)} values"
            raise _wrong(path, number, found, f"{len(values[0])} as in channel 1")
    if expected is not None and len(values[0]) != expected:
        fix = "correct the line, or say @equalLength false"
        raise _wrong(path, number, f"{len(values[0])} steps", f"{expected} as @equalLength", fix)


def _values(path, number, channel, cells):
    return [_value(path, number, channel, cell.strip()) for cell in cells.split(",")]


def _value(path, number, channel, cell):
    if cell.lower() in MISSING:
        return math.nan
    if (value := finite(cell)) is None:
        found = f"{_short(cell)!r} in channel {channel}"
        raise _wrong(path, number, found, "a finite number, or ? for a missing one")
    return value


def _short(text, length=40):
    return text if len(text) <= length else f"{text[:length]}..."
