"""The native recurrences of torch against the NumPy equations: outputs and every gradient."""

import keras
import numpy as np
import pytest

if keras.backend.backend() != "torch":
    pytest.skip("the native recurrences of torch", allow_module_level=True)

import torch

from zoo.backends import (
    torch_arrange,
    torch_fused,
    torch_kernels,
    torch_loop,
    torch_onednn,
)
from zoo.backends.torch_recurrent import recurrent, unsupported
from zoo.errors import InputError
from zoo.reference import backward, forward

GATES = {
    "simple_rnn": 1,
    "lstm": 4,
    "gru": 3,
    "gru_reset_before": 3,
    "peephole": 4,
    "coupled": 3,
}
MEMORY = ("lstm", "peephole", "coupled")
FUSED = ("simple_rnn", "lstm", "gru")

B, T, F, U = 6, 7, 3, 4
LENGTHS = np.array([7, 1, 0, 4, 7, 3])
RIGHT = np.arange(T) < LENGTHS[:, None]
HOLES = np.array([[1, 0, 1, 1, 0, 0, 1], [0, 0, 1, 0, 0, 1, 0]] * 3, bool)
MASKS = {
    "none": None,
    "right": RIGHT,
    "left": RIGHT[:, ::-1],
    "holes": HOLES,
    "nothing real": np.zeros((B, T), bool),
    "mixed": np.where(np.arange(B)[:, None] % 2, HOLES, RIGHT[:, ::-1]),
}
GARBAGE = np.array([np.nan, np.inf, -np.inf, 1e30])


def problem(kind, sizes=(B, T, F, U), seed=0, bias=True, zero_state=False):
    """(x, weights, state) in float64, drawn at random."""
    rows, steps, features, units = sizes
    rng = np.random.default_rng(seed)
    gates = GATES[kind] * units

    def draw(*shape):
        return rng.normal(0, 1.5 / np.sqrt(shape[0] + 2), shape)

    weights = {"kernel": draw(features, gates), "recurrent_kernel": draw(units, gates)}
    weights["bias"] = draw(*((2, gates) if kind == "gru" else (gates,))) if bias else None
    if kind == "peephole":
        weights["peephole"] = draw(3, units)
    state = [draw(rows, units) * (not zero_state) for _ in range(1 + (kind in MEMORY))]
    return rng.normal(0, 1, (rows, steps, features)), weights, state


def tensor(array, grad=False, dtype=torch.float32):
    if array is None:
        return None
    return torch.tensor(np.ascontiguousarray(array), dtype=dtype, requires_grad=grad)


def expected(kind, x, weights, state, mask, reverse, activation="tanh"):
    cell = "gru" if kind.startswith("gru") else kind
    after = kind != "gru_reset_before"
    return forward(cell, weights, x, state, mask, reverse, activation, after)


def close(found, wanted, name, tolerance):
    found = found.detach().to(torch.float64).cpu().numpy()
    scale = max(1.0, np.abs(wanted).max(initial=0))
    np.testing.assert_allclose(found / scale, wanted / scale, atol=tolerance, err_msg=name)


