"""From a Keras model to an ONNX model."""

from zoo.errors import InputError
from zoo.formats.names import check_graph, input_names, output_names
from zoo.formats.onnx_graph.graph import Graph
from zoo.formats.onnx_graph.registry import Unsupported, refusal
from zoo.formats.onnx_graph.walk import start, walk

HALF = ("float16", "bfloat16")


def convert(model, inputs=None, outputs=None, plain=False):
    """The ONNX `ModelProto` of a functional or Sequential model, in float32.

    inputs, outputs: names, one for each of the model's, where they are not to be Keras's. Batch and
    every size that the model leaves open are open in the file too. plain: for runtimes that do less
    than ONNX says: recurrent nodes of one direction each, without lengths or coupled gates, in a
    graph that gives the same under any mask.

    Raises `InputError` that names the first layer that cannot be converted, and how to help it.

    >>> import keras
    >>> model = keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(4)])
    >>> proto = convert(model, ["x"], ["y"])
    >>> [d.dim_param or d.dim_value for d in proto.graph.output[0].type.tensor_type.shape.dim]
    ['batch', 4]
    """
    _check(model)
    graph = Graph(model.name, plain)
    given = [
        graph.input(name, _axes(model, tensor, name), tensor.dtype)
        for tensor, name in zip(model.inputs, inputs or input_names(model), strict=True)
    ]
    try:
        values = walk(graph, model.outputs, start(graph, model.inputs, given))
    except Unsupported as error:  # of an operation that stands in no layer
        raise refusal("model", model, error) from error
    named = zip(outputs or output_names(model), values, strict=True)
    return graph.model([(name, _open(graph, value, name)) for name, value in named])


def _check(model):
    check_graph(model)
    for layer in model._flatten_layers():
        if layer.compute_dtype in HALF:
            raise InputError(
                f"layer {layer.name!r} computes in {layer.compute_dtype}, expected float32: load "
                "the model in that precision, or use another format"
            )


def _axes(model, tensor, name):
    """The axes of an input: numbers, and names for those that are open."""
    # Two inputs may have different lengths.
    several = sum(None in t.shape[1:] for t in model.inputs) > 1
    prefix = f"{name}_" if several else ""
    names = ["batch", f"{prefix}time", *(f"{prefix}axis{k}" for k in range(2, len(tensor.shape)))]
    return [names[k] if size is None else size for k, size in enumerate(tensor.shape)]


def _open(graph, value, name):
    """An output with a name for each open axis, also where inference lost it."""
    names = [f"{name}_axis{k}" if k else "batch" for k in range(value.rank)]
    return graph.known(value, [a or b for a, b in zip(value.shape, names, strict=True)])
