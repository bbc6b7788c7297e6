"""The numbers that go into a case: inputs, masks, and the matrices of its products alone."""

import numpy as np

from zoo.reports.bench_cases import LAYERS, PARALLEL, Case
from zoo.reports.bench_shapes import Shape


def lengths(shape: Shape, seed: int = 0) -> np.ndarray:
    """B lengths spread evenly over 1..T and shuffled: half of all steps are real.

    >>> sorted(lengths(Shape(4, 10, 1, 1)).tolist())
    [1, 4, 7, 10]
    """
    if shape.B == 1:
        return np.array([(shape.T + 1) // 2])
    spread = np.linspace(1, shape.T, shape.B).round().astype(int)
    return np.random.default_rng(seed).permutation(spread)


def mask(kind: str, shape: Shape, seed: int = 0) -> np.ndarray | None:
    """None for `none`; for `half` bool (B, T), True = a real step, padded on the right."""
    if kind == "none":
        return None
    return np.arange(shape.T) < lengths(shape, seed)[:, None]


def arrays(case: Case, kind: str) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """The input (B, T, F), the mask (B, T) or None, and the loss's weights (B, T, U or 2U).

    The loss is sum(outputs * weights). The weights are zero at masked steps: what a layer returns
    there is its own affair (Keras repeats the state, torch.nn gives zeros).
    """
    B, T, F, U = case.shape.B, case.shape.T, case.shape.F, case.shape.U
    random = np.random.default_rng(case.seed)
    x = random.standard_normal((B, T, F), "float32")
    weights = random.standard_normal((B, T, U * case.directions), "float32")
    real = mask(kind, case.shape, case.seed)
    return x, real, weights if real is None else weights * real[..., None]


def operands(case: Case) -> list[dict[str, np.ndarray]]:
    """The matrices of the layer's own products, a set for each direction.

    x (T*B, F), kernel (F, G*U), recurrent (U, G*U), state (B, U); and, standing in for what a
    backward pass has at hand, gates (T*B, G*U) and states (T*B, U). Where the gates do not see the
    state: x and kernel alone, and gates (2, blocks, U/blocks, U/blocks) if they are products too.
    """
    B, T, F, U = case.shape.B, case.shape.T, case.shape.F, case.shape.U
    G = LAYERS[case.layer]
    random = np.random.default_rng(case.seed)
    scales = {"x": ((T * B, F), 1.0), "kernel": ((F, G * U), F**-0.5)}
    blocks = PARALLEL.get(case.layer)
    if blocks:
        scales["gates"] = ((2, blocks, U // blocks, U // blocks), (U // blocks) ** -0.5)
    scales |= (
        {}
        if case.layer in PARALLEL
        else {
            "recurrent": ((U, G * U), 0.25 * U**-0.5),  # so that products of products stay finite
            "state": ((B, U), 1.0),
            "gates": ((T * B, G * U), 1.0),
            "states": ((T * B, U), 1.0),
        }
    )
    return [
        {n: random.standard_normal(s, "float32") * np.float32(k) for n, (s, k) in scales.items()}
        for _ in range(case.directions)
    ]


def like(case: Case, shape) -> np.ndarray:
    """Normal numbers of this shape, for what has no other source."""
    return np.random.default_rng(case.seed).standard_normal(shape, "float32")


def flops(case: Case) -> int:
    """Multiplications and additions of the layer's matrix products alone, padding included.

    Forward: x W and, step by step, h U; where the gates do not see the state, those of x W with
    their blocks instead. Backward: the same again for the gradients of x and h, and again for those
    of W and U.

    >>> flops(Case("lstm", Shape(32, 100, 64, 128), "forward"))
    629145600
    """
    shape, G, blocks = case.shape, LAYERS[case.layer], PARALLEL.get(case.layer)
    behind = G * shape.U if blocks is None else 2 * shape.U // blocks if blocks else 0
    each = 2 * shape.U * (G * shape.F + behind)
    forward = shape.B * shape.T * each * case.directions
    return forward * (3 if case.step == "training" else 1)
