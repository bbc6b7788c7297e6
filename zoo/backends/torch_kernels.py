"""What every step of the torch loop is made of: matrix products and activations.

On CPU two libraries can take a float32 product. oneDNN keeps the matrix packed and uses the widest
instructions, at about 12 microseconds a call; the library behind `torch.addmm` starts at once. So
large products go to oneDNN and small ones to `addmm`.
"""

import torch

_namespace = torch.ops.mkldnn
_ONEDNN = torch.backends.mkldnn.is_available() and hasattr(_namespace, "_linear_pointwise")
if _ONEDNN:
    _linear = _namespace._linear_pointwise.default
    _linear_add = _namespace._linear_pointwise.binary
    _pack = _namespace._reorder_linear_weight

# Multiply-adds from which oneDNN is faster; packing a matrix pays after a few steps.
ENOUGH = 1_000_000
# oneDNN writes a program for each size that it meets, a millisecond and half a megabyte each. With
# masks every number of rows comes up, so only multiples of these are shown to it.
FEW_ROWS, MANY_ROWS = 8, 128


def onednn_takes(tensor) -> bool:
    """Whether oneDNN computes with this tensor: float32, on CPU, not switched off by the user."""
    on_cpu = tensor.device.type == "cpu" and tensor.dtype == torch.float32
    return _ONEDNN and on_cpu and torch._C._get_mkldnn_enabled()


def _for_onednn(a, columns):
    """How many rows of a (N, K), the first, oneDNN is to multiply into as many columns."""
    rows = len(a) if len(a) % 32 == 0 else len(a) // MANY_ROWS * MANY_ROWS
    return rows if rows * a.shape[1] * columns >= ENOUGH and onednn_takes(a) else 0


def multiply(a, b, bias=None):
    """a (N, K) @ b (K, M) + bias (M,)."""
    n = _for_onednn(a, b.shape[1])
    first = _linear(a[:n], b.t(), bias, "none", [], "") if n else None
    if n == len(a) and n:
        return first
    rest = a[n:] @ b if bias is None else torch.addmm(bias, a[n:], b)
    return torch.cat([first, rest]) if n else rest


def add_outer(total, a, b) -> None:
    """total (K, M) += a.T @ b, for a (N, K) and b (N, M): a weight's gradient over many steps."""
    n = _for_onednn(a, b.shape[1])
    if n:
        total.add_(_linear(a[:n].t(), b[:n].t(), None, "none", [], ""))
    if n < len(a):
        total.addmm_(a[n:].t(), b[n:])


class StepProduct:
    """h @ matrix, made ready to be taken at every step with up to `rows` rows of h."""

    def __init__(self, matrix, rows):
        self.matrix, self.rows, self.packed = matrix, rows, None
        self.least_rows = -(-ENOUGH // matrix.numel())
        if rows >= self.least_rows and onednn_takes(matrix):
            self.packed = _pack(matrix.t(), rows)
            self.room = matrix.new_zeros(-(-rows // FEW_ROWS) * FEW_ROWS, matrix.shape[0])

    def plus(self, addend, h):
        """addend (n, M) + h (n, K) @ matrix (K, M), as a new tensor."""
        n = len(h)
        if self.packed is None or n < self.least_rows:
            return torch.addmm(addend, h, self.matrix)
        if n == self.rows or n % FEW_ROWS == 0:
            return _linear_add(h, addend, self.packed, None, "add")
        self.room[:n] = h
        padded = self.room[: -(-n // FEW_ROWS) * FEW_ROWS]
        return _linear(padded, self.packed, None, "none", [], "")[:n].add_(addend)

    def add_to(self, total, h) -> None:
        """total (n, M) += h (n, K) @ matrix (K, M)."""
        if self.packed is None or len(h) < self.least_rows:
            total.addmm_(h, self.matrix)
        else:
            total.copy_(self.plus(total, h))


# From this many numbers on, three cheap passes are faster than the one exact tanh of CPUs.
WIDE = 4096
_MINUS_ONE = {
    dtype: torch.tensor(-1.0, dtype=dtype, device="cpu") for dtype in (torch.float32, torch.float64)
}


def _tanh(a, out):
    """tanh(a) into `out`, by 2 s(2a) - 1 where that is faster (equal to 1e-7)."""
    if a.numel() < WIDE or a.device.type != "cpu":
        return torch.tanh(a, out=out)
    torch.add(a, a, out=out)
    return torch.add(_MINUS_ONE[a.dtype], out.sigmoid_(), alpha=2, out=out)


aten = torch.ops.aten


def sigmoid_back(d, y, out):
    """d * y * (1 - y) into `out`: back through y = sigmoid(a)."""
    return aten.sigmoid_backward.grad_input(d, y, grad_input=out)


# name -> (the function of a into out, d * its derivative at the value y into out,
#          the function as autograd knows it)
ACTIVATIONS = {
    "tanh": (
        _tanh,
        lambda d, y, out: aten.tanh_backward.grad_input(d, y, grad_input=out),
        torch.tanh,
    ),
    "relu": (
        lambda a, out: torch.clamp_min(a, 0, out=out),
        lambda d, y, out: aten.threshold_backward.grad_input(d, y, 0, grad_input=out),
        torch.relu,
    ),
    "sigmoid": (lambda a, out: torch.sigmoid(a, out=out), sigmoid_back, torch.sigmoid),
    "linear": (lambda a, out: out.copy_(a), lambda d, y, out: out.copy_(d), lambda a: a),
}