def compare(
    kind,
    x,
    weights,
    state,
    mask=None,
    reverse=False,
    dtype=torch.float32,
    tolerance=2e-5,
    **options,
):
    """Outputs, final states and the gradient of everything equal the equations; returns the path.

    Where the mask is False the inputs hold what must never be read.
    """
    activation = options.get("activation", "tanh")
    trace = expected(kind, x, weights, state, mask, reverse, activation)
    given = x.copy()
    if mask is not None:
        given[~mask] = np.resize(GARBAGE, (int((~mask).sum()), x.shape[2]))
    memory = options.get("memory", True)
    at_x = tensor(given, True, dtype)
    at_weights = {name: tensor(w, True, dtype) for name, w in weights.items()}
    at_state = [tensor(s, memory, dtype) for s in state]
    real = None if mask is None else torch.tensor(np.ascontiguousarray(mask))
    y, final, path = recurrent(kind, at_x, at_weights, at_state, real, reverse, **options)
    close(y, trace.outputs, "outputs", tolerance)
    known = [k for k, s in enumerate(final) if s is not None]
    assert known == list(range(len(state))) or not memory
    for k in known:
        close(final[k], trace.state[k], f"state {k}", tolerance)

    rng = np.random.default_rng(5)
    d_y = rng.normal(0, 1, trace.outputs.shape)
    d_final = [rng.normal(0, 1, s.shape) * (k in known) for k, s in enumerate(state)]
    wanted = backward(trace, d_y, d_final)
    named = {"x": at_x} | {n: w for n, w in at_weights.items() if w is not None}
    named |= {k: s for k, s in enumerate(at_state) if memory}
    loss = (y * tensor(d_y, dtype=dtype)).sum()
    loss = loss + sum((final[k] * tensor(d_final[k], dtype=dtype)).sum() for k in known)
    gradients = torch.autograd.grad(loss, list(named.values()))
    for name, gradient in zip(named, gradients, strict=True):
        goal = wanted["initial_state"][name] if isinstance(name, int) else wanted[name]
        close(gradient, goal, f"gradient of {name}", 5 * tolerance)
    if mask is not None:
        assert np.all(gradients[0].cpu().numpy()[~mask] == 0)
    return path


@pytest.mark.parametrize("reverse", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kind", GATES)
def test_equals_the_equations(kind, mask, reverse):
    path = compare(kind, *problem(kind), MASKS[mask], reverse)
    if kind == "lstm" and torch_kernels.onednn_takes(torch.zeros(1)):
        assert path.startswith("oneDNN lstm")
    else:
        assert path.startswith("loop with its own gradient")
    assert path.endswith(("by length", "real steps only")) == (mask != "none")


@pytest.mark.parametrize("mask", ["none", "mixed"])
@pytest.mark.parametrize("kind", GATES)
def test_double_precision_equals_to_the_last_digits(kind, mask):
    compare(kind, *problem(kind), MASKS[mask], dtype=torch.float64, tolerance=1e-13)
    compare(kind, *problem(kind, bias=False), MASKS[mask], dtype=torch.float64, tolerance=1e-13)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "linear"])
@pytest.mark.parametrize("kind", GATES)
def test_other_activations(kind, activation):
    compare(kind, *problem(kind), RIGHT, activation=activation)


@pytest.fixture
def smallest_parts(monkeypatch):
    """Everything that is cut for speed is cut as finely as it can be."""
    monkeypatch.setattr(torch_kernels, "ENOUGH", 1)
    monkeypatch.setattr(torch_kernels, "WIDE", 1)
    monkeypatch.setattr(torch_loop, "STRETCH", 1)
    monkeypatch.setattr(torch_onednn, "KEPT", 1)
    monkeypatch.setattr(torch_onednn, "PADDING", 2)
    torch_onednn.fits_one_call.cache_clear()
    torch_onednn.evenly.cache_clear()
    yield
    torch_onednn.fits_one_call.cache_clear()
    torch_onednn.evenly.cache_clear()


@pytest.mark.usefixtures("smallest_parts")
@pytest.mark.parametrize("mask", ["none", "right", "mixed"])
@pytest.mark.parametrize("kind", GATES)
def test_the_parts_make_the_whole(kind, mask):
    for reverse in (False, True):
        compare(kind, *problem(kind), MASKS[mask], reverse)


@pytest.mark.parametrize("kind", GATES)
def test_sizes_at_which_the_roads_change(kind):
    sizes = (24, 40, 20, 96)
    mask = np.arange(40) < np.linspace(0, 40, 24).round()[:, None]
    for given in (None, mask):
        compare(kind, *problem(kind, sizes), given, tolerance=1e-4)


def test_any_shape_mask_cell_and_direction():
    rng = np.random.default_rng(3)
    for seed in range(60):
        kind = str(rng.choice(list(GATES)))
        sizes = tuple(int(n) for n in rng.integers(1, (6, 9, 5, 6)))
        mask = None if rng.random() < 0.2 else rng.random(sizes[:2]) < rng.random()
        case = problem(kind, sizes, seed, bias=rng.random() < 0.7, zero_state=rng.random() < 0.5)
        memory = bool(rng.random() < 0.6)
        compare(kind, *case, mask, bool(rng.random() < 0.5), memory=memory)


