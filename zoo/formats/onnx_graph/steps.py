"""ONNX's recurrent nodes over any mask: real steps to the front, the node, and back.

The nodes know lengths only, while a mask may have holes or begin with padding. A masked step leaves
the state alone, so the real steps alone give every state there is.
"""

from dataclasses import replace

import numpy as np

SHUT = 1e4  # the input of a gate that is wide open, or shut, whatever else it reads
DIRECTIONS = {(False,): "forward", (True,): "reverse", (False, True): "bidirectional"}


class Steps:
    """The steps of a batch as a node reads them: time first, (T, B, F), real ones in front.

    mask: the `Value` (B, T), True = a real step, or None where all are.
    """

    def __init__(self, graph, mask=None):
        self.graph, self.mask = graph, mask
        if mask is not None:
            key = ("steps", mask.name)
            if key not in graph.memo:  # every layer with this mask has the same order
                graph.memo[key] = _order(graph, mask)
            self.lengths, self.order, self.places = graph.memo[key]

    def packed(self, x):
        """(B, T, F) -> (T, B, F)."""
        if self.mask is not None:
            x = self.graph.node("GatherND", x, self.order, batch_dims=1)
        return self.graph.node("Transpose", x, perm=[1, 0, 2])

    def unpacked(self, y, backward, before=None):
        """Outputs (T, B, U) in the order of time, (B, T, U): at a masked step those before it.

        backward: the node read the steps from the last to the first; before: the output (B, U)
        where no real step came before, None for zeros.
        """
        graph = self.graph
        if self.mask is None:
            return graph.node("Transpose", y, perm=[1, 0, 2])
        if before is None:
            y = graph.node("Pad", y, [1, 0, 0, 0, 0, 0])
        else:
            y = graph.node("Concat", graph.node("Unsqueeze", before, [0]), y, axis=0)
        y = graph.node("Transpose", y, perm=[1, 0, 2])
        found = graph.node("GatherND", y, self.places[backward], batch_dims=1)
        return graph.known(found, (*self.mask.shape, y.shape[-1]))

    def or_else(self, state, start):
        """`state` (B, U); where a row has no real step, `start`, None for zeros."""
        if self.mask is None:
            return state
        some = self.graph.node("Greater", self.lengths, 0)
        some = self.graph.node("Unsqueeze", some, [1])
        return self.graph.node("Where", some, state, 0.0 if start is None else start)

    def run(self, cells, backward, x, starts):
        """One node for a layer, in one direction or both: outputs (T, B, D * U), final states.

        cells: a `Cell` for each direction; backward: for each whether it reads from the end;
        starts: for each the state to start from, a list of (B, U), or None for zeros.
        """
        graph, first = self.graph, cells[0]
        if graph.plain:
            each = zip(cells, backward, starts, strict=True)
            found = [self._plain(x, *direction) for direction in each]
            return _joined(graph, [y for y, _ in found]), [finals for _, finals in found]
        lengths = None
        if self.mask is not None:  # of no step at all the specification says nothing
            lengths = graph.cast(graph.node("Max", self.lengths, 1), "int32")
        y, *finals = _node(graph, cells, DIRECTIONS[tuple(backward)], x, lengths, starts)
        finals = [
            [
                self.or_else(_apart(graph, final, k), start[n] if start else None)
                for n, final in enumerate(finals)
            ]
            for k, start in enumerate(starts)
        ]
        return _side_by_side(graph, y, len(cells) * first.units), finals

    def _plain(self, x, cell, backward, start):
        """`run` in one direction, by a node that is not told the lengths.

        Under a mask it reads forwards, what is to be read backwards being turned round first, so
        that the steps without meaning come last. Their outputs nothing reads; the last real one is
        the first of the outputs turned round. The memory of an LSTM passes them: `_holding`.
        """
        graph, turned, cell = self.graph, dict(time_axis=0, batch_axis=1), _uncoupled(cell)
        if self.mask is None:
            y, *finals = _node(graph, [cell], DIRECTIONS[backward,], x, None, [start])
            return _side_by_side(graph, y, cell.units), [_apart(graph, f, 0) for f in finals]
        lengths = graph.node("Max", self.lengths, 1)
        x = graph.node("ReverseSequence", x, lengths, **turned) if backward else x
        if cell.states == 2:
            cell, x = _holding(cell), graph.node("Concat", x, self._behind(x, lengths), axis=-1)
        y, *finals = _node(graph, [cell], "forward", x, None, [start])
        y = _side_by_side(graph, y, cell.units)
        back = graph.node("ReverseSequence", y, lengths, **turned)
        finals = [
            graph.node("Gather", back, np.int64(0)),
            *(_apart(graph, f, 0) for f in finals[1:]),
        ]
        finals = [self.or_else(f, start[k] if start else None) for k, f in enumerate(finals)]
        return (back if backward else y), finals

    def _behind(self, x, lengths):
        """(T, B, 1): 1 behind the last real step, else 0."""
        graph = self.graph
        time = graph.node("Squeeze", graph.size(x, 0))
        steps = graph.node("Range", np.int64(0), time, np.int64(1))
        after = graph.node("Not", graph.node("Less", graph.node("Unsqueeze", steps, [1]), lengths))
        return graph.node("Unsqueeze", graph.cast(after, "float32"), [2])


