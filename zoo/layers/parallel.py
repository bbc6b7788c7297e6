"""Layers without the sequential wall: their gates see the input alone, not the state.

So the state obeys h = a h' + b, with a and b of all steps known beforehand, and all steps can be
computed by a parallel scan (`zoo.backends.linear_scan`; Martin and Cundy 2018). The scan multiplies
and adds where the papers' code takes logarithms: with 0 <= a <= 1 no product of factors can
overflow, one that vanishes is rightly 0, and a state need not be positive. What has to be done by
logarithms is done so: the gates of a minLSTM, divided by their sum, and the decay of an RG-LRU.
"""

import math

import keras
from keras import ops

from zoo import backends
from zoo.backends.kernels.common import wide_type
from zoo.backends.kernels.gate_products import DECAY_POWER
from zoo.backends.kernels.parallel import coefficients
from zoo.errors import InputError
from zoo.layers.loop import NativeLoop
from zoo.layers.recurrent import register

WEIGHTS = ("kernel", "bias", "gate_kernel", "gate_bias", "decay")


class ParallelCell(keras.layers.Layer):
    """What the cells share: one matrix for all gates, the state [h], one step by hand."""

    gates = 1
    recurrent_kernel = None  # what the gates of other cells see the state through
    options = ("units", "use_bias")

    def __init__(self, units, use_bias=True, **kwargs):
        super().__init__(autocast=False, **kwargs)  # the state is float32 in half precision too
        self.units, self.use_bias = units, use_bias
        self.state_size = self.output_size = units

    def build(self, input_shape):
        G = self.gates * self.units
        self.kernel = self.add_weight((input_shape[-1], G), "glorot_uniform", name="kernel")
        self.bias = self.add_weight((G,), "zeros", name="bias") if self.use_bias else None
        self.built = True

    def weights_by_name(self):
        """The weights that this cell has, in the compute type."""
        found = {name: getattr(self, name, None) for name in WEIGHTS}
        return {
            name: ops.convert_to_tensor(w, None if name == "decay" else self.compute_dtype)
            for name, w in found.items()
            if w is not None
        }

    def call(self, inputs, states, training=False):
        """One step by hand. inputs (B, F), states [h] -> output (B, U), new states."""
        many = isinstance(states, (list, tuple))
        state, inputs = states[0] if many else states, ops.cast(inputs, self.compute_dtype)
        a, b = coefficients(self.kind, self.weights_by_name(), inputs)
        h = a * ops.cast(state, a.dtype) + b
        output, h = ops.cast(h, self.compute_dtype), ops.cast(h, state.dtype)
        return output, [h] if many else h

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, self.units), wide_type(self.compute_dtype))]

    def get_config(self):
        return super().get_config() | {key: getattr(self, key) for key in self.options}


@register
class MinGRUCell(ParallelCell):
    """One step of minGRU; see `MinGRU`."""

    gates, kind = 2, "min_gru"


@register
class MinLSTMCell(ParallelCell):
    """One step of minLSTM; see `MinLSTM`."""

    gates, kind = 3, "min_lstm"


@register
class RGLRUCell(ParallelCell):
    """One step of the real-gated linear recurrent unit; see `RGLRU`."""

    kind = "rg_lru"
    options = ("units", "use_bias", "blocks", "projection")

    def __init__(self, units, use_bias=True, blocks=1, projection=True, **kwargs):
        super().__init__(units, use_bias, **kwargs)
        if not isinstance(blocks, int) or blocks < 1 or units % blocks:
            raise InputError(
                f"blocks is {blocks!r}, expected a divisor of units, {units}: choose one of those"
            )
        self.blocks, self.projection = blocks, projection

    def build(self, input_shape):
        if self.projection:
            super().build(input_shape)
        elif input_shape[-1] != self.units:
            raise InputError(
                f"projection is False and the input has {input_shape[-1]} features, expected as "
                f"many as units, {self.units}: leave projection out"
            )
        n = self.units // self.blocks
        normal = keras.initializers.RandomNormal(stddev=1 / math.sqrt(n))
        self.gate_kernel = self.add_weight((2, self.blocks, n, n), normal, name="gate_kernel")
        self.gate_bias = None
        if self.use_bias:
            self.gate_bias = self.add_weight((2, self.units), "zeros", name="gate_bias")
        self.decay = self.add_weight((self.units,), _decay, name="decay", autocast=False)
        self.built = True