@pytest.mark.parametrize("kind", GATES)
def test_a_masked_step_carries_the_state_through_to_the_bit(kind):
    x, weights, state = problem(kind)
    x, state = tensor(x), [tensor(s) for s in state]
    weights = {name: tensor(w) for name, w in weights.items()}
    y, final, _ = recurrent(kind, x, weights, state, torch.tensor(RIGHT))
    assert torch.equal(y[2], state[0][2].expand(T, U))  # no real step at all
    assert all(torch.equal(f[2], s[2]) for f, s in zip(final, state, strict=True))
    assert torch.equal(y[3, 3:], y[3, 3].expand(T - 3, U))
    alone, final_alone, _ = recurrent(kind, x[3:4, :4], weights, [s[3:4] for s in state])
    torch.testing.assert_close(y[3, :4], alone[0], rtol=1e-5, atol=1e-6)
    for f, a in zip(final, final_alone, strict=True):
        torch.testing.assert_close(f[3], a[0], rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(
    not torch_kernels.onednn_takes(torch.zeros(1)), reason="torch was built without oneDNN"
)
@pytest.mark.parametrize("length", [0, 1, 20])
def test_the_memory_outlasts_any_padding_to_the_bit(length):
    x, weights, state = problem("lstm", (2, 300, F, U))
    mask = np.arange(300) < np.array([[300], [length]])
    weights = {name: tensor(w) for name, w in weights.items()}
    state = [tensor(s) * 50 for s in state]
    one, two = (
        recurrent("lstm", tensor(x[:, :t]), weights, state, torch.tensor(mask[:, :t]))[1]
        for t in (30, 300)
    )
    assert torch.equal(one[1][1], two[1][1])
    assert torch.equal(one[0][1], two[0][1])


@pytest.mark.skipif(
    not torch_kernels.onednn_takes(torch.zeros(1)), reason="torch was built without oneDNN"
)
def test_rows_share_lanes_where_the_final_memory_is_not_wanted():
    for mask in ("right", "left", "mixed", "nothing real"):
        for reverse in (False, True):
            case = problem("lstm", zero_state=True)
            path = compare("lstm", *case, MASKS[mask], reverse, memory=False)
            assert "lanes" in path
    # A state to start from is in no lane's middle: the rows stay side by side.
    assert "by length" in compare("lstm", *problem("lstm"), RIGHT, memory=False)


def test_rows_are_laid_into_as_few_lanes_as_fit():
    lengths = np.array([7, 6, 4, 2, 1, 0])
    segments, packed_row = torch_arrange.in_lanes(lambda sizes: ((len(sizes), sizes[0]),))(lengths)
    assert segments == ((7, 4),)
    steps = [(r, k) for r, length in enumerate(lengths) for k in range(1, length + 1)]
    rows = {int(packed_row(np.array(k), np.array(r))) for r, k in steps}
    assert len(rows) == lengths.sum() and max(rows) < 7 * 4
    # The fourth row follows the third in its lane, after one step between them.
    assert packed_row(np.array(1), np.array(3)) - packed_row(np.array(4), np.array(2)) == 2 * 4


def test_segments_come_in_few_sizes_and_hold_every_step():
    """oneDNN compiles for each size that it meets."""
    rng = np.random.default_rng(0)
    cut, seen = torch_onednn.by_length(16), set()
    for _ in range(50):
        lengths = np.sort(rng.integers(0, 101, 32))[::-1]
        lengths[0] = max(lengths[0], 64)
        segments, packed_row = torch_arrange.by_time(cut)(lengths)
        seen.update(segments)
        places = [
            int(packed_row(np.array(k), np.array(r)))
            for r, length in enumerate(lengths)
            for k in range(1, length + 1)
        ]
        assert len(set(places)) == lengths.sum()
        assert max(places) < sum(steps * rows for steps, rows in segments)
        rows = [n for _, n in segments]
        assert rows == sorted(rows, reverse=True)
    assert all(steps % 8 == 0 and rows % 4 == 0 for steps, rows in seen)


@pytest.mark.parametrize("kind", GATES)
def test_chunks_with_the_state_handed_on_equal_the_whole(kind):
    x, weights, state = problem(kind)
    x, state = tensor(x), [tensor(s) for s in state]
    weights = {name: tensor(w) for name, w in weights.items()}
    mask = torch.tensor(MASKS["mixed"].copy())
    whole, final, _ = recurrent(kind, x, weights, state, mask)
    parts = []
    for at in (slice(0, 1), slice(1, 4), slice(4, 7)):
        part, state, _ = recurrent(kind, x[:, at], weights, state, mask[:, at])
        parts.append(part)
    torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=1e-5, atol=1e-6)
    for s, f in zip(state, final, strict=True):
        torch.testing.assert_close(s, f, rtol=1e-5, atol=1e-6)


