"""A whole model from scratch: tanh recurrence, softmax output, all gradients by hand."""

import numpy as np

from zoo.errors import InputError
from zoo.reference.recurrent import backward, forward


def softmax_cross_entropy(logits, targets):
    """Mean cross-entropy of softmax(logits) against integer targets, and its gradient.

    Args:
        logits: (..., V).
        targets: int (...), each in 0 .. V-1.

    Returns:
        (value, d_logits): the mean over all positions in nats, and its gradient (..., V), which is
        (softmax(logits) - one_hot(targets)) / positions.

    Raises:
        InputError: a shape that does not fit, or a target outside 0 .. V-1.

    >>> value, d_logits = softmax_cross_entropy([[0.0, 0.0]], [1])
    >>> round(value, 4), d_logits.tolist()
    (0.6931, [[0.5, -0.5]])
    """
    logits, targets = np.asarray(logits, "float64"), np.asarray(targets)
    if targets.shape != logits.shape[:-1]:
        raise InputError(f"targets have shape {targets.shape}, expected {logits.shape[:-1]}")
    V = logits.shape[-1]
    if targets.size == 0 or targets.min() < 0 or targets.max() >= V:
        raise InputError(f"targets must be one or more integers in 0 .. {V - 1}")
    shifted = logits - logits.max(axis=-1, keepdims=True)  # softmax is the same, exp is safe
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))  # (..., V)
    one_hot = np.eye(V)[targets]
    value = -(one_hot * log_p).sum() / targets.size
    return float(value), (np.exp(log_p) - one_hot) / targets.size


def vanilla(U, W, V, x, targets, initial_state=None):
    """The textbook RNN: h_t = tanh(x_t U + h_{t-1} W), p_t = softmax(h_t V), and its BPTT.

    Args:
        U: input matrix (F, H).
        W: recurrent matrix (H, H).
        V: output matrix (H, K) for K classes.
        x: inputs (B, T, F).
        targets: int (B, T), the right class at each step.
        initial_state: h_0 (B, H); None means zeros.

    Returns:
        (loss, gradients): the mean cross-entropy over all steps, and {"U", "W", "V"}.

    Raises:
        InputError: a shape that does not fit, or a target outside 0 .. K-1.

    Source: Elman 1990, "Finding structure in time"; Werbos 1990, "Backpropagation through time".

    >>> U, W, V = np.ones((1, 2)), np.zeros((2, 2)), np.zeros((2, 2))
    >>> loss, gradients = vanilla(U, W, V, np.ones((1, 1, 1)), np.array([[0]]))
    >>> round(loss, 4), gradients["V"].round(4).tolist()
    (0.6931, [[-0.3808, 0.3808], [-0.3808, 0.3808]])
    """
    V = np.asarray(V, "float64")
    state = None if initial_state is None else [initial_state]
    weights = {"kernel": U, "recurrent_kernel": W, "bias": None}
    trace = forward("simple_rnn", weights, x, initial_state=state)
    h = trace.outputs  # (B, T, H)
    if V.ndim != 2 or V.shape[0] != h.shape[2]:
        raise InputError(f"V has shape {V.shape}, expected ({h.shape[2]}, classes)")
    loss, d_logits = softmax_cross_entropy(h @ V, targets)
    d_V = np.einsum("bth,btk->hk", h, d_logits)
    gradients = backward(trace, d_logits @ V.T)
    return loss, {"U": gradients["kernel"], "W": gradients["recurrent_kernel"], "V": d_V}
