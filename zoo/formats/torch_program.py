"""torch's `.pt2`: a program with open batch and time, from whichever backend is running."""

import json

from zoo.errors import InputError, missing, one_line
from zoo.formats.child import write_by
from zoo.formats.fitting import fitting

EXTRA = "torch"
SUFFIX = ".pt2"
NAMES = "names.json"  # a file in the archive, as `torch.export.load` gives it back


def write(model, path, names=(None, None)):
    """Write one `.pt2` file, which torch alone runs, on a CPU or on a GPU.

    names: of the inputs and of the outputs, where they are not to be Keras's. On another backend,
    or on a GPU, which the file would be bound to, a child process on torch does the work.

    Raises `InputError` for a model that torch cannot export with all its sizes open.
    """
    from zoo import backends
    from zoo.formats.ready import check_stateless

    check_stateless(model)
    if backends.name() != "torch" or backends.on_gpu():
        write_by("torch", EXTRA, __name__, model, path, names=names)
        return
    import torch

    from zoo.formats.torch_export import exported

    program, names = exported(model, *names)
    torch.export.save(program, str(path), extra_files={NAMES: json.dumps(names)})


def outputs(path, inputs):
    """The outputs of the file by torch alone, a list of arrays."""
    return opened(path)(inputs)


def opened(path):
    """The file as a function: arrays in the order of the model's inputs -> a list of its outputs.

    Raises `InputError` for a file that is no `.pt2`, and the function for arrays that do not fit.
    """
    try:
        import torch
    except ImportError as error:
        raise missing("torch", EXTRA) from error
    try:
        program = torch.export.load(str(path))
        module = program.module()
    except Exception as error:  # of many kinds: of archives, of versions, of operators
        raise InputError(
            f"{str(path)!r} cannot be read as a .pt2 file: {one_line(error)}: export it again"
        ) from error
    fit = fitting(path, _wanted(program))

    def run(inputs):
        tensors = map(torch.from_numpy, fit(inputs))
        with torch.inference_mode():
            return [x.numpy() for x in module(*tensors)]

    return run


def _wanted(program):
    """(name, dtype, shape) of each input, None for a size that is open."""
    reads = set(program.graph_signature.user_inputs)
    found = []
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in reads:
            value = node.meta["val"]
            shape = tuple(size if isinstance(size, int) else None for size in value.shape)
            found.append((node.name, str(value.dtype).removeprefix("torch."), shape))
    return found
