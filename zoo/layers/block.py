"""The residual block around a recurrent layer, as the papers of the parallel cells have it.

    n = norm(x);  y = x + leave(cell(convolution(n)));  z = y + mlp(norm(y))

Gates that see the input alone know nothing of the steps before unless a layer below or the
convolution tells them, and a deep network of such layers needs its residual ways; so each paper's
results are those of its block. What a block has is four numbers, see
`zoo.layers.block_options`.
"""

import keras
from keras import layers, ops

from zoo import backends
from zoo.layers.recurrent import register

BEHIND = 2**30  # more than any number of steps


@register
class AtSteps(layers.Layer):
    """The steps `at` (B, S) of x (B, T, U): (B, S, U).

    >>> import numpy as np
    >>> AtSteps()(np.array([[[5.0], [6.0]]]), np.array([[1, 1, 0]])).shape[1]
    3
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x, at):
        return backends.at_steps(x, at)

    def compute_output_spec(self, x, at):
        return keras.KerasTensor((*at.shape, x.shape[-1]), x.dtype)

    def compute_mask(self, inputs, previous_mask=None):
        return None


class ResidualBlock(layers.Layer):
    """A recurrent layer `rnn` of width W, run forwards, in a block of U = `units`.

    Called and stepped as `rnn` would be: x (B, T, F), mask (B, T) with True = a real step,
    initial_state a list. The state is the last output (B, U), the last inputs of the convolution,
    one tensor (B, (convolution - 1) * W'), where there is one, and that of `rnn`. Returns
    outputs (B, T, U) in the order of processing, and the state. A masked step leaves all of the
    state alone, the convolution does not see it, and its output is that of the step before.

    options: `block_options`; go_backwards: from the last step to the first; last: of a stack, whose
    output is normalised.
    """

    def __init__(self, rnn, units, options, go_backwards=False, last=True, **kwargs):
        super().__init__(autocast=False, **kwargs)  # a state in float32 stays so
        self.supports_masking = True  # it takes masks, and hands none on
        self.rnn, self.units, self.options = rnn, units, options
        self.go_backwards, self.last = go_backwards, last
        self.at_steps = AtSteps(dtype=self.dtype_policy)
        self.enter = None

    @property
    def state_dtype(self):
        """The type in which the state is handed from call to call."""
        return self.rnn.state_dtype

    @property
    def past(self):
        """How many earlier steps the convolution sees."""
        return max(0, self.options["convolution"] - 1)

    @property
    def read(self):
        """The width of what the convolution and the cell read."""
        return self.rnn.units if self.options["gated"] else self.units

    @property
    def state_shapes(self):
        """The shape of each tensor of the state."""
        window = [(None, self.past * self.read)] if self.past else []
        return [(None, self.units), *window, *self.rnn.state_shapes]

    def build(self, input_shape):
        def dense(units, name):
            return layers.Dense(units, dtype=self.dtype_policy, name=name)

        U, K, gated = self.units, self.options["convolution"], self.options["gated"]
        hidden = round(self.options["mlp"] * U)
        made = [
            ("enter", dense(U, "enter") if input_shape[-1] != U else None, input_shape[-1]),
            ("norm", self._norm("norm"), U),
            ("side", dense(self.read, "side") if gated else None, U),
            ("inner", dense(self.read, "inner") if gated else None, U),
            ("leave", dense(U, "leave"), self.rnn.units),
            ("mlp_norm", self._norm("mlp_norm") if hidden else None, U),
            ("mlp_side", dense(hidden, "mlp_side") if hidden and gated else None, U),
            ("mlp_inner", dense(hidden, "mlp_inner") if hidden else None, U),
            ("mlp_leave", dense(U, "mlp_leave") if hidden else None, hidden),
            ("last_norm", self._norm("last_norm") if self.last else None, U),
        ]
        for name, layer, width in made:
            setattr(self, name, layer)
            if layer is not None:
                layer.build((None, None, width))
        self.rnn.build((None, None, self.read))
        self.taps = self.taps_bias = None
        if K:
            near = keras.initializers.VarianceScaling(1.0, "fan_in", "uniform")
            self.taps = self.add_weight((K, self.read), near, name="taps")
            self.taps_bias = self.add_weight((self.read,), "zeros", name="taps_bias")
        self.built = True

    def _norm(self, name):
        return layers.RMSNormalization(dtype=self.dtype_policy, name=name)

    def call(self, x, initial_state=None, mask=None, training=False):
        x = ops.cast(x, self.compute_dtype)
        if self.go_backwards:
            x, mask = (None if v is None else ops.flip(v, axis=1) for v in (x, mask))
        start = self._start(x, initial_state)
        if mask is None:
            outputs, state = self._run(x, None, start, training)
            return outputs, *state
        mask = ops.cast(mask, "bool")
        # Real steps in front, in their order; and each output where it is the last real one's.
        real = ops.cast(mask, "int32")
        upto = ops.cumsum(real, axis=1)
        steps = ops.cumsum(ops.ones_like(real), axis=1)
        order = ops.argsort(ops.where(mask, steps - BEHIND, steps), axis=1)
        x = ops.where(ops.expand_dims(mask, -1), x, ops.zeros_like(x))  # NaN or not
        count = ops.sum(real, axis=1, keepdims=True)
        outputs, state = self._run(self.at_steps(x, order), count, start, training)
        before = ops.expand_dims(ops.cast(start[0], outputs.dtype), 1)
        outputs = self.at_steps(ops.concatenate([before, outputs], axis=1), upto)
        return outputs, *state

    def _start(self, x, state):
        """The state to start from; a caller's may have batch size 1."""
        B = ops.shape(x)[0]
        if state is None:
            return [ops.zeros((B, n), self.state_dtype) for _, n in self.state_shapes]
        state = [ops.cast(s, self.state_dtype) for s in state]
        if all(s.shape[0] == x.shape[0] for s in state):
            return state
        return [ops.broadcast_to(s, (B, s.shape[-1])) for s in state]

    def _run(self, x, count, start, training):
        """Outputs and state; `count` (B, 1) of the steps are real, None for all."""
        before, *start = start
        x = x if self.enter is None else self.enter(x)
        normed, window = self.norm(x), []
        read = self.inner(normed) if self.options["gated"] else normed
        if self.taps is not None:
            read, window = self._convolved(read, count, start[: len(self.state_shapes) - 1])
        outputs, *state = self._inside(read, count, start[len(window) :], training)
        if self.options["gated"]:
            outputs = outputs * ops.gelu(self.side(normed))
        y = self._perceived(x + self.leave(outputs))
        if self.last:
            y = self.last_norm(y)
        seen = ops.concatenate([ops.expand_dims(ops.cast(before, y.dtype), 1), y], axis=1)
        final = seen[:, -1] if count is None else self.at_steps(seen, count)[:, 0]
        return y, [ops.cast(s, self.state_dtype) for s in (final, *window, *state)]

    def _inside(self, x, count, start, training):
        mask = None
        if count is not None:
            steps = ops.cumsum(ops.ones_like(x[..., 0], dtype="int32"), axis=1)
            mask = steps <= count
        return self.rnn(x, initial_state=start, mask=mask, training=training)

    def _convolved(self, x, count, start):
        """Each unit's own weights over the last steps, and [the inputs that the next step sees]."""
        taps, bias = (ops.convert_to_tensor(w, x.dtype) for w in (self.taps, self.taps_bias))
        if not self.past:
            return x * taps[0] + bias, []
        window = ops.reshape(ops.cast(start[0], x.dtype), (-1, self.past, self.read))
        seen = ops.concatenate([window, x], axis=1)
        y = seen[:, self.past :] * taps[self.past] + bias
        for k in range(self.past):
            y = y + seen[:, k : k - self.past] * taps[k]
        if count is None:
            last = seen[:, -self.past :]
        else:
            last = self.at_steps(seen, count + ops.arange(self.past, dtype="int32"))
        return y, [ops.reshape(last, (-1, self.past * self.read))]

    def _perceived(self, x):
        """x + mlp(norm(x)); x where the block has none."""
        if self.mlp_inner is None:
            return x
        normed = self.mlp_norm(x)
        if self.mlp_side is None:
            return x + self.mlp_leave(ops.gelu(self.mlp_inner(normed)))
        return x + self.mlp_leave(ops.gelu(self.mlp_side(normed)) * self.mlp_inner(normed))

    def compute_output_spec(self, x, initial_state=None, mask=None, training=False):
        outputs = keras.KerasTensor((*x.shape[:2], self.units), self.compute_dtype)
        shapes = ((x.shape[0], n) for _, n in self.state_shapes)
        return outputs, *(keras.KerasTensor(shape, self.state_dtype) for shape in shapes)

    def compute_mask(self, inputs, previous_mask=None):
        return None
