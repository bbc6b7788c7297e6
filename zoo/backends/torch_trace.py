"""A decoding step on torch without Keras's part of each call.

A step is one small call repeated thousands of times, and most of its time is Python: Keras's checks
and conversions around each layer. So it is run once while torch writes down which operations it
came to, and from then on these alone are run. What depends on the weights only, such as a
transposed kernel, is computed again only when a weight has changed.

Shapes are part of what was written down, so each set of shapes has a program. A step that cannot be
written down, because it looks at values, runs as it was given.
"""

import contextlib

import keras
import optree
import torch
from torch.fx.experimental.proxy_tensor import make_fx

# A step that comes to more operations than this is bound by them, not by Python.
LONGEST = 300
# Programs kept for each step; batches of ever new sizes run as given.
MOST = 8
# Calls of a new program that are compared with the step as given.
COMPARED = 2


class Stepwise:
    """`function(inputs, state)`, by a program of torch operations where that is possible.

    variables: the Keras variables that it reads. Outside `torch.no_grad` it is called as given.
    """

    def __init__(self, function, variables):
        self.function, self.variables, self.programs = function, list(variables), {}

    def __call__(self, inputs, state):
        if torch.is_grad_enabled():
            return self.function(inputs, state)
        leaves, structure = optree.tree_flatten((inputs, state))
        if not all(type(x) is torch.Tensor for x in leaves):
            return self.function(inputs, state)
        key = (structure, *((x.shape, x.dtype, x.device) for x in leaves))
        if key not in self.programs:
            return self._first(key, inputs, state, leaves)
        program = self.programs[key]
        if program is None:
            return self.function(inputs, state)
        if program.compared < COMPARED:
            return self._compared(key, program, inputs, state, leaves)
        return program(leaves)

    def _first(self, key, inputs, state, leaves):
        if len(self.programs) >= MOST:
            return self.function(inputs, state)
        self.programs[key] = None
        with contextlib.suppress(Exception):  # whatever a layer does that cannot be written down
            self.programs[key] = Program.of(self.function, self.variables, inputs, state)
        return self.function(inputs, state)

    def _compared(self, key, program, inputs, state, leaves):
        """The result as given; the program goes if it finds another."""
        expected = self.function(inputs, state)
        found = optree.tree_leaves(program(leaves))
        pairs = zip(found, optree.tree_leaves(expected), strict=True)
        if all(_close(f, e) for f, e in pairs):
            program.compared += 1
        else:
            self.programs[key] = None
        return expected


def _close(found, expected):
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return False
    if not expected.dtype.is_floating_point:
        return torch.equal(found, expected)
    return torch.allclose(found, expected, rtol=1e-4, atol=1e-5, equal_nan=True)


class Program:
    """What a step came to: `prepare(weights) -> constants` and `run(constants, leaves)`."""

    def __init__(self, variables, prepare, run, results):
        self.variables, self.prepare, self.run, self.results = variables, prepare, run, results
        self.compared, self.seen, self.constants = 0, None, ()

    @classmethod
    def of(cls, function, variables, inputs, state):
        """Run the step once and write down what it does. Raises whatever stands against it."""
        arguments, structure = optree.tree_flatten((inputs, state))
        made = []

        def flat(*tensors):
            weights, leaves = tensors[: len(variables)], tensors[len(variables) :]
            mapping = list(zip(variables, weights, strict=True))
            with keras.StatelessScope(state_mapping=mapping):
                results, after = optree.tree_flatten(function(*structure.unflatten(leaves)))
            made.append(after)
            return results

        values = [v.value for v in variables]
        traced = make_fx(flat)(*values, *arguments)
        prepare, run = _divided(traced, len(variables))
        return cls(variables, prepare, run, made[-1])

    def __call__(self, leaves):
        values = [v.value for v in self.variables]
        seen = [(id(x), x._version) for x in values]
        if seen != self.seen:
            self.constants, self.seen = self.prepare(*values), seen
        return self.results.unflatten(self.run(*self.constants, *leaves))


def _divided(traced, weights):
    """The graph in two functions: what the first `weights` inputs decide alone, and the rest."""
    nodes = list(traced.graph.nodes)
    calls = [n for n in nodes if n.op not in ("placeholder", "output")]
    if len(calls) > LONGEST:
        raise ValueError("too long to be worth it")
    places = [n for n in nodes if n.op == "placeholder"]
    fixed = set(places[:weights])
    operations = [n for n in calls if n.op == "call_function"]
    if not any(_writes(n) for n in operations):
        for n in calls:
            if all(source in fixed for source in n.all_input_nodes) and not _random(n):
                fixed.add(n)
    output = next(n for n in nodes if n.op == "output")
    needed = [n for n in nodes if n in fixed and any(user not in fixed for user in n.users)]
    prepare = _function(traced, places[:weights], [n for n in calls if n in fixed], needed)
    rest = [n for n in calls if n not in fixed]
    return prepare, _function(traced, [*needed, *places[weights:]], rest, output.args[0])


def _function(traced, inputs, nodes, outputs):
    graph, made = torch.fx.Graph(), {}
    for k, n in enumerate(inputs):
        made[n] = graph.placeholder(f"x{k}")
    for n in nodes:
        made[n] = graph.node_copy(n, made.__getitem__)
    graph.output(tuple(made[n] for n in outputs))
    # The bound function: a module's own call would cost more than a small operation.
    return torch.fx.GraphModule(traced, graph).forward


def _writes(node):
    schema = getattr(node.target, "_schema", None)
    return schema is None or schema.is_mutable


def _random(node):
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())
