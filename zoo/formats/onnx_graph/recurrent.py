"""Recurrent layers as ONNX's own recurrent nodes: Keras's, the zoo's, stacks, both directions."""

import keras

from zoo.formats.onnx_graph import parallel
from zoo.formats.onnx_graph.cells import cell_of
from zoo.formats.onnx_graph.registry import Unsupported, as_value, converts
from zoo.formats.onnx_graph.steps import Steps, reverse
from zoo.formats.onnx_graph.walk import apply, traced
from zoo.layers import Stack, WeightDrop
from zoo.layers.block import AtSteps
from zoo.layers.carried import CarriedConv1D, CarriedRNN
from zoo.layers.loop import Carries, carried_state, carrying, leave_state
from zoo.layers.parallel import ParallelLayer
from zoo.layers.rnn import cells_of
from zoo.models.carry import Carry, carriers


def _along(graph, layers, x, mask, starts):
    """[(outputs in the order of time, the last one, final state)] of layers that read the same x.

    layers: one, or two in opposite directions; starts: the states of each as a list, or None.
    """
    for layer in layers:
        if layer.stateful:
            raise Unsupported("it is stateful, and a file remembers nothing: export its step")
    pairs = list(zip(layers, starts, strict=True))
    if any(isinstance(layer, ParallelLayer) for layer in layers):
        if len(layers) == 2:
            return [_along(graph, [layer], x, mask, [start])[0] for layer, start in pairs]
        return [_parallel(graph, layers[0], x, mask, starts[0])]
    cells = [[cell_of(cell) for cell in cells_of(layer)] for layer in layers]
    ways = [layer.go_backwards for layer in layers]
    if len(layers) == 2:
        (first, *more), (second, *more_too) = cells
        if more or more_too or not first.fits(second) or ways != [False, True]:
            return [_along(graph, [layer], x, mask, [start])[0] for layer, start in pairs]
    steps = Steps(graph, mask)
    y, states, start = steps.packed(x), [[] for _ in layers], starts
    for level in zip(*cells, strict=True):
        count = level[0].states
        start = [None if s is None else s[:count] for s in starts]
        starts = [None if s is None else s[count:] for s in starts]
        y, finals = steps.run(level, ways, y, start)
        states = [state + final for state, final in zip(states, finals, strict=True)]
    ys = _parts(graph, y, len(layers))
    return [
        _read(graph, steps, *each) for each in zip(layers, ys, start, finals, states, strict=True)
    ]


def _parallel(graph, layer, x, mask, start):
    """(outputs, last output, state) of a layer whose gates see the input alone."""
    outputs, final = parallel.run(graph, layer, x, mask, start)
    if mask is None or not layer.zero_output_for_mask:
        return outputs, final[0], final
    outputs = graph.node("Where", graph.node("Unsqueeze", mask, [2]), outputs, 0.0)
    return outputs, _last(graph, layer, outputs), final


def _last(graph, layer, outputs):
    return graph.node("Gather", outputs, graph.constant(0 if layer.go_backwards else -1), axis=1)


def _parts(graph, y, count):
    if count == 1:
        return [y]
    return graph.node("Split", y, outputs=count, axis=-1, num_outputs=count)


def _read(graph, steps, layer, y, start, final, state):
    """(outputs, last output, state) of one layer, as its class leaves them at masked steps."""
    # Before the first real step the zoo's layers give the state they start from, Keras's zeros.
    before = start[0] if start is not None and isinstance(layer, Carries) else None
    outputs, last = steps.unpacked(y, layer.go_backwards, before), final[0]
    if steps.mask is not None and layer.zero_output_for_mask:
        real = graph.node("Unsqueeze", steps.mask, [2])
        outputs = graph.node("Where", real, outputs, 0.0)
        last = _last(graph, layer, outputs)
    elif before is None and start is not None:
        last = steps.or_else(last, None)
    return outputs, last, state


def _states(graph, initial_state):
    """The states as a flat list, None where there are none."""
    if initial_state is None:
        return None
    return [as_value(graph, s) for s in keras.tree.flatten(initial_state)]


@converts(keras.layers.RNN)
def _recurrent(graph, layer, sequences, initial_state=None, mask=None):
    return _one(graph, layer, layer, sequences, initial_state, mask)


@converts(CarriedRNN)
def _carried(graph, layer, sequences, initial_state=None, mask=None):
    return _one(graph, layer, layer.layer, sequences, initial_state, mask)


def _one(graph, owner, layer, sequences, initial_state, mask):
    """A recurrent layer; `owner` is whose state a caller may carry."""
    carried = carried_state(owner) if initial_state is None else None
    start = _states(graph, initial_state) if carried is None else carried
    ((outputs, last, state),) = _along(graph, [layer], sequences, _only(mask), [start])
    if carried is not None:
        leave_state(owner, state)
    if not layer.return_sequences:
        output = last
    else:
        output = reverse(graph, outputs) if layer.go_backwards else outputs
    return (output, *state) if layer.return_state else output


def _only(mask):
    """The mask of the steps where Keras hands on one for the states too."""
    return mask[0] if isinstance(mask, (list, tuple)) else mask


