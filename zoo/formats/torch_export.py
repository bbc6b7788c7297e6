"""A Keras model on torch as one exported program of torch, every open size left open."""

import inspect
import re
from itertools import count

import keras
import numpy as np
import torch
from torch.export import Dim

from zoo.errors import InputError, one_line
from zoo.formats.names import input_names, output_names, unique
from zoo.formats.ready import on_fast_layers, ready
from zoo.formats.torch_loops import open_in_time
from zoo.models.carry import as_inputs

BATCH, FIRST = 3, 5  # example sizes: none is 1, which a trace would take for a constant
MOST_AXES = 5  # open axes of which every sharing of lengths is tried


def exported(model, inputs=None, outputs=None):
    """(`torch.export.ExportedProgram`, {"inputs": names, "outputs": names}) of a functional model.

    inputs, outputs: names, one for each of the model's, where they are not to be Keras's.

    Raises `InputError` for a model that torch cannot export with all its sizes open.
    """
    reads, gives = inputs or input_names(model), outputs or output_names(model)
    reads, gives = unique(reads), unique(gives)
    model, arguments = ready(on_fast_layers(model)), _identifiers(reads)
    sizes = _open_sizes(model, reads)
    examples = tuple(_example(*each) for each in zip(model.inputs, sizes, strict=True))
    axes = [{k: axis[0] for k, axis in each.items()} for each in sizes]
    try:
        with torch.no_grad(), open_in_time():
            program = torch.export.export(
                _Module(model, arguments),
                examples,
                dynamic_shapes=dict(zip(arguments, axes, strict=True)),
                strict=False,
            )
    except Exception as error:  # torch's own, of a dozen kinds, and what a layer raises
        raise InputError(
            f"model {model.name!r} cannot be exported by torch with its batch and time open: "
            f"{_cause(error)}: find the layer that asks for a size, or use another format"
        ) from error
    return program, {"inputs": reads, "outputs": gives}


def _cause(error):
    """What torch says of a size that the code fixed; of anything else its first line."""
    found = re.search(r"You marked (\w+) as dynamic but your code specialized it .*?\.", str(error))
    return found[0] if found else f"{type(error).__name__}: {one_line(error)}"


class _Module(torch.nn.Module):
    """A Keras model whose variables are buffers, with an argument for each of its inputs."""

    def __init__(self, model, arguments):
        super().__init__()
        # Past torch, which would take the model for a part with weights of its own.
        self.__dict__["model"] = model
        self.places = []
        for k, variable in enumerate(model.variables):
            path = re.sub(r"\W", "_", variable.path)
            self.places.append(f"{path}_{k}")
            # A copy: an initializer may have left a view of something larger.
            value = variable.value.detach().clone(memory_format=torch.contiguous_format)
            self.register_buffer(self.places[-1], value)
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter(name, kind) for name in arguments]
        self.forward = _signed(self._run, inspect.Signature(parameters))

    def _run(self, *tensors):
        values = [getattr(self, place) for place in self.places]
        mapping = list(zip(self.model.variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            found = self.model(as_inputs(self.model, list(tensors)), training=False)
        return tuple(keras.tree.flatten(found))


def _signed(function, signature):
    def forward(*tensors):
        return function(*tensors)

    forward.__signature__ = signature
    return forward


def _identifiers(names):
    """Names as Python may have them, each once."""
    return unique(re.sub(r"\W|^(?=\d)", "_", name) for name in names)


def _open_sizes(model, names):
    """For each input {axis: (its `Dim`, an example size)}.

    Open axes may have lengths of their own or some in common (a memory and its mask): the first
    way to share them that the model can be run with, from all apart to all alike.
    """
    axes = [
        (k, a) for k, t in enumerate(model.inputs) for a, n in enumerate(t.shape) if a and not n
    ]
    for groups in sorted(_partitions(axes), key=len, reverse=True):
        sizes = _sizes(model, names, groups)
        try:
            tensors = [_example(*each) for each in zip(model.inputs, sizes, strict=True)]
            with torch.no_grad():
                model(as_inputs(model, tensors), training=False)
        except Exception:  # whatever a layer says of two lengths that have to be one
            continue
        return sizes
    return _sizes(model, names, [axes] if axes else [])


def _partitions(items):
    """All ways to divide a list into groups; of a long list only all apart and all together."""
    if len(items) > MOST_AXES:
        yield [[item] for item in items]
        yield [items]
        return
    if not items:
        yield []
        return
    first, *rest = items
    for groups in _partitions(rest):
        yield [[first], *groups]
        for k, group in enumerate(groups):
            yield [*groups[:k], [first, *group], *groups[k + 1 :]]


def _sizes(model, names, groups):
    found = [{0: (Dim("batch"), BATCH)} for _ in model.inputs]
    for size, group in zip(count(FIRST, 2), groups, strict=False):
        k, axis = group[0]
        shared = Dim(re.sub(r"\W", "_", f"{names[k]}_axis{axis}"))
        for k, axis in group:
            found[k][axis] = shared, size
    return found


def _example(tensor, axes):
    shape = [axes[k][1] if k in axes else size for k, size in enumerate(tensor.shape)]
    return torch.from_numpy(np.ones(shape, str(tensor.dtype)))
