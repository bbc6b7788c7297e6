"""The loop over time inside every recurrent layer, and the state carried through it."""

import contextlib
import contextvars

import keras
from keras import ops

from zoo import backends
from zoo.errors import InputError

_carried = contextvars.ContextVar("carried", default=None)
_stock = contextvars.ContextVar("stock", default=False)


@contextlib.contextmanager
def stock_loops():
    """The zoo's layers called, or traced, inside run as the stock Keras layers that they are."""
    token = _stock.set(True)
    try:
        yield
    finally:
        _stock.reset(token)


@contextlib.contextmanager
def carrying(states):
    """Every layer in `states` starts from its entry there, and leaves its final state in it.

    states: a dictionary, layer -> list of (B, U). This is how one set of layers serves the whole
    sequence, one step and a chunk alike, in any model that contains them. Raises `InputError` when
    a layer is called twice inside.
    """
    token = _carried.set((states, set()))
    try:
        yield states
    finally:
        _carried.reset(token)


def carried_state(layer):
    """The state that `layer` is to start from under `carrying`, or None."""
    states, called = _carried.get() or ({}, set())
    if layer not in states:
        return None
    if layer in called:
        raise InputError(
            f"layer {layer.name!r} is used more than once, so it has no one state to carry: "
            "give each use a layer of its own"
        )
    return states[layer]


def leave_state(layer, state):
    """The final state of `layer`, a list of (B, U), for the caller of `carrying`."""
    states, called = _carried.get()
    called.add(layer)
    states[layer] = list(state)


def recur(advance, projected, state, mask=None, reverse=False):
    """Run `advance` over time. projected (B, T, G*U), state a list of (B, U), mask (B, T) bool.

    Returns outputs (B, T, U), in the input's time order, and the final state.
    """
    if mask is None:

        def step(state, inputs):
            state = advance(inputs[0], state)
            return state, state[0]

        return backends.recurrence(step, state, [projected], reverse)

    def masked_step(state, inputs):
        real = inputs[1]
        state = [
            ops.where(real, new, old)
            for new, old in zip(advance(inputs[0], state), state, strict=True)
        ]
        return state, state[0]

    mask = ops.expand_dims(ops.cast(mask, "bool"), -1)
    return backends.recurrence(masked_step, state, [projected, mask], reverse)


def affine(x, kernel, bias=None):
    """x @ kernel + bias over the last axis."""
    y = ops.matmul(x, kernel)
    return y if bias is None else y + bias


class Carries:
    """A recurrent layer whose state a caller can carry: see `carrying`."""

    @property
    def state_dtype(self):
        """The type in which the state is handed from call to call."""
        return self.compute_dtype

    @property
    def state_shapes(self):
        """The shape (None, U) of each tensor of the state."""
        return [(None, units) for units in keras.tree.flatten(self.state_size)]

    def initial_state(self, batch_size):
        """Zeros: a list of (B, U)."""
        return [ops.zeros((batch_size, U), self.state_dtype) for _, U in self.state_shapes]

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """As the parent's, without what only the stock loop needs: that outlasts a small layer."""
        carried = carried_state(self)
        if carried is not None:
            return run_carried(self, self, carried, sequences, initial_state, mask, training)
        if not self._plain(sequences):
            return super().call(sequences, initial_state, mask=mask, training=training)
        if initial_state is None:
            initial_state = self.get_initial_state(ops.shape(sequences)[0])
        last, outputs, state = self.inner_loop(sequences, initial_state, mask, training)
        output = outputs if self.return_sequences else last
        return (output, *state) if self.return_state else output

    def _plain(self, sequences):
        """Whether nothing is asked for but outputs and states."""
        return False


def run_carried(owner, layer, carried, sequences, initial_state, mask, training):
    """Call the recurrent `layer` from the state `carried`, and leave its new state for `owner`."""
    if initial_state is not None:
        raise InputError(
            f"layer {layer.name!r} starts from a state that the model computes, so none can be "
            "carried through it: expected a layer that starts from zero"
        )
    start = _nested(layer.state_size, iter(carried))
    start = start if isinstance(start, list) else [start]
    last, outputs, state = layer.inner_loop(sequences, start, mask, training)
    leave_state(owner, keras.tree.flatten(state))
    output = outputs if layer.return_sequences else last
    return (output, *state) if layer.return_state else output


def _nested(sizes, tensors):
    """The next tensors in lists as `sizes` has them."""
    many = isinstance(sizes, (list, tuple))
    return [_nested(size, tensors) for size in sizes] if many else next(tensors)


