"""Files that are either whole or not there: written beside, flushed, then renamed."""

import contextlib
import hashlib
import io
import json
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic

from zoo.errors import InputError


def home() -> Path:
    """Where what is fetched is kept: `ZOO_HOME`, or `rnn-zoo` in the user's cache folder."""
    if chosen := os.environ.get("ZOO_HOME"):
        return Path(chosen)
    folders = {
        "darwin": Path.home() / "Library" / "Caches",
        "win32": Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"),
    }
    other = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folders.get(sys.platform, other) / "rnn-zoo"


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
    except Exception as error:
        raise _damaged(path, error) from error


def array_shapes(path) -> dict:
    """The shape of each array of a `.npz`, from its headers: no array is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _shape(archive, name) for name in archive.namelist()}
    except FileNotFoundError:
        raise InputError(f"no file {str(path)!r}, expected weights: check the folder") from None
    except Exception as error:
        raise _damaged(path, error) from error


def _shape(archive, name):
    with archive.open(name) as member:
        read = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}
        shape, _, dtype = read[read_magic(member)](member)
    if dtype.hasobject:
        raise ValueError("objects would run code")
    return shape


def _damaged(path, error):
    """Whatever zipfile, zlib or NumPy say of a file, it is damaged."""
    return InputError(
        f"{str(path)!r} is damaged ({type(error).__name__}), expected weights: restore it"
    )


def sha256(path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