def as_function(kind, weights, count, mask):
    """The recurrence as a function of x, the states and the weights alone, and the arguments."""
    names = [name for name, w in weights.items() if w is not None]

    def function(x, *rest):
        given = dict(zip(names, rest[count:], strict=True))
        y, final, _ = recurrent(kind, x, given, list(rest[:count]), mask)
        return y, *final

    return function, [weights[name] for name in names]


@pytest.mark.parametrize("mask", [None, [[1, 0, 1], [0, 1, 0]]], ids=["plain", "masked"])
@pytest.mark.parametrize("kind", GATES)
def test_first_and_second_order_gradients_check(kind, mask):
    x, weights, state = problem(kind, (2, 3, 2, 2))
    mask = None if mask is None else torch.tensor(mask, dtype=torch.bool)
    function, arrays = as_function(kind, weights, len(state), mask)
    inputs = [tensor(a, True, torch.float64) for a in (x, *state, *arrays)]
    assert torch.autograd.gradcheck(function, inputs)
    assert torch.autograd.gradgradcheck(function, inputs, fast_mode=True)


@pytest.mark.parametrize("mask", ["none", "right"])
def test_second_order_gradients_in_single_precision(mask):
    x, weights, state = problem("lstm")
    found = []
    for dtype in (torch.float32, torch.float64):
        mask_ = None if MASKS[mask] is None else torch.tensor(MASKS[mask])
        function, arrays = as_function("lstm", weights, 2, mask_)
        inputs = [tensor(a, True, dtype) for a in (x, *state, *arrays)]
        loss = sum((r**2).sum() for r in function(*inputs))
        first = torch.autograd.grad(loss, inputs, create_graph=True)
        found.append(torch.autograd.grad(sum((g**2).sum() for g in first), inputs))
    for one, two in zip(*found, strict=True):
        close(one, two.numpy(), "second order", 1e-4)