def _decay(shape, dtype=None):
    """L such that exp(-8 softplus(L)), an open gate's decay, is uniform in 0.9 .. 0.999."""
    drawn = keras.initializers.RandomUniform(0.9, 0.999)(shape, dtype)
    a = ops.convert_to_tensor(drawn, dtype)  # under `unset_weights` these are zeros in float32
    return ops.log(ops.expm1(-ops.log(a) / DECAY_POWER))


class ParallelLayer(NativeLoop, keras.layers.RNN):
    """A recurrent layer over one of the cells above, all steps at once."""

    cell_class = None
    stock_has_gpu_kernel = False

    def __init__(self, units, use_bias=True, **kwargs):
        names = {*self.cell_class.options, "dtype"} & set(kwargs)
        own = {name: kwargs[name] for name in names}
        for name in names - {"dtype"}:
            del kwargs[name]
        super().__init__(self.cell_class(units, use_bias, **own), **kwargs)
        self.autocast = False
        self.units = units

    @property
    def kind(self):
        """The cell's name in `zoo.backends`."""
        return self.cell.kind

    @property
    def state_dtype(self):
        """Float32 where the layer computes in half precision: a slow decay is lost in less."""
        return wide_type(self.compute_dtype)

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """As `Carries.call`."""
        sequences = ops.cast(sequences, self.compute_dtype)
        return super().call(sequences, initial_state, mask, training)

    def _loop(self, x, state, mask):
        self.loop_path = "linear scan"
        mask = None if mask is None else ops.cast(mask, "bool")
        weights = self.cell.weights_by_name()
        outputs, last = backends.gated_scan(
            self.kind, weights, x, state[0], mask, self.go_backwards
        )
        return outputs, [last]

    def get_config(self):
        config = super().get_config()
        config.pop("cell")
        cell = self.cell.get_config()
        return config | {key: cell[key] for key in self.cell.options}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(**config)


@register
class MinGRU(ParallelLayer):
    """minGRU (Feng et al. 2024, "Were RNNs all we needed?", section 3.1 and appendix B).

    z = s(W_z x);  h = (1 - z) h' + z g(W_h x);  g(v) = v + 0.5 above 0, s(v) below.

    units: U; use_bias: of the gates. Input (B, T, F), mask (B, T) with True = a real step,
    initial_state [h] of (B, U). Returns (B, U), or (B, T, U) with `return_sequences=True`, and with
    `return_state=True` also h. From zeros every h is positive.

    >>> import numpy as np
    >>> tuple(MinGRU(4, return_sequences=True)(np.zeros((2, 5, 3), "float32")).shape)
    (2, 5, 4)
    """

    cell_class = MinGRUCell


@register
class MinLSTM(ParallelLayer):
    """minLSTM (Feng et al. 2024, "Were RNNs all we needed?", section 3.2 and appendix B).

    f, i = s(W_f x), s(W_i x);  h = (f h' + i g(W_h x)) / (f + i);  g as in `MinGRU`.

    units: U; use_bias: of the gates. Input (B, T, F), mask (B, T) with True = a real step,
    initial_state [h] of (B, U): its memory is its output. Returns (B, U), or (B, T, U) with
    `return_sequences=True`, and with `return_state=True` also h.

    >>> import numpy as np
    >>> tuple(MinLSTM(4)(np.zeros((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    cell_class = MinLSTMCell


@register
class RGLRU(ParallelLayer):
    """Real-gated linear recurrent unit (De et al. 2024, "Griffin", section 2.4).

    u = W x;  r, i = s(W_r u), s(W_i u);  a = exp(-8 r softplus(L));
    h = a h' + sqrt(1 - a^2) i u.

    units: U; use_bias: of the projection and the gates; blocks: W_r and W_i are that many blocks on
    their diagonals (16 in the paper); projection: W, which in the paper is the layer before; False
    where F = U and there is such a layer. Input (B, T, F), mask (B, T) with True = a real step,
    initial_state [h] of (B, U). Returns (B, U), or (B, T, U) with `return_sequences=True`, and with
    `return_state=True` also h.

    Raises `InputError` for blocks that do not divide U, and for F other than U without projection.

    >>> import numpy as np
    >>> tuple(RGLRU(4, blocks=2)(np.zeros((2, 5, 3), "float32")).shape)
    (2, 4)
    """

    cell_class = RGLRUCell
