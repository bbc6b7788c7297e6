"""Operations of `keras.ops` that treat each element by itself."""

import math

import keras

from zoo.formats.onnx_graph.registry import OPERATIONS, Unsupported, as_value, operation

# name of the class in Keras -> ONNX node with the same meaning, of numbers with a fraction
UNARY = {
    "Arccos": "Acos",
    "Arccosh": "Acosh",
    "Arcsin": "Asin",
    "Arcsinh": "Asinh",
    "Arctan": "Atan",
    "Arctanh": "Atanh",
    "Cos": "Cos",
    "Cosh": "Cosh",
    "Erf": "Erf",
    "Exp": "Exp",
    "HardSilu": "HardSwish",
    "Isinf": "IsInf",
    "Isnan": "IsNaN",
    "Log": "Log",
    "Reciprocal": "Reciprocal",
    "Selu": "Selu",
    "Sigmoid": "Sigmoid",
    "Sin": "Sin",
    "Sinh": "Sinh",
    "Softplus": "Softplus",
    "Softsign": "Softsign",
    "Sqrt": "Sqrt",
    "Tan": "Tan",
    "Tanh": "Tanh",
}
# the same for any numbers
UNARY_OF_ANY = {
    "Absolute": "Abs",
    "Ceil": "Ceil",
    "Floor": "Floor",
    "LogicalNot": "Not",
    "Negative": "Neg",
    "Relu": "Relu",
    "Sign": "Sign",
}
BINARY = {
    "Add": "Add",
    "Equal": "Equal",
    "Greater": "Greater",
    "GreaterEqual": "GreaterOrEqual",
    "Less": "Less",
    "LessEqual": "LessOrEqual",
    "Maximum": "Max",
    "Minimum": "Min",
    "Multiply": "Mul",
    "Power": "Pow",
    "Subtract": "Sub",
}
LOGICAL = {"LogicalAnd": "And", "LogicalOr": "Or", "LogicalXor": "Xor"}


def common(graph, *xs):
    """All in the type that Keras gives their sum; Python's own numbers adapt to the others."""
    kinds = [getattr(x, "dtype", type(x)) for x in xs]
    dtype = keras.backend.result_type(*kinds)
    return [
        graph.cast(as_value(graph, x, None if hasattr(x, "dtype") else dtype), dtype) for x in xs
    ]


def floating(graph, x):
    """`x` as numbers with a fraction."""
    x = graph.value(x)
    return x if "float" in x.dtype else graph.cast(x, "float32")


def _unary(kind, fraction):
    def convert(graph, op, x):
        return graph.node(kind, floating(graph, x) if fraction else x)

    return convert


def _binary(kind):
    return lambda graph, op, x1, x2: graph.node(kind, *common(graph, x1, x2))


def _logical(kind):
    def convert(graph, op, x1, x2):
        return graph.node(kind, *(graph.cast(as_value(graph, x, "bool"), "bool") for x in (x1, x2)))

    return convert


OPERATIONS.update({name: _unary(kind, True) for name, kind in UNARY.items()})
OPERATIONS.update({name: _unary(kind, False) for name, kind in UNARY_OF_ANY.items()})
OPERATIONS.update({name: _binary(kind) for name, kind in BINARY.items()})
OPERATIONS.update({name: _logical(kind) for name, kind in LOGICAL.items()})


@operation("NotEqual")
def _not_equal(graph, op, x1, x2):
    return graph.node("Not", graph.node("Equal", *common(graph, x1, x2)))


@operation("Divide", "TrueDivide")
def _divide(graph, op, x1, x2):
    return graph.node("Div", *(floating(graph, x) for x in common(graph, x1, x2)))


@operation("DivideNoNan")
def _divide_no_nan(graph, op, x1, x2):
    x1, x2 = (floating(graph, x) for x in common(graph, x1, x2))
    zero = graph.node("Equal", x2, 0.0)
    return graph.node("Where", zero, 0.0, graph.node("Div", x1, graph.node("Where", zero, 1.0, x2)))


@operation("FloorDivide")
def _floor_divide(graph, op, x1, x2):
    x1, x2 = common(graph, x1, x2)
    if "float" in x1.dtype:
        return graph.node("Floor", graph.node("Div", x1, x2))
    # ONNX cuts towards zero: take away the remainder, which has the divisor's sign, before.
    return graph.node("Div", graph.node("Sub", x1, graph.node("Mod", x1, x2)), x2)


@operation("Mod")
def _mod(graph, op, x1, x2):
    x1, x2 = common(graph, x1, x2)
    if "float" not in x1.dtype:
        return graph.node("Mod", x1, x2)
    whole = graph.node("Floor", graph.node("Div", x1, x2))
    return graph.node("Sub", x1, graph.node("Mul", whole, x2))


@operation("Logaddexp")
def _logaddexp(graph, op, x1, x2):
    x1, x2 = (floating(graph, x) for x in common(graph, x1, x2))
    apart = graph.node("Neg", graph.node("Abs", graph.node("Sub", x1, x2)))
    return graph.node("Add", graph.node("Max", x1, x2), _log1p(graph, graph.node("Exp", apart)))


def _log1p(graph, x):
    return graph.node("Log", graph.node("Add", x, 1.0))


@operation("Square")
def _square(graph, op, x):
    return graph.node("Mul", x, x)


@operation("Rsqrt")
def _rsqrt(graph, op, x):
    return graph.node("Reciprocal", graph.node("Sqrt", floating(graph, x)))


@operation("Expm1")
def _expm1(graph, op, x):
    return graph.node("Sub", graph.node("Exp", floating(graph, x)), 1.0)


@operation("Log1p", "Log2", "Log10")
def _logarithm(graph, op, x):
    name = type(op).__name__
    if name == "Log1p":
        return _log1p(graph, floating(graph, x))
    base = {"Log2": 2, "Log10": 10}[name]
    return graph.node("Div", graph.node("Log", floating(graph, x)), math.log(base))


@operation("Round")
def _round(graph, op, x):
    if op.decimals:
        raise Unsupported(f"it rounds to {op.decimals} decimals")
    return graph.node("Round", x)  # halves to the even number, as Keras does


@operation("Isfinite")
def _isfinite(graph, op, x):
    x = floating(graph, x)
    return graph.node("Not", graph.node("Or", graph.node("IsNaN", x), graph.node("IsInf", x)))


@operation("Clip")
def _clip(graph, op, x):
    x, lowest, highest = common(graph, x, op.x_min, op.x_max)
    return graph.node("Min", graph.node("Max", x, lowest), highest)
