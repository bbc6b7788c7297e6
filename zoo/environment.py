"""What a number depends on and does not say: versions, device, threads, commit."""

import contextlib
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

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
