"""A stack of recurrent layers: the body of every model of the zoo."""

import keras
from keras import ops

from zoo.errors import InputError
from zoo.layers.block import ResidualBlock
from zoo.layers.block_options import block_options, cell_width, rg_lru_options
from zoo.layers.cells import CELLS, check_counts, check_parallel, parallel
from zoo.layers.loop import carried_state, leave_state
from zoo.layers.recurrent import register
from zoo.layers.weight_drop import check_rate, dropped


@register
class Stack(keras.layers.Layer):
    """Recurrent layers on top of each other, in one or both directions.

    cell: a name in `CELLS`; units: U of each layer and direction; layers: how many;
    direction: `forward`, `backward` (steps T-1..0) or `bidirectional` (outputs side by side);
    dropout: rate between layers, not after the last; activation: `tanh` or `relu`, ..., of cells
    that have a choice;
    use_bias: whether the gates have a bias; reset_after: GRU only; weight_drop: share of the
    recurrent weights that are zero in a training batch (see `WeightDrop`); locked: the dropout
    between layers has one mask for all steps (Gal and Ghahramani 2016); block: None, or what stands
    around each layer: "minimal" (Feng et al. 2024: normalisation, a convolution over 4 steps, twice
    the width, a perceptron, residual ways), "griffin" (De et al. 2024: the same, gated), or a
    mapping of the numbers in `BLOCKS`.

    Call with x (B, T, F), mask (B, T) with True = a real step, initial_state: a list of (B, U).
    Returns outputs (B, T, U), or (B, T, 2U) when bidirectional, and the final state: a list of
    (B, U) tensors, layer by layer, forward before backward, [h, c] or [h] for each. A masked step
    leaves the state alone, so the final state is that of the last real step. The last layer's h is
    what a head should read (`Stack.summary_state`). In a block a layer's state is its last output,
    the last inputs of its convolution and the cell's own, and the first stands for h.

    `step` does one time step by hand through all layers.

    Raises `InputError` for an unknown cell, direction or block, counts below one, or an
    activation or weight_drop for a cell whose gates do not see the state.

    >>> import numpy as np
    >>> outputs, state = Stack("lstm", units=4, layers=2)(np.zeros((2, 5, 3), "float32"))
    >>> tuple(outputs.shape), len(state)
    ((2, 5, 4), 4)
    """

    def __init__(
        self,
        cell="lstm",
        units=32,
        layers=1,
        direction="forward",
        dropout=0.0,
        activation="tanh",
        use_bias=True,
        reset_after=True,
        seed=None,
        weight_drop=0.0,
        locked=False,
        block=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True  # it takes masks, and hands none on behind the caller's back
        check_counts(cell, units, layers, direction)
        check_rate("dropout", dropout)
        check_rate("weight_drop", weight_drop)
        if parallel(cell):
            check_parallel(cell, activation, weight_drop)
            self.autocast = False  # a state in float32 stays so
        self.cell, self.units, self.layers, self.direction = cell, units, layers, direction
        self.dropout, self.activation, self.use_bias = dropout, activation, use_bias
        self.reset_after, self.seed = reset_after, seed
        self.weight_drop, self.locked = weight_drop, locked
        self.block = block
        self.block_options = None if block is None else block_options(block)
        self.rnns = [self._made(k, way) for k, way in self._positions()]
        self.states_per_layer = len(self.rnns[0].state_shapes)
        # One seed per dropout, or every layer would drop the same units.
        seeds = [None if seed is None else seed + k for k in range(layers - 1)]
        kind = keras.layers.SpatialDropout1D if locked else keras.layers.Dropout
        self.dropouts = [kind(dropout, seed=s) for s in seeds]
        self.weight_seed = keras.random.SeedGenerator(seed) if weight_drop else None

    def _positions(self):
        ways = ["forward", "backward"] if self.direction == "bidirectional" else [self.direction]
        return [(k, way) for k in range(self.layers) for way in ways]

    def _made(self, k, way):
        """The recurrent layer k of one direction, in its block."""
        name, backward, inside = f"layer{k}_{way}", way == "backward", self.block_options
        if inside is None:
            return self._rnn(name, self.units, backward)
        width = cell_width(self.units, inside)
        own = rg_lru_options(width, inside) if self.cell == "rg_lru" else {}
        rnn = self._rnn("cell", width, False, **own)
        options = dict(go_backwards=backward, last=k + 1 == self.layers, dtype=self.dtype_policy)
        return ResidualBlock(rnn, self.units, inside, **options, name=name)

    def _rnn(self, name, units, backward, **options):
        if self.cell == "gru":
            options["reset_after"] = self.reset_after
        if not parallel(self.cell):
            options["activation"] = self.activation
        return CELLS[self.cell][0](
            units,
            use_bias=self.use_bias,
            go_backwards=backward,
            return_sequences=True,
            return_state=True,
            dtype=self.dtype_policy,
            name=name,
            **options,
        )

    @property
    def directions(self):
        """1, or 2 when bidirectional."""
        return 2 if self.direction == "bidirectional" else 1

    @property
    def state_dtype(self):
        """The type in which the state is handed from call to call."""
        return self.rnns[0].state_dtype

    @property
    def state_shapes(self):
        """The shape (None, U) of each tensor of the state."""
        return [shape for rnn in self.rnns for shape in rnn.state_shapes]

    def initial_state(self, batch_size):
        """Zeros: a list of (B, U)."""
        return [ops.zeros((batch_size, n), self.state_dtype) for _, n in self.state_shapes]

    def summary_state(self, state):
        """The last layer's h, (B, U) or (B, 2U): what a head reads after the last real step."""
        last = state[-self.directions * self.states_per_layer :: self.states_per_layer]
        return last[0] if len(last) == 1 else ops.concatenate(last, axis=-1)

    def build(self, input_shape):
        shape = tuple(input_shape)
        for k in range(self.layers):
            for rnn in self._layer(k):
                rnn.build(shape)
            shape = (*shape[:-1], self.units * self.directions)
        self.built = True

    def _layer(self, k):
        return self.rnns[k * self.directions : (k + 1) * self.directions]

    def call(self, x, mask=None, initial_state=None, training=None):
        S, final = self.states_per_layer, []
        carried = carried_state(self) if initial_state is None else None
        if carried is not None:
            initial_state = carried
        for k in range(self.layers):
            outputs = []
            for rnn in self._layer(k):
                at = len(final)
                start = None if initial_state is None else list(initial_state[at : at + S])
                inner = rnn if self.block is None else rnn.rnn
                with dropped(inner, self.weight_drop if training else 0, self.weight_seed):
                    output, *state = rnn(x, initial_state=start, mask=mask, training=training)
                outputs.append(ops.flip(output, axis=1) if rnn.go_backwards else output)
                final += state
            x = outputs[0] if len(outputs) == 1 else ops.concatenate(outputs, axis=-1)
            if k + 1 < self.layers:
                x = self.dropouts[k](x, training=training)
        if carried is not None:
            leave_state(self, final)
        return x, final

    def compute_output_spec(self, x, mask=None, initial_state=None, training=None):
        # Said, not traced: torch would run the loop over time to find these shapes.
        width = self.units * self.directions
        outputs = keras.KerasTensor((*x.shape[:2], width), self.compute_dtype)
        shapes = [(x.shape[0], n) for _, n in self.state_shapes]
        return outputs, [keras.KerasTensor(shape, self.state_dtype) for shape in shapes]

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def step(self, x, state=None):
        """One step by hand: x (B, F), state as returned (None = zeros) -> output (B, U), state.

        Raises `InputError` when the stack is not causal.
        """
        if self.direction != "forward":
            raise InputError(
                f"layer {self.name!r} is {self.direction}, one step needs a forward stack: "
                "build it with direction='forward'"
            )
        outputs, state = self(ops.expand_dims(x, 1), initial_state=state)
        return outputs[:, 0], state

    def get_config(self):
        keys = [
            "cell",
            "units",
            "layers",
            "direction",
            "dropout",
            "activation",
            "use_bias",
            "reset_after",
            "seed",
            "weight_drop",
            "locked",
            "block",
        ]
        return super().get_config() | {key: getattr(self, key) for key in keys}
