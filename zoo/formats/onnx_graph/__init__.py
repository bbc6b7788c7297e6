"""ONNX graphs of Keras models, written node by node: no tracing of a framework, no other converter.

`convert(model)` gives the `ModelProto`; `converts(LayerClass)` registers a converter for a layer,
also from a user's own code.
"""

from zoo.formats.onnx_graph import (  # noqa: F401  each registers its converters
    activations,
    arrays,
    choosing,
    elementwise,
    layers,
    network,
    recurrent,
    reductions,
)
from zoo.formats.onnx_graph.convert import convert
from zoo.formats.onnx_graph.graph import Graph, Value
from zoo.formats.onnx_graph.registry import Unsupported, converts, operation
from zoo.formats.onnx_graph.walk import traced

__all__ = ["Graph", "Unsupported", "Value", "convert", "converts", "operation", "traced"]
