"""TensorFlow SavedModel with TensorFlow Serving's signatures, from whichever backend is running."""

from zoo.errors import InputError, missing, one_line
from zoo.formats.child import write_by
from zoo.formats.fitting import fitting

EXTRA = "export"
SUFFIX = ""  # a folder
# One file holds all: the whole model, its parts and its loops.
SIGNATURES = {
    "model": "serving_default",
    "encoder": "encode",
    "decoder": "decode",
    "step": "step",
}


def write(model, path, names=None, decoding=None, steps=False):
    """Write a SavedModel with the signature `serving_default`: inputs and outputs by Keras's names.

    names: of its inputs and outputs, where they are not to be Keras's; steps: with the signatures
    of the model's parts, and with a `Decoding` those of its whole decoding: see
    `zoo.formats.programs.programs`. Batch, time and steps are open in all of them. On another
    backend, or on a GPU, whose kernels would bind the file to it, a child process on TensorFlow
    does the work.
    """
    from zoo import backends

    if backends.name() != "tensorflow" or backends.on_gpu():
        options = {"decoding": decoding, "names": names, "steps": steps}
        write_by("tensorflow", EXTRA, __name__, model, path, **options)
        return
    from zoo.formats.programs import programs, whole
    from zoo.formats.ready import ready

    default, more = whole(ready(model), names), steps or decoding is not None
    made = {"serving_default": default, **(programs(model, decoding) if more else {})}
    _save(path, default, made)


def _save(path, default, made):
    import tensorflow as tf

    from zoo.backends.tensorflow_recurrent import forward_only

    def by_place(*tensors):
        found = default.function(dict(zip(default.inputs, tensors, strict=True)))
        return list(found.values())

    module = tf.Module()
    # What the functions read has to hang on the module, or it would not be saved.
    held = {id(v): v.value for program in made.values() for v in program.variables}
    module.held = list(held.values())
    specs = _specs(tf, default)
    # A signature knows no order: this function has the model's.
    module.serve = tf.function(by_place, input_signature=list(specs.values()), autograph=False)
    with forward_only():
        signatures = {name: _signature(tf, program) for name, program in made.items()}
        tf.saved_model.save(module, str(path), signatures=signatures)


def _signature(tf, program):
    function = tf.function(lambda **tensors: program.function(tensors), autograph=False)
    return function.get_concrete_function(**_specs(tf, program))


def _specs(tf, program):
    return {
        name: tf.TensorSpec((None, *shape[1:]) if shape else (), dtype, name=name)
        for name, (shape, dtype) in program.inputs.items()
    }


def outputs(path, inputs):
    """The outputs of the file by TensorFlow alone, a list of arrays."""
    return opened(path)(inputs)


def opened(path):
    """The file as a function: arrays in the order of the model's inputs -> a list of its outputs.

    Raises `InputError` for a folder that is no SavedModel of this package, and the function for
    arrays that do not fit.
    """
    tf = _tensorflow()
    loaded = load(path)
    try:
        (serve,) = loaded.serve.concrete_functions
    except (AttributeError, ValueError) as error:
        raise InputError(
            f"{str(path)!r} is a SavedModel without the function 'serve' that gives the model's "
            "own order, expected one that zoo exported: export the model again"
        ) from error
    specs = serve.structured_input_signature[0]
    fit = fitting(path, [(s.name, s.dtype.name, tuple(s.shape)) for s in specs])

    def run(inputs):
        found = loaded.serve(*map(tf.constant, fit(inputs)))
        return [x.numpy() for x in found]

    run.loaded = loaded  # a function does not keep alive what it was restored with
    return run


def signature(path, name):
    """A signature of the file as a function of arrays by name that returns arrays by name.

    Raises `InputError` for a name that the file does not have, and the function for arrays that do
    not fit.
    """
    tf = _tensorflow()
    loaded = load(path)
    if name not in loaded.signatures:
        raise InputError(
            f"signature {name!r} is not one of {', '.join(sorted(loaded.signatures))}: choose one"
        )
    function = loaded.signatures[name]
    specs = function.structured_input_signature[1]
    fit = fitting(path, [(key, s.dtype.name, tuple(s.shape)) for key, s in specs.items()])

    def run(**arrays):
        if set(arrays) != set(specs):
            given, expected = (", ".join(sorted(names)) for names in (arrays, specs))
            raise InputError(f"inputs {given} given to {name!r}, expected {expected}")
        values = fit([arrays[key] for key in specs])
        found = function(**dict(zip(specs, map(tf.constant, values), strict=True)))
        return {key: x.numpy() for key, x in found.items()}

    run.loaded = loaded
    return run


def load(path):
    """The SavedModel as TensorFlow has it. Raises `InputError` for a folder that is none."""
    try:
        return _tensorflow().saved_model.load(str(path))
    except InputError:
        raise
    except Exception as error:  # a dozen kinds, by the file that is damaged
        raise InputError(
            f"{str(path)!r} cannot be read as a SavedModel: {one_line(error)}: export it again"
        ) from error


def _tensorflow():
    try:
        import tensorflow
    except ImportError as error:
        raise missing("tensorflow", EXTRA) from error
    return tensorflow
