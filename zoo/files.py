"""Files that are either whole or not there: written beside, flushed, then renamed."""

import contextlib
import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np

from zoo.errors import InputError


def write_bytes(path, content: bytes) -> Path:
    """Write `content` atomically. Raises `InputError` when the disk does not take it."""
    path = Path(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):  # there may be nothing to remove, and no folder
            partial.unlink()
        raise InputError(
            f"{path} could not be written ({error.strerror}), expected room and permission: "
            "what was there before is untouched; make room and run again"
        ) from error
    return path


def write_json(path, value) -> Path:
    """Write `value` as JSON atomically."""
    return write_bytes(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path):
    """The JSON in `path`; `InputError` when it is missing or damaged."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"no file {str(path)!r}, expected JSON: check the folder") from None
    except ValueError:
        raise InputError(f"{str(path)!r} is damaged, expected JSON: restore it") from None


def write_arrays(path, arrays: dict) -> Path:
    """Write named NumPy arrays atomically (`.npz`, compressed)."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return write_bytes(path, buffer.getvalue())


def read_arrays(path) -> dict:
    """The arrays of a `.npz`; nothing in it can run code. `InputError` when damaged."""
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise InputError(f"no file {str(path)!r}, expected weights: check the folder") from None
    except Exception as error:  # zipfile, zlib, EOFError, ValueError: all mean damage
        raise InputError(
            f"{str(path)!r} is damaged ({type(error).__name__}), expected weights: restore it"
        ) from error


def sha256(path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
