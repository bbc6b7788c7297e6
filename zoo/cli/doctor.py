"""zoo doctor: what is installed, what works, and the line that installs what is missing."""

import json
import os
import platform
import subprocess
import sys

import typer

from zoo.cli import output
from zoo.cli.options import BACKENDS, Backend, Device, Json, Precision, session, verb
from zoo.errors import missing

# What runs and serves exports, by the extra that installs it.
EXPORTS = {
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "ai-edge-litert": "litert",
    "openvino": "openvino",
    "starlette": "serve",
    "uvicorn": "serve",
}
LONGEST = 180  # seconds for a backend to answer


@verb("doctor")
def doctor(
    context: typer.Context,
    backend: Backend = None,
    device: Device = None,
    precision: Precision = None,
    as_json: Json = False,
):
    """Backends and devices found, versions, and what is missing."""
    chosen = session(context, backend, device, precision, as_json)
    chosen.report(examined(), readable)


def examined():
    """The document: each backend is tried in a process of its own, all at the same time."""
    from zoo import environment

    versions = environment.versions()
    children = {name: start(name) for name in BACKENDS if versions[name]}
    backends = []
    for name, extra in BACKENDS.items():
        row = {"backend": name, "version": versions[name], "works": False, "devices": []}
        if name in children:
            row |= finish(children[name])
        else:
            row |= {"reason": str(missing(name, extra))}
        backends.append(row)
    exports = environment.versions(EXPORTS)
    lacking = {package: extra for package, extra in EXPORTS.items() if not exports[package]}
    return {
        "backends": backends,
        "exports": exports,
        "default_backend": os.environ.get("KERAS_BACKEND") or next(iter(children), None),
        "KERAS_BACKEND": os.environ.get("KERAS_BACKEND"),
        "python": platform.python_version(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": environment.threads(),
        "versions": versions,
        "missing": [row["reason"] for row in backends if not row["version"]]
        + [str(missing(package, extra)) for package, extra in lacking.items()],
    }


def start(backend):
    """A child process that runs `zoo.cli.probe` on `backend`."""
    return subprocess.Popen(
        [sys.executable, "-m", "zoo.cli.probe"],
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(child):
    """What the child found, or the last line of what it said instead."""
    try:
        found, said = child.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return {"reason": f"no answer within {LONGEST} s"}
    if child.returncode:
        return {"reason": (said.strip().splitlines() or ["it ended without a message"])[-1]}
    return json.loads(found.strip().splitlines()[-1]) | {"works": True, "reason": None}


def readable(found):
    """The findings as two tables and the lines that install what is missing."""
    rows = [["BACKEND", "VERSION", "WORKS", "DEVICES", "PRECISION"]]
    for row in found["backends"]:
        works = "yes" if row["works"] else "no"
        devices = " ".join(row["devices"]) or "-"
        rows.append(
            [row["backend"], row["version"] or "-", works, devices, row.get("precision", "-")]
        )
    reasons = [f"{r['backend']}: {r['reason']}" for r in found["backends"] if r["reason"]]
    others = [
        ("default backend", found["default_backend"]),
        ("KERAS_BACKEND", found["KERAS_BACKEND"] or "not set"),
        ("python", found["python"]),
        ("cores, threads", f"{found['cores']}, {found['threads']}"),
        *((name, v) for name, v in found["versions"].items() if v and name not in BACKENDS),
        *((name, v) for name, v in found["exports"].items() if v),
    ]
    lacking = [line for line in found["missing"] if line not in "\n".join(reasons)]
    return "\n".join([output.table(rows), *reasons, *lacking, "", output.fields(others)])
