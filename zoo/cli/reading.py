"""How a file of the user's is read: the options of `zoo train` and `zoo evaluate`, in one place.

A recipe's `load` takes those that it has as keyword-only arguments; another one is refused. A new
option is a row of the table.
"""

import functools
from inspect import Parameter, signature
from typing import Annotated

import typer

from zoo.errors import InputError

# name: its kind, and what it names. A tuple is given as a,b,c.
OPTIONS = {
    "column": (str, "The column with the tags: a name or a number."),
    "text": (str, "The column with the texts."),
    "label": (str, "The column with the labels."),
    "target": (str, "The column to forecast."),
    "time": (str, "The column with the times."),
    "exogenous": (tuple, "Columns that are known besides: a,b."),
    "series": (str, "The column that names the series of a row."),
    "frequency": (str, "How far rows lie apart: h, 15min, D, W, M, Y."),
    "season": (int, "How many steps until the same season comes again."),
    "fold": (int, "Of the sprites: which fifth is held out, 1 to 5."),
}


def reads_data(function):
    """Give a verb the options of the table; what was given arrives as its dictionary `reading`."""
    declared = [_parameter(name, *row) for name, row in OPTIONS.items()]
    own = signature(function)
    place = list(own.parameters).index("reading")

    @functools.wraps(function)
    def verb(**arguments):
        reading = {name: _value(name, arguments.pop(name)) for name in OPTIONS}
        reading = {name: value for name, value in reading.items() if value is not None}
        return function(**arguments, reading=reading)

    parameters = list(own.parameters.values())
    parameters[place : place + 1] = declared
    verb.__signature__ = own.replace(parameters=parameters)
    verb.__annotations__ = {p.name: p.annotation for p in parameters}
    return verb


def words(reading):
    """The options as a command line has them.

    >>> words({"target": "sales", "exogenous": ["price", "day"]})
    ['--target', 'sales', '--exogenous', 'price,day']
    """
    pairs = [
        (f"--{name}", ",".join(value) if isinstance(value, list) else str(value))
        for name, value in reading.items()
    ]
    return [word for pair in pairs for word in pair]


def _parameter(name, kind, text):
    annotation = Annotated[(int if kind is int else str) | None, typer.Option(help=text)]
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=annotation)


def _value(name, given):
    """The value of an option, a list where it names several columns; `InputError` if empty."""
    kind, _ = OPTIONS[name]
    if given is None:
        return None
    if kind is int:
        if given < 1:
            raise InputError(f"--{name} {given}, expected 1 or more: choose another")
        return given
    parts = [part.strip() for part in given.split(",")] if kind is tuple else [given.strip()]
    if not all(parts):
        raise InputError(f"--{name} {given!r} has an empty name: give it, or leave --{name} out")
    return parts if kind is tuple else parts[0]
