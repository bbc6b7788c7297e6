"""Every registered model in a small size, with the parts that a decoder drives."""

from functools import cache

from onnx_checks import filled

import zoo
from zoo import registry
from zoo.errors import InputError
from zoo.formats import names as named

SMALL = dict(units=6, embedding=5, filters=(6, 8))


@cache
def small(name):
    """The model with few units and normal weights."""
    options = registry.recipe(name).options
    changes = {k: v for k, v in SMALL.items() if k in options and options[k] != "one_hot"}
    return filled(zoo.create_model(name, **changes))


def models():
    """(name, model, names of inputs and outputs) of every model and part of one."""
    for name in registry.list_models():
        yield name, small(name), (None, None)
        for part, model, names in parts(name):
            yield f"{name}/{part}", model, names


def parts(name):
    """(part, model, names) of a model that generates, none for any other."""
    try:
        return named.parts(small(name))
    except InputError:  # it needs the whole sequence at once
        return []