@pytest.mark.parametrize("kind", GATES)
def test_the_backward_pass_can_be_repeated(kind):
    x, weights, state = problem(kind)
    weights = {name: tensor(w, True) for name, w in weights.items()}
    y, *_ = recurrent(kind, tensor(x, True), weights, [tensor(s) for s in state])
    wanted = list(weights.values())
    one, two = (torch.autograd.grad(y.sum(), wanted, retain_graph=True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("used", ["outputs", "final state"])
@pytest.mark.parametrize("kind", GATES)
def test_gradients_where_only_one_result_is_used(kind, used):
    x, weights, state = problem(kind)
    trace = expected(kind, x, weights, state, RIGHT, False)
    d_y = np.ones_like(trace.outputs) * (used == "outputs")
    d_state = [np.ones_like(s) * (used != "outputs") for s in state]
    wanted = backward(trace, d_y, d_state)
    at_x = tensor(x, True)
    given = {name: tensor(w) for name, w in weights.items()}
    y, final, _ = recurrent(kind, at_x, given, [tensor(s) for s in state], torch.tensor(RIGHT))
    loss = y.sum() if used == "outputs" else sum(s.sum() for s in final)
    close(torch.autograd.grad(loss, at_x)[0], wanted["x"], "x", 1e-4)


@pytest.mark.parametrize("mask", ["none", "mixed"])
@pytest.mark.parametrize("kind", GATES)
def test_without_gradients_the_outputs_are_the_same_and_nothing_is_kept(kind, mask):
    x, weights, state = problem(kind)
    mask = None if MASKS[mask] is None else torch.tensor(MASKS[mask])
    weights = {name: tensor(w, True) for name, w in weights.items()}
    state = [tensor(s) for s in state]
    recorded, *_ = recurrent(kind, tensor(x), weights, state, mask)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(kept.append, lambda t: t), torch.no_grad():
        y, *_ = recurrent(kind, tensor(x), weights, state, mask)
    assert recorded.requires_grad and not y.requires_grad and not kept
    torch.testing.assert_close(y, recorded, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", GATES)
def test_half_precision_is_finite_and_near(kind, dtype):
    x, weights, state = problem(kind)
    trace = expected(kind, x, weights, state, RIGHT, False)
    wanted = backward(trace, np.ones_like(trace.outputs))
    at_x = tensor(x, True, dtype)
    given = {name: tensor(w, True, dtype) for name, w in weights.items()}
    start = [tensor(s, dtype=dtype) for s in state]
    y, final, _ = recurrent(kind, at_x, given, start, torch.tensor(RIGHT))
    assert {t.dtype for t in (y, *final)} == {dtype}
    close(y, trace.outputs, "outputs", 0.02)
    d_x, d_kernel = torch.autograd.grad(y.sum(), [at_x, given["kernel"]])
    assert d_x.dtype == d_kernel.dtype == dtype
    close(d_x, wanted["x"], "x", 0.03)
    close(d_kernel, wanted["kernel"], "kernel", 0.03)


def test_the_memory_is_kept_in_a_safe_type():
    """In bfloat16, 1 added to 256 is lost; a memory must take up many small steps."""
    steps, zero = 600, torch.zeros(1, 1, dtype=torch.bfloat16)
    weights = {"kernel": torch.zeros(1, 4), "recurrent_kernel": torch.zeros(1, 4)}
    weights["bias"] = torch.tensor([30.0, 30.0, 30.0, 30.0])  # all gates open, each step adds 1
    weights = {name: w.bfloat16() for name, w in weights.items()}
    x = torch.zeros(1, steps, 1, dtype=torch.bfloat16)
    _, (_, c), _ = recurrent("lstm", x, weights, [zero, zero])
    assert abs(c.item() - steps) <= 2


@pytest.mark.usefixtures("smallest_parts")
def test_training_goes_on_after_inference_mode():
    x, weights, state = problem("gru")
    given = {name: tensor(w, True) for name, w in weights.items()}
    state = [tensor(s) for s in state]
    with torch.inference_mode():
        alone, *_ = recurrent("gru", tensor(x), given, state, torch.tensor(RIGHT))
    y, *_ = recurrent("gru", tensor(x), given, state, torch.tensor(RIGHT))
    y.sum().backward()
    torch.testing.assert_close(alone.clone(), y, rtol=1e-5, atol=1e-6)
    assert all(w.grad.abs().max() > 0 for w in given.values())


def test_autocast_changes_no_type():
    x, weights, state = problem("gru")
    given = {name: tensor(w, True) for name, w in weights.items()}
    arguments = ("gru", tensor(x), given, [tensor(s) for s in state])
    plain, *_ = recurrent(*arguments)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast, *_ = recurrent(*arguments)
    assert torch.equal(plain, cast)


def test_a_mask_that_masks_nothing_costs_nothing():
    x, weights, state = problem("lstm")
    full = np.ones((B, T), bool)
    assert compare("lstm", x, weights, state, full) == compare("lstm", x, weights, state)


@pytest.mark.parametrize("shape", [(0, T, F), (B, 0, F)])
def test_nothing_to_do(shape):
    _, weights, state = problem("lstm", (shape[0], 1, F, U))
    weights = {name: tensor(w) for name, w in weights.items()}
    state = [tensor(s) for s in state]
    y, final, path = recurrent("lstm", torch.zeros(shape), weights, state)
    assert y.shape == (*shape[:2], U) and path == "nothing to do"
    assert all(torch.equal(f, s) for f, s in zip(final, state, strict=True))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("minimal", "tanh", "sigmoid", torch.float32), "cell 'minimal'"),
        (("lstm", "softsign", "sigmoid", torch.float32), "activation 'softsign'"),
        (("gru", "tanh", "hard_sigmoid", torch.float32), "recurrent activation 'hard_sigmoid'"),
        (("gru", "tanh", "sigmoid", torch.int64), "type torch.int64"),
        (
            ("gru", "tanh", "sigmoid", torch.float32, torch.zeros(1, 1, 1, device="meta")),
            "a tensor without values",
        ),
        (("simple_rnn", "tanh", "anything", torch.float32), None),
    ],
)
def test_what_cannot_be_done_is_told(arguments, reason):
    assert unsupported(*arguments) == reason


