"""What a number depends on and does not say: versions, device, threads, commit."""

import contextlib
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from zoo.errors import InputError

PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "tokenizers", "rnn-zoo")


def versions(packages=PACKAGES) -> dict:
    """Installed version of each package, None where it is missing; nothing is imported."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def describe() -> dict:
    """Versions, backend, devices, precision, processor, threads, commit, command."""
    import keras

    from zoo import backends

    return {
        "backend": backends.name(),
        "devices": backends.devices(),
        "device": "gpu" if backends.on_gpu() else "cpu",
        "precision": keras.config.dtype_policy().name,
        "python": platform.python_version(),
        "versions": versions(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "commit": commit(),
        "command": " ".join(["zoo", *sys.argv[1:]]),
    }


def threads() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The name of the processor, or its kind where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n"):
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def commit() -> str | None:
    """The commit of the checkout that runs, or None for an installed package."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return None
    run = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    )
    return run.stdout.strip() or None


# Read when a GPU is first used, so they are set before: by cuBLAS, and by XLA.
BEFORE_A_GPU = {
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "XLA_FLAGS": "--xla_gpu_deterministic_ops=true",
}


@dataclass(frozen=True)
class Reproducible:
    """What `reproducible` has set in this process, what it costs, and what it cannot reach."""

    backend: str
    seed: int
    settings: tuple[str, ...]
    cannot: tuple[str, ...]
    cost: str

    def __str__(self):
        lines = [f"{self.backend} repeats bit for bit from seed {self.seed}"]
        lines += [f"set: {', '.join(self.settings)}"] if self.settings else []
        return "\n".join([*lines, f"cost: {self.cost}", *(f"not: {c}" for c in self.cannot)])


def reproducible(seed: int = 0) -> Reproducible:
    """From here on a run of this process repeats bit for bit when it is started again.

    seed: of Python, NumPy and the backend: weights, dropout, shuffling. To be called before a model
    is made, and on a GPU before anything else of the zoo. It holds on one backend with the same
    versions, device and number of threads; between backends numbers agree as `zoo compare` says.

    Returns what was set, what it costs and which operations cannot repeat; these raise the
    framework's own error when they are used. Raises `InputError` for a seed that is none, and where
    it comes too late.

    >>> try:
    ...     reproducible(seed=-1)
    ... except InputError as error:
    ...     print(error)
    seed is -1, expected a whole number from 0 to 4294967295
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InputError(f"seed is {seed!r}, expected a whole number from 0 to {2**32 - 1}")
    for name, value in BEFORE_A_GPU.items():
        if value not in os.environ.get(name, ""):
            os.environ[name] = f"{os.environ.get(name, '')} {value}".strip()
    import keras

    from zoo import backends

    keras.utils.set_random_seed(seed)
    return Reproducible(
        backend=backends.name(),
        seed=seed,
        settings=tuple(backends.repeat_exactly()),
        cannot=(*backends.NOT_REPEATED, "other versions, devices or numbers of threads"),
        cost=f"{backends.COST}; zoo compare NAME --reproducible measures it here",
    )
