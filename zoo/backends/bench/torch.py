"""torch: eager, as Keras runs it; and torch's own recurrent layers."""

import keras
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from zoo import backends
from zoo.backends.bench import process

MODES = ("",)
NATIVE = {"simple_rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def _wait():
    if torch.cuda.is_available() and backends.on_gpu():
        torch.cuda.synchronize()


def forward(call, variables, mode):
    """Inference without gradient bookkeeping: f(x, mask) -> (outputs,)."""

    def run(x, mask):
        with torch.no_grad():
            outputs = call(x, mask)
        _wait()
        return (outputs,)

    return run


def training(call, variables, mode):
    """One gradient: f(x, mask, weights) -> (loss, gradient of x, gradients)."""
    values = [v.value if isinstance(v, keras.Variable) else v for v in variables]

    def run(x, mask, weights):
        x = x.detach().requires_grad_()
        loss = (call(x, mask).to(weights.dtype) * weights).sum()
        gradients = torch.autograd.grad(loss, [x, *values])
        _wait()
        return loss.detach(), *gradients

    return run


def products(sets, size, train, mode):
    """The matrix products alone; see `zoo.reports.bench_cases.operands`. size: (B, T).

    A step reads a slice of the product before it, nothing else: torch computes what it is told to.
    """

    def run():
        with torch.no_grad():
            results = [_products(size, train, **operands) for operands in sets]
        _wait()
        return results

    return run


def _products(size, train, x, kernel, recurrent, state, gates, states):
    (B, T), U = size, recurrent.shape[0]
    h = state
    for projected in (x @ kernel).view(T, B, -1).unbind(0):
        h = torch.addmm(projected, h, recurrent)[:, :U]
    if not train:
        return (h,)
    back, G = recurrent.t(), recurrent.shape[1] // U
    for gradient in reversed(gates.view(T, B, -1).unbind(0)):
        h = (gradient.view(B, G, U) + h[:, None]).view(B, -1) @ back
    return h, gates @ kernel.t(), x.t() @ gates, states.t() @ gates


def native(layer, weights, shape, lengths):
    """torch's own layer with the Keras `weights` of each direction; returns call, variables.

    layer: a name in `NATIVE`; shape has F and U; lengths: B integers, or None without a mask. Rows
    are packed at each call, as its users do.
    """
    module = NATIVE[layer](shape.F, shape.U, batch_first=True, bidirectional=len(weights) > 3)
    module.load_state_dict(_state_dict(layer, weights, shape.U))
    example = keras.ops.zeros((1,), keras.config.dtype_policy().compute_dtype)
    module.to(device=example.device, dtype=example.dtype)
    real = None if lengths is None else torch.as_tensor(lengths)

    def whole(x, mask):
        return module(x)[0]

    def packed(x, mask):
        rows = pack_padded_sequence(x, real, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(module(rows)[0], batch_first=True, total_length=x.shape[1])[0]

    return whole if real is None else packed, list(module.parameters())


def _state_dict(layer, weights, units):
    """Keras has kernels (F, G*U) and one bias, torch (G*U, F) and two; GRU gates z, r are r, z."""

    def turned(w):
        blocks = torch.as_tensor(w).split(units, dim=-1)
        return torch.cat([blocks[1], blocks[0], blocks[2]] if layer == "gru" else blocks, dim=-1)

    found = {}
    for k, end in zip(range(0, len(weights), 3), ("", "_reverse"), strict=False):
        kernel, recurrent, bias = (turned(w) for w in weights[k : k + 3])
        both = bias if bias.ndim == 2 else torch.stack([bias, torch.zeros_like(bias)])
        found |= {f"weight_ih_l0{end}": kernel.t(), f"weight_hh_l0{end}": recurrent.t()}
        found |= {f"bias_ih_l0{end}": both[0], f"bias_hh_l0{end}": both[1]}
    return found


def peak_bytes():
    """The most memory in use so far: of the GPU where one computes, else of the process."""
    if backends.on_gpu():
        return torch.cuda.max_memory_allocated()
    return process.peak_bytes()


def release():
    """Nothing is compiled; give cached GPU memory back."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