def test_what_cannot_be_done_is_refused():
    x, weights, state = problem("gru")
    weights = {name: tensor(w) for name, w in weights.items()}
    with pytest.raises(InputError, match=r"'softplus'.*use the layer's own loop"):
        recurrent("gru", tensor(x), weights, [tensor(s) for s in state], activation="softplus")


def test_a_trace_or_a_transform_gets_no_frozen_sizes():
    reasons = []

    def note(x):
        reasons.append(unsupported("gru", "tanh", "sigmoid", x.dtype, x))
        return x.sum()

    torch.jit.trace(note, torch.zeros(2, 3, 1), check_trace=False)
    torch.func.grad(note)(torch.zeros(2, 3, 1))
    assert reasons == ["being compiled or exported", "a transform of torch.func"]
    with torch._subclasses.FakeTensorMode():
        note(torch.zeros(2, 3, 1))
    assert reasons[-1] == "a tensor without values"


@pytest.fixture
def torch_calls(monkeypatch):
    """What runs on a GPU, run here: torch's calls have the same interface on both."""
    monkeypatch.setattr(torch_fused, "on_gpu", lambda kind, activation, x: kind in FUSED)


@pytest.mark.usefixtures("torch_calls")
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kind", FUSED)
def test_the_calls_of_torch_equal_the_equations(kind, mask):
    for reverse in (False, True):
        path = compare(kind, *problem(kind), MASKS[mask], reverse)
    compare(kind, *problem(kind, bias=False), MASKS[mask])
    if mask != "nothing real":
        assert path == f"cuDNN {kind}" + ("" if mask == "none" else ", real steps only")


@pytest.mark.parametrize("kind", FUSED)
def test_the_weights_of_a_gpu_call_are_one_piece_of_memory(kind):
    _, weights, _ = problem(kind)
    parts = torch_fused.weights_of_torch(kind, {n: tensor(w) for n, w in weights.items()}, True)
    ends = [p.data_ptr() + p.numel() * p.element_size() for p in parts]
    assert [p.data_ptr() for p in parts[1:]] == ends[:-1]
    assert all(p.is_contiguous() for p in parts)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("kind", GATES)
def test_a_gpu_computes_the_same(kind, mask):
    x, weights, state = problem(kind)
    trace = expected(kind, x, weights, state, MASKS[mask], False)
    wanted = backward(trace, np.ones_like(trace.outputs))
    at_x = tensor(x).cuda().requires_grad_()
    given = {name: tensor(w).cuda() for name, w in weights.items()}
    real = None if MASKS[mask] is None else tensor(MASKS[mask], dtype=torch.bool).cuda()
    y, final, path = recurrent(kind, at_x, given, [tensor(s).cuda() for s in state], real)
    assert path.startswith("cuDNN" if kind in FUSED else "loop")
    close(y, trace.outputs, "outputs", 1e-3)
    for f, s in zip(final, trace.state, strict=True):
        close(f, s, "state", 1e-3)
    close(torch.autograd.grad(y.sum(), at_x)[0], wanted["x"], "x", 1e-3)
