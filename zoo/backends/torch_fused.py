"""torch's own recurrent calls, those behind `torch.nn.LSTM` and its kin.

They are the fastest road on CUDA (cuDNN), on CPU for an LSTM that fits one call (oneDNN), and on
CPU for what is too small for anything but a short way through. torch differentiates them; those of
the CPU twice as well.
"""

import torch

from zoo.backends.torch_kernels import ENOUGH, onednn_takes

# (kind, activation) -> the call
CALLS = {
    ("lstm", "tanh"): torch._VF.lstm,
    ("gru", "tanh"): torch._VF.gru,
    ("simple_rnn", "tanh"): torch._VF.rnn_tanh,
    ("simple_rnn", "relu"): torch._VF.rnn_relu,
}


def on_gpu(kind, activation, x) -> bool:
    """Whether cuDNN computes this."""
    cudnn = torch.backends.cudnn
    known = (kind, activation) in CALLS and x.is_cuda
    return known and cudnn.is_available() and cudnn.is_acceptable(x)


def suits(kind, activation, x, weights, recorded) -> bool:
    """Whether this is the fastest road on CPU for a batch without a mask: small, no gradient."""
    if recorded or (kind, activation) not in CALLS or x.device.type != "cpu":
        return False
    small = x.shape[0] * weights["recurrent_kernel"].numel() < 3 * ENOUGH
    return small or not onednn_takes(x)


def _swapped(w):
    """Keras's gate order z, r, h along the last axis, as torch's r, z, n."""
    z, r, h = w.chunk(3, -1)
    return torch.cat([r, z, h], -1)


def weights_of_torch(kind, weights, flat):
    """Keras's weights as torch.nn has them: (G*U, F), (G*U, U) and two biases, or none.

    flat: make them parts of one piece of memory, as cuDNN wants them.
    """
    bias = weights.get("bias")
    biases = []
    if bias is not None:
        biases = list(bias) if kind == "gru" else [bias, torch.zeros_like(bias)]
    parts = [weights["kernel"], weights["recurrent_kernel"], *biases]
    if kind == "gru":
        parts = [_swapped(w) for w in parts]
    parts = [w.t() if w.dim() == 2 else w for w in parts]
    if flat:
        pieces = torch.cat([w.reshape(-1) for w in parts]).split([w.numel() for w in parts])
        parts = [piece.view(w.shape) for piece, w in zip(pieces, parts, strict=True)]
    return parts


def dense(kind, activation, x, weights, state, reverse):
    """Outputs (B, T, U) and final states, without a mask."""
    parts = weights_of_torch(kind, weights, flat=x.is_cuda)
    state = [s.unsqueeze(0) for s in state]
    y, *final = CALLS[kind, activation](
        x.flip(1) if reverse else x,
        state if kind == "lstm" else state[0],
        parts, len(parts) == 4, 1, 0.0, torch.is_grad_enabled(), False, True,
    )  # fmt: skip
    return y.flip(1) if reverse else y, [s.squeeze(0) for s in final]


def packed(kind, activation, layout, x, weights, state):
    """Packed x (N, F), states in the layout's order -> packed outputs, final states."""
    parts = weights_of_torch(kind, weights, flat=x.is_cuda)
    rows = layout.rows  # rows without a step do not take part
    start = [s[:rows].unsqueeze(0) for s in state]
    y, *final = CALLS[kind, activation](
        x, torch.tensor(layout.sizes, device="cpu"),
        start if kind == "lstm" else start[0],
        parts, len(parts) == 4, 1, 0.0, torch.is_grad_enabled(), False,
    )  # fmt: skip
    final = [torch.cat([f.squeeze(0), s[rows:]]) for f, s in zip(final, state, strict=True)]
    return y, final