class NativeLoop(Carries):
    """The loop that replaces the stock one. `loop_path` says which road the last call took.

    kind: the cell's name in `zoo.backends.kernels`, where its equations are written for speed;
    `advance` is the same step for the general loop, which takes any activation and has the
    framework differentiate it.
    """

    loop_path = "not called yet"
    stock_has_gpu_kernel = True
    kind = None

    @property
    def activation_names(self):
        """(of the candidate and the output, of the gates), as Keras names them."""
        gates = getattr(self.cell, "recurrent_activation", keras.activations.sigmoid)
        return tuple(map(_name, (self.cell.activation, gates)))

    def loop_weights(self):
        """The weights of the loop by name, in the compute type."""
        cell, weights = self.cell, {}
        for name in ("kernel", "recurrent_kernel", "bias", "peephole"):
            value = getattr(cell, name, None)
            if value is not None:
                value = ops.convert_to_tensor(value, cell.compute_dtype)
            weights[name] = value
        return weights

    def project(self, x):
        return affine(x, self.cell.kernel, self.cell.bias)

    def _stock_reason(self, training):
        """Why the stock loop, step by step, must run, or None."""
        if training and getattr(self, "recurrent_dropout", 0):
            return "recurrent_dropout"
        one_mask_a_gate = getattr(self.cell, "dropout_mask_count", None)
        if training and getattr(self, "dropout", 0) and one_mask_a_gate:
            return "dropout by gate"
        return "unroll=True" if self.unroll else None

    def _plain(self, sequences):
        """Whether nothing is asked for but outputs and states."""
        rates = (getattr(self, name, 0) for name in ("dropout", "recurrent_dropout"))
        same_type = keras.backend.standardize_dtype(sequences.dtype) == self.compute_dtype
        asked = self.stateful or self.unroll or any(rates) or _stock.get()
        return same_type and not asked

    def _start(self, sequences, initial_state):
        """The state to start from: a list of (B, U). A caller's may have batch size 1."""
        batch = ops.shape(sequences)[0]
        if not isinstance(initial_state, (list, tuple)):
            initial_state = [initial_state]
        state = [ops.convert_to_tensor(s, self.state_dtype) for s in initial_state]
        if sequences.shape[0] is not None and all(s.shape[0] == batch for s in state):
            return state
        return [ops.broadcast_to(s, (batch, s.shape[-1])) for s in state]

    def inner_loop(self, sequences, initial_state, mask, training=False):
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        if _stock.get():
            self.loop_path = "stock"
            return super().inner_loop(sequences, initial_state, mask, training)
        reason = self._stock_reason(training)
        if reason:
            self.loop_path = f"stock: {reason}"
            # Not the parent's, which tries a fused loop first: with dropout by gate that one fails.
            return keras.layers.RNN.inner_loop(self, sequences, initial_state, mask, training)
        if mask is None and self.stock_has_gpu_kernel and backends.on_gpu():
            self.loop_path = "stock: its GPU kernel"
            return super().inner_loop(sequences, initial_state, mask, training)
        if training and getattr(self, "dropout", 0):  # one mask for all steps
            dropped = self.cell.get_dropout_mask(sequences[:, 0])
            sequences = sequences * ops.expand_dims(dropped, 1)
        state = self._start(sequences, initial_state)
        if self.stateful:  # the layer assigns to its state before the backward pass reads it
            state = [ops.copy(s) for s in state]
        outputs, state = self._loop(sequences, state, mask)
        last = state[0]
        if mask is not None and self.zero_output_for_mask:
            outputs = ops.where(ops.expand_dims(mask, -1), outputs, ops.zeros_like(outputs))
            last = outputs[:, 0 if self.go_backwards else -1]
        if self.go_backwards:  # stock Keras returns these in the order of processing
            outputs = ops.flip(outputs, axis=1)
        return last, outputs, state

    def _loop(self, x, state, mask):
        names = self.activation_names
        reason = backends.unsupported(self.kind, *names, x.dtype, x, mask)
        if reason:
            self.loop_path = f"general loop: {reason}"
            return recur(self.advance, self.project(x), state, mask, self.go_backwards)
        outputs, state, self.loop_path = backends.recurrent(
            self.kind, x, self.loop_weights(), state, mask, self.go_backwards, *names
        )
        return outputs, state


def _name(activation):
    """The name of one of Keras's activations; what it is of any other."""
    # Not by Keras's `serialize`, which loads TensorFlow where it is installed: two seconds.
    name = getattr(activation, "__name__", type(activation).__name__)
    own = getattr(keras.activations, name, None) is activation
    return name if own else f"{name} (not one of Keras's)"
