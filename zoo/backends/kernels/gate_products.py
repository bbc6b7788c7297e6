"""The matrix products of the cells whose gates see the input alone, and back through them.

    prepared(weights)                       -> weights as all steps read them
    products(weights, x)                    -> what the gates are made of
    back_products(weights, x, made, d)      -> d_x, gradients of the prepared weights by name

They make x @ kernel + bias, (..., G*U), and for an RG-LRU of that u its two gates before their
sigmoids too: (u, r, i), each (..., U). A backend that has a faster product hands it in.
"""

from keras import ops

from zoo.backends.kernels.common import wide_type

DECAY_POWER = 8.0  # c in the paper of RG-LRU
WIDTH = 32  # units that one product of an RG-LRU's gates sees, where a block has fewer


def prepared(weights):
    """Weights as all steps read them: once for a call, by operations with gradients of their own.

    Of an RG-LRU: `gates` (N, n, 2n), the matrices of r and i beside each other, for N parts of the
    units; `gates_bias` (2, U); `slope` (U,), so that log a = slope * r.
    """
    if "decay" not in weights:
        return weights
    weights = dict(weights)
    decay = weights.pop("decay")
    weights["slope"] = -DECAY_POWER * ops.softplus(ops.cast(decay, wide_type(decay.dtype)))
    weights["gates"] = _side_by_side(weights.pop("gate_kernel"))
    return weights


def _side_by_side(kernel):
    """(2, blocks, n, n) as (N, m, 2m): as many blocks in one, on its diagonal, as fit in WIDTH."""
    blocks, n = kernel.shape[1:3]
    some = max(k for k in range(1, blocks + 1) if blocks % k == 0 and (k == 1 or k * n <= WIDTH))
    parts = ops.reshape(kernel, (2, blocks // some, some, n, 1, n))
    here = ops.reshape(ops.eye(some, dtype=kernel.dtype), (some, 1, some, 1))
    parts = ops.transpose(parts * here, (1, 2, 3, 0, 4, 5))
    return ops.reshape(parts, (blocks // some, some * n, 2 * some * n))


def products(weights, x, multiply=None):
    """All products that the gates are made of, each (..., U) or (..., G*U): see above.

    multiply(x, kernel): the product itself, where it is not `rows_product`.
    """
    multiply = multiply or rows_product
    y = multiply(x, weights["kernel"]) if "kernel" in weights else x
    y = y + weights["bias"] if "bias" in weights else y
    return (y, *_gates(weights, y, multiply)) if "gates" in weights else (y,)


def back_products(weights, x, made, d, need_x=True, multiply=None, outer=None):
    """What d, the gradients of all that `products` made, makes of x, and those of the weights.

    outer(x, d): the gradient of `multiply` by the kernel. Without `need_x` None for x.
    """
    multiply, outer = multiply or rows_product, outer or rows_outer
    d, *d_gates = d
    gradients = {}
    if d_gates:
        through, gradients = _back_gates(weights, made[0], d_gates, multiply, outer)
        d = d + through
    if "bias" in weights:
        gradients["bias"] = rows_sum(d)
    if "kernel" not in weights:
        return d, gradients
    gradients["kernel"] = outer(x, d)
    return multiply(d, ops.transpose(weights["kernel"])) if need_x else None, gradients


def rows_product(x, kernel):
    """x (..., F) @ kernel as one product of two matrices, in its gradient too."""
    y = ops.matmul(ops.reshape(x, (-1, x.shape[-1])), kernel)
    return ops.reshape(y, (*ops.shape(x)[:-1], kernel.shape[-1]))


def rows_outer(x, d):
    """The gradient of `rows_product` by the kernel."""
    x, d = (ops.reshape(v, (-1, v.shape[-1])) for v in (x, d))
    return ops.matmul(ops.transpose(x), d)


def rows_sum(d):
    """(..., U) -> (U,), the gradient of a bias; as a product, which XLA takes faster than a sum."""
    d = ops.reshape(d, (-1, d.shape[-1]))
    return ops.matmul(ops.ones_like(d[:, :1])[None, :, 0], d)[0]


def _gates(weights, u, multiply):
    """r and i of an RG-LRU before their sigmoids: each part of the units times its own matrix."""
    matrices = weights["gates"]
    both = [_cut(multiply(p, matrices[k]), 2) for k, p in enumerate(_cut(u, matrices.shape[0]))]
    r_i = [_joined(v) for v in zip(*both, strict=True)]
    bias = weights.get("gate_bias")
    return r_i if bias is None else [v + bias[k] for k, v in enumerate(r_i)]


def _back_gates(weights, u, d, multiply, outer):
    """The gradient that r's and i's, d, make of u, and those of their weights."""
    matrices = weights["gates"]
    parts = [_cut(v, matrices.shape[0]) for v in (u, *d)]
    both = [(u_k, _joined(d_k)) for u_k, *d_k in zip(*parts, strict=True)]
    d_u = [multiply(d_k, ops.transpose(matrices[k])) for k, (_, d_k) in enumerate(both)]
    gradients = {"gates": ops.stack([outer(*k) for k in both])}
    if "gate_bias" in weights:
        gradients["gate_bias"] = ops.stack([rows_sum(v) for v in d])
    return _joined(d_u), gradients


def _cut(x, parts):
    return ops.split(x, parts, axis=-1) if parts > 1 else [x]


def _joined(parts):
    return ops.concatenate(parts, -1) if len(parts) > 1 else parts[0]
