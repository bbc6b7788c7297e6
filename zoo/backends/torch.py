"""torch: an eager loop over views of time, no gradient bookkeeping outside training."""

import keras
import torch

from zoo.backends.torch_trace import Stepwise


def recurrence(step, state, inputs, reverse=False):
    """Run `step(state, inputs_t) -> (state, output_t)` over axis 1 of every input.

    inputs: a list of tensors (B, T, ...); state: a list of tensors (B, U).
    Returns the outputs (B, T, U) in the inputs' time order and the final state.
    """
    # `unbind` keeps the backward pass linear in T; indexing x[:, t] makes it quadratic, because
    # each index writes a whole zero gradient.
    steps = list(zip(*(x.unbind(1) for x in inputs), strict=True))
    outputs = []
    for inputs_t in reversed(steps) if reverse else steps:
        state, output = step(state, list(inputs_t))
        outputs.append(output)
    return torch.stack(outputs[::-1] if reverse else outputs, dim=1), list(state)


def compiled(function, variables=(), loop=False):
    """`function` without gradient bookkeeping; torch runs it eagerly."""

    def run(*arguments):
        with torch.no_grad():
            return function(*keras.tree.map_structure(keras.ops.convert_to_tensor, arguments))

    return run


def stepwise(function, variables=()):
    """`function(inputs, state)` with the operations written down once (see `torch_trace.py`)."""
    return Stepwise(function, variables)


def value_and_gradients(function, variables):
    """The value of `function()` and its gradient by each variable, as NumPy arrays."""
    values = [v.value for v in variables]
    value = function()
    gradients = torch.autograd.grad(value, values, allow_unused=True)
    gradients = [
        torch.zeros_like(v) if g is None else g for g, v in zip(gradients, values, strict=True)
    ]
    return value.detach().cpu().numpy(), [g.detach().cpu().numpy() for g in gradients]


def at_steps(x, at):
    """The steps `at` (B, S) of x (B, T, U): (B, S, U)."""
    # Not `take_along_dim`, which fixes the sizes that it compares.
    return torch.gather(x, 1, at.to(torch.int64).unsqueeze(2).expand(-1, -1, x.shape[2]))


def devices() -> list[str]:
    """The devices by Keras's names, for example `["cpu:0", "gpu:0"]`."""
    return ["cpu:0"] + [f"gpu:{i}" for i in range(torch.cuda.device_count())]


# What `repeat_exactly` costs, as `zoo compare --reproducible` found (docs/compare.md).
COST = "none beyond noise on a CPU"
# What may differ between two runs, whatever is set.
NOT_REPEATED = (
    "on a GPU: cumsum of real numbers, the gradients of max_pool3d, interpolate and grid_sample; "
    "torch raises an error that names such an operation",
)


def repeat_exactly():
    """Choose operations that repeat bit for bit; what was set."""
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    return ["torch.use_deterministic_algorithms(True)", "torch.backends.cudnn.deterministic"]


def dense(gradient):
    """A gradient as one tensor: Keras asks torch for no others."""
    return gradient
