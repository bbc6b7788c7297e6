"""A made-up document of `zoo compare`, with everything in it that a report must survive.

Several models, three backends and ONNX Runtime; a backend that is missing, a row past its time
limit, values that are not there, a model in bfloat16, texts that would break a page, a loss that
is not finite. The numbers are invented; the shape is that of the real thing.
"""

import copy

EVIL = "<script>alert(\"x\")</script> & $1 'quoted'"
BACKENDS = ("tensorflow", "jax", "torch")
EMPTY = dict.fromkeys(
    (
        *("model", "architecture", "backend", "device", "precision", "threads", "reproducible"),
        *("contender", "mode", "measure", "use", "what", "path", "median_ms", "p25_ms", "p75_ms"),
        *("p95_ms", "spread", "rounds", "first_call_ms", "sequences_per_s", "steps_per_s"),
        *("vs_keras", "vs_onnx", "absolute", "relative", "bar", "within", "losses"),
        *("reference_losses", "parts_at", "value", "values", "std", "seeds", "peak_mb"),
        *("device_peak_mb", "ok", "reason"),
    )
)
PLACE = {"device": "cpu", "precision": "float32", "threads": 2, "reproducible": False, "mode": ""}
# name -> architecture, sequences, steps, milliseconds of a training step, and how this goes on
MODELS = {
    "digits": ("one_to_one", 64, None, 1.1),
    "emoji_caption": ("one_to_many", 32, 190, 14.0),
    "spam": ("many_to_one", 32, 5210, 61.0),
    "g2p": ("many_to_many_delayed", 64, 823, 35.0),
    "brown_tagger": ("many_to_many_aligned", 32, 744, 48.0),
}
# how many times the fastest one's time a way takes: training, batch, latency
WAYS = {
    ("tensorflow", "zoo", ""): (1.9, 1.6, 9.0),
    ("tensorflow", "zoo", "xla"): (1.03, 1.2, 5.0),
    ("jax", "zoo", ""): (1.0, 1.1, 1.7),
    ("torch", "zoo", ""): (1.5, 1.05, 2.6),
    ("tensorflow", "keras", ""): (2.1, 1.7, 9.2),
    ("tensorflow", "keras", "xla"): (1.4, 1.3, 5.1),
    ("jax", "keras", ""): (1.3, 1.4, 1.9),
    ("torch", "keras", ""): (24.0, 18.0, 30.0),
    ("onnxruntime", "onnx", ""): (None, 1.0, 1.0),
}
WRONG = ("spam", "torch")  # fast, and outside of its bar
SHARES = {"train": 1.0, "batch": 0.3, "latency": 0.04}


def row(**known):
    """One row with every key of the document."""
    return {**EMPTY, **PLACE, "ok": True, **known}


def document(models=tuple(MODELS)):
    """The whole document; `models` names those that are in it."""
    rows = [_yardstick()]
    for k, name in enumerate(models):
        rows += [*_parity(name, k), *_curves(name), *_starts(name), *_speeds(name, k)]
        rows += [*_memory(name, k), *_metrics(name)]
    rows += _troubles(models[-1])
    return {
        "kind": "compare",
        "version": 1,
        "environment": {
            "command": "zoo compare --backends tensorflow,jax,torch --out report",
            "commit": "4b88996",
            "started": "2026-11-21T23:58:49+00:00",
            "seconds": 412.3,
            "python": "3.11.9",
            "processor": f"x86_64 {EVIL}",
            "cores": 2,
            "threads": 2,
            "flags": {"OMP_NUM_THREADS": "2", "XLA_FLAGS": None},
            "versions": {"keras": "3.15.1", "tensorflow": "2.21.0", "jax": "0.10.2"},
        },
        "options": {"quick": False, "seconds": 3.0, "seed": 0, "steps": 200, "limit_s": 60.0},
        "processes": [_process(name) for name in BACKENDS]
        + [_process("onnxruntime", ok=False, reason=f"onnxruntime is not installed {EVIL}")],
        "models": [_model(name) for name in models],
        "rows": rows,
        "stopped": True,
    }


def slower(given, factor=1.6, model="g2p", backend="jax"):
    """A copy of the document in which the training step of one model is slower on one backend."""
    changed = copy.deepcopy(given)
    for found in changed["rows"]:
        named = (found["model"], found["backend"], found["measure"], found["use"])
        if named == (model, backend, "speed", "train") and found["median_ms"]:
            found["median_ms"] *= factor
    return changed


def _process(name, ok=True, reason=None):
    place = {key: PLACE[key] for key in ("device", "precision", "threads", "reproducible")}
    text = f"{name} cpu float32"
    return {"process": text, "backend": name, **place, "devices": ["cpu:0"], "ok": ok,
            "reason": reason}  # fmt: skip