def _uncoupled(cell):
    """An LSTM with f = 1 - s(a) as one with f = s(-a): the gate has the weights of i, negative."""
    if not cell.options.get("input_forget"):
        return cell
    weights = {name: weight.copy() for name, weight in cell.weights.items()}
    for weight in weights.values():  # gates i, o, f, g; of a bias those of both sides
        for side in np.split(weight, len(weight) // (4 * cell.units)):
            i, _, f, _ = np.split(side, 4)
            f[:] = -i
    return replace(cell, weights=weights, options={})


def _holding(cell):
    """An LSTM that keeps its memory where one more input is 1: there i = 0 and f = 1 exactly."""
    U = cell.units
    column = np.zeros((4 * U, 1), "float32")
    column[:U], column[2 * U : 3 * U] = -SHUT, SHUT  # gates i, o, f, g
    return replace(cell, weights=cell.weights | {"W": np.hstack([cell.weights["W"], column])})


def _node(graph, cells, direction, x, lengths, starts):
    """The recurrent node itself: (T, D, B, U), then each state (D, B, U)."""
    first, states = cells[0], [None] * cells[0].states
    if starts[0] is not None:
        states = [_together(graph, x, [start[k] for start in starts]) for k in range(first.states)]
    weights = {
        name: graph.constant(np.stack([c.weights[name] for c in cells]), name=graph.path(name))
        for name in first.weights
    }
    inputs = [x, weights["W"], weights["R"], weights.get("B"), lengths, *states]
    if "P" in weights:
        inputs.append(weights["P"])
    return graph.node(
        first.kind,
        *inputs,
        outputs=1 + first.states,
        direction=direction,
        hidden_size=first.units,
        **_activations(cells),
        **first.options,
    )


def _order(graph, mask):
    """(lengths (B,), the order (B, T, 1) with real steps first, {backward: places (B, T, 1)}).

    The places are those of each step's output, 0 being the one before all: forwards as many as real
    steps up to it, backwards one more than real steps before it.
    """
    real, size = graph.cast(mask, "int64"), graph.size(mask, 1)
    lengths = graph.node("ReduceSum", real, [1], keepdims=0)
    steps = graph.node("Range", np.int64(0), graph.node("Squeeze", size), np.int64(1))
    rank = graph.node("Where", mask, steps, graph.node("Add", steps, size))
    _, order = graph.node("TopK", rank, size, outputs=2, axis=1, largest=0)
    upto = graph.node("CumSum", real, 1)
    earlier = graph.node("Sub", upto, real)
    more = graph.node("Less", earlier, graph.node("Unsqueeze", lengths, [1]))
    after = graph.node("Where", more, graph.node("Add", earlier, 1), 0)
    order, upto, after = (graph.node("Unsqueeze", x, [2]) for x in (order, upto, after))
    return lengths, graph.known(order, (*mask.shape, 1)), {False: upto, True: after}


def _together(graph, x, states):
    """The states (B, U) of the directions as one (D, B, U); a caller's may have batch size 1."""
    rows = []
    for state in states:
        if state.shape[0] == 1 and x.shape[1] != 1:
            wide = graph.node("Concat", graph.size(x, 1), [state.shape[1]], axis=0)
            state = graph.node("Expand", state, wide)
        rows.append(graph.node("Unsqueeze", state, [0]))
    return rows[0] if len(rows) == 1 else graph.node("Concat", *rows, axis=0)


def _apart(graph, final, k):
    """Direction k of (D, B, U)."""
    if final.shape[0] == 1:
        return graph.node("Squeeze", final, [0])
    return graph.node("Gather", final, np.int64(k))


def _side_by_side(graph, y, width):
    """(T, D, B, U) -> (T, B, D * U)."""
    if y.shape[1] == 1:
        return graph.node("Squeeze", y, [1])
    return graph.node("Reshape", graph.node("Transpose", y, perm=[0, 2, 1, 3]), [0, 0, width])


def _joined(graph, ys):
    return ys[0] if len(ys) == 1 else graph.node("Concat", *ys, axis=-1)


def _activations(cells):
    """The attributes that say the activations; numbers stand for those alone that have some."""
    chosen = [activation for cell in cells for activation in cell.activations]
    found = {"activations": [name for name, _, _ in chosen]}
    for place, attribute in ((1, "activation_alpha"), (2, "activation_beta")):
        numbers = [activation[place] for activation in chosen if activation[place] is not None]
        if numbers:
            found[attribute] = numbers
    return found


def reverse(graph, x):
    """`x` (B, T, ...) from its last step to its first."""
    end = 2**63 - 1
    return graph.node("Slice", x, [end], [-end], [1], [-1])