@converts(keras.layers.Bidirectional)
def _bidirectional(graph, layer, sequences, initial_state=None, mask=None):
    both, state = [layer.forward_layer, layer.backward_layer], _states(graph, initial_state)
    starts = [None, None]
    if state is not None:
        starts = [state[: len(state) // 2], state[len(state) // 2 :]]
    found = _along(graph, both, sequences, _only(mask), starts)
    ys = [outputs if layer.return_sequences else last for outputs, last, _ in found]
    if layer.return_sequences and both[0].go_backwards:
        ys = [reverse(graph, y) for y in ys]
    output = _merged(graph, layer.merge_mode, ys)
    if not layer.return_state:
        return output
    outputs = output if isinstance(output, list) else [output]
    return (*outputs, *(s for _, _, states in found for s in states))


def _merged(graph, mode, ys):
    if mode is None:
        return ys
    if mode == "concat":
        return graph.node("Concat", *ys, axis=-1)
    merged = graph.node("Mul" if mode == "mul" else "Add", *ys)
    return graph.node("Mul", merged, 0.5) if mode == "ave" else merged


@converts(Stack)
def _stack(graph, layer, x, mask=None, initial_state=None):
    """All layers over the real steps in front: only the last one's outputs are put back."""
    carried = carried_state(layer) if initial_state is None else None
    state = _states(graph, initial_state) if carried is None else carried
    if layer.block is not None or isinstance(layer.rnns[0], ParallelLayer):
        outputs, final = _layer_by_layer(graph, layer, x, mask, state)
        if carried is not None:
            leave_state(layer, final)
        return outputs, final
    S, D, steps, final = layer.states_per_layer, layer.directions, Steps(graph, mask), []
    y = steps.packed(x)
    for k in range(layer.layers):
        rnns = layer.rnns[k * D : (k + 1) * D]
        starts = [None] * D
        if state is not None:
            starts = [state[len(final) + S * d : len(final) + S * (d + 1)] for d in range(D)]
        cells, ways = [cell_of(rnn.cell) for rnn in rnns], [rnn.go_backwards for rnn in rnns]
        with graph.scope(f"layer{k}"):
            y, finals = steps.run(cells, ways, y, starts)
        final += [s for states in finals for s in states]
    before = [None if start is None else start[0] for start in starts]
    if mask is None:
        outputs = steps.unpacked(y, False)
    else:
        ys = zip(_parts(graph, y, D), ways, before, strict=True)
        outputs = [steps.unpacked(*each) for each in ys]
        outputs = outputs[0] if D == 1 else graph.node("Concat", *outputs, axis=-1)
    if carried is not None:
        leave_state(layer, final)
    return outputs, final


def _layer_by_layer(graph, layer, y, mask, state):
    """Where no node reads real steps alone, nothing is packed for all layers."""
    D, S, final = layer.directions, layer.states_per_layer, []
    run = parallel.run if layer.block is None else _block
    for k in range(layer.layers):
        ys = []
        for rnn in layer.rnns[k * D : (k + 1) * D]:
            start = None if state is None else state[len(final) : len(final) + S]
            with graph.scope(f"layer{k}"):
                outputs, last = run(graph, rnn, y, mask, start)
            ys.append(outputs)
            final += last
        y = ys[0] if D == 1 else graph.node("Concat", *ys, axis=-1)
    return y, final


def _block(graph, block, x, mask, start):
    """(outputs (B, T, U) in the order of time, final state) of a block; start: a list or None."""
    if start is None:
        batch, like = graph.size(x, 0), (x.shape[0],)
        sizes = [(n, graph.node("Concat", batch, [n], axis=0)) for _, n in block.state_shapes]
        start = [graph.known(graph.node("Expand", 0.0, s), (*like, n)) for n, s in sizes]
    outputs, *final = traced(graph, block.call, x, initial_state=start, mask=mask)
    return reverse(graph, outputs) if block.go_backwards else outputs, final


@converts(AtSteps)
def _at_steps(graph, layer, x, at):
    at = graph.node("Unsqueeze", graph.cast(at, "int64"), [2])
    return graph.known(graph.node("GatherND", x, at, batch_dims=1), (*at.shape[:2], x.shape[2]))


@converts(WeightDrop)
def _weight_drop(graph, layer, sequences, **options):
    return apply(graph, layer.layer, (sequences,), options)


@converts(CarriedConv1D)
def _carried_convolution(graph, layer, inputs):
    carried = carried_state(layer)
    if not carried:
        return apply(graph, layer.layer, (inputs,), {})
    past, features = layer._past, layer._features
    earlier = graph.node("Reshape", carried[0], [0, past, features])
    seen = graph.node("Concat", earlier, inputs, axis=1)
    last = graph.node("Slice", seen, [-past], [2**31], [1])
    leave_state(layer, [graph.node("Reshape", last, [0, past * features])])
    found = apply(graph, layer.layer, (seen,), {})
    return graph.node("Slice", found, [past], [2**31], [1])


@converts(Carry)
def _carry(graph, layer, inputs, state):
    """A model from a state that its caller carries, to the new one."""
    layers, left = carriers(layer.model), iter(state)
    with carrying({each: [next(left) for _ in each.state_shapes] for each in layers}) as states:
        outputs = apply(graph, layer.model, (inputs,), {})
    return outputs, [tensor for each in layers for tensor in states[each]]