def _model(name):
    architecture, sequences, steps, _ = MODELS[name]
    shape = [sequences] if steps is None else [sequences, max(1, steps // sequences)]
    return {"model": name, "kind": "recipe", "architecture": architecture, "cell": "lstm",
            "parameters": 731000, "weights": "trained", "shapes": {"source": shape},
            "sequences": sequences, "steps": steps, "reference": "jax, float64", "ok": True,
            "reason": None}  # fmt: skip


def _timed(ms, spread=0.04, **known):
    around = {"p25_ms": ms * (1 - spread / 2), "p75_ms": ms * (1 + spread / 2)}
    around |= {"p95_ms": ms * (1 + spread * 1.3), "spread": spread, "rounds": 21}
    return row(median_ms=ms, **around, **known)


def _yardstick():
    return _timed(3.2, 0.02, model="yardstick", backend="numpy", contender="zoo", measure="speed")


def _speeds(name, k):
    architecture, sequences, steps, ms = MODELS[name]
    for (backend, contender, mode), factors in WAYS.items():
        for (use, share), factor in zip(SHARES.items(), factors, strict=True):
            if factor is None:
                continue
            time = ms * share * factor * (1 + 0.07 * ((k + len(backend)) % 3))
            time *= 0.5 if (name, backend) == WRONG else 1.0
            count = 1 if use == "latency" else sequences
            per_step = None if steps is None else 1000 * steps * count / sequences / time
            stock = WAYS.get((backend, "keras", mode))
            yield _timed(
                time,
                0.03 + 0.01 * (k % 3),
                model=name,
                architecture=architecture,
                backend=backend,
                contender=contender,
                mode=mode,
                measure="speed",
                use=use,
                path="native" if contender == "zoo" else None,
                first_call_ms=900.0 * factor,
                sequences_per_s=1000 * count / time,
                steps_per_s=per_step,
                vs_keras=factor / stock[list(SHARES).index(use)] if stock else None,
                vs_onnx=None if use == "train" else factor / WAYS[("onnxruntime", "onnx", "")][1],
            )


def _parity(name, k):
    whats = {"outputs": (1e-5, 2e-7), "loss": (1e-5, 0.0), "gradient encoder/kernel": (1e-4, 9e-7)}
    whats["gradient decoder/recurrent_kernel"] = (1e-4, 3e-6)
    for backend, contender, mode in WAYS:
        for what, (bar, size) in whats.items():
            if contender == "keras" or (contender == "onnx" and what != "outputs"):
                continue
            relative = size * (1 + k) * len(backend) / 4
            if (name, backend) == WRONG and what == "outputs":
                relative = 4e-4  # one that is outside of its bar
            yield row(model=name, architecture=MODELS[name][0], backend=backend, mode=mode,
                      contender=contender, measure="parity", what=what, absolute=relative * 3,
                      relative=relative, bar=bar, within=relative <= bar)  # fmt: skip


def _curves(name):
    reference = [2.0 * 0.985**step + 0.2 for step in range(200)]
    for backend in BACKENDS:
        grows = (2e-7, 1.08) if backend == "torch" else (1e-9, 1.05)
        losses = [loss * (1 + grows[0] * grows[1] ** step) for step, loss in enumerate(reference)]
        if (backend, name) == ("tensorflow", "brown_tagger"):
            losses[150:152] = [float("nan"), float("inf")]
        pairs = enumerate(zip(losses, reference, strict=True))
        apart = (step + 1 for step, (a, b) in pairs if not abs(a - b) <= 1e-3 * b)
        yield row(model=name, architecture=MODELS[name][0], backend=backend, contender="zoo",
                  measure="curve", use="train", losses=losses, reference_losses=reference,
                  parts_at=next(apart, None))  # fmt: skip


def _starts(name):
    for k, backend in enumerate(BACKENDS):
        known = {"model": name, "backend": backend, "contender": "zoo", "measure": "start"}
        yield _timed(4100.0 - 900 * k, 0.1, what="import", **known)
        yield _timed(310.0 + 40 * k, 0.08, what="build", **known)


def _memory(name, k):
    for size, backend in zip((910.0, 640.0, 480.0), BACKENDS, strict=True):
        yield row(model=name, architecture=MODELS[name][0], backend=backend, contender="zoo",
                  measure="memory", use="train", peak_mb=size + 37 * k)  # fmt: skip


def _metrics(name):
    for k, backend in enumerate(BACKENDS):
        yield row(model=name, backend=backend, contender="zoo", measure="metric", what="accuracy",
                  value=0.91 + k / 1000, values=[0.90, 0.91, 0.92], std=0.008,
                  seeds=[0, 1, 2])  # fmt: skip


def _troubles(name):
    known = {"model": name, "backend": "torch", "contender": "zoo", "measure": "speed"}
    yield row(**known, mode="compile", use="train", ok=False, reason=f"past its 60 s {EVIL}")
    yield row(**known | {"backend": "jax"}, mode="other", use="train", ok=False, reason="no memory")
    yield _timed(900.0, **known, precision="bfloat16", use="train", path=EVIL)
    yield row(**known | {"backend": "onnxruntime", "contender": "onnx"}, mode="other", use="batch",
              ok=False, reason=f"onnxruntime is not installed {EVIL}")  # fmt: skip
