"""Trained weights from the network, for a package that was installed without its checkout.

`zoo/weights.json` says which files a model has and their SHA-256: {name: {file: sum}}. It is
written by `scripts/ship.py`. Each file is checked against it before it can be found.
"""

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import tqdm

from zoo import files, web
from zoo.errors import InputError

INDEX = Path(__file__).parent / "weights.json"
# A placeholder until the project is published: the folder saved_models of a release's tag.
PUBLISHED = "https://raw.githubusercontent.com/rnn-zoo/rnn-zoo/v{version}/saved_models"


@cache
def index(path=None) -> dict:
    """{name: {file: SHA-256}} of the models that can be fetched; {} where there is no index."""
    path = INDEX if path is None else path
    found = files.read_json(path) if path.exists() else {}
    for name in [*found, *(file for sums in found.values() for file in sums)]:
        if Path(name).name != name or name in (".", ".."):
            raise InputError(f"{str(path)!r} names {name!r}, expected a plain name: restore it")
    return found


def address() -> str:
    """Where models are fetched from: `ZOO_WEIGHTS_URL`, or the project's own place."""
    chosen = os.environ.get("ZOO_WEIGHTS_URL") or PUBLISHED.format(version=version("rnn-zoo"))
    if urlsplit(chosen).scheme not in ("http", "https"):
        raise InputError(
            f"ZOO_WEIGHTS_URL is {chosen!r}, expected an address of http or https: correct it"
        )
    return chosen.rstrip("/")


def fetch(name: str) -> Path:
    """The folder of the model `name`, fetched into `zoo.files.home()`: whole, or not there at all.

    Raises `InputError`, one line, when it cannot be reached, a file is missing, cut off, too large
    or has another sum, and when it cannot be written. Several processes may fetch one model.
    """
    sums, base, kept = index()[name], address(), files.home()
    try:
        kept.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=kept))
        try:
            _fetch_files(f"{base}/{name}", sums, partial, name)
            return _put(partial, kept / name, sums)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"{str(kept)!r} could not be written ({error.strerror or error}), expected room and "
            "permission: set ZOO_HOME to another folder"
        ) from error


def _fetch_files(url, sums, folder, name):
    with tqdm(
        desc=name, unit="B", unit_scale=True, leave=False, delay=0.5, disable=None
    ) as progress:
        for file, expected in sums.items():
            content = _read(f"{url}/{file}", name, progress)
            if (found := hashlib.sha256(content).hexdigest()) != expected:
                raise InputError(
                    f"{url}/{file} has SHA-256 {found[:12]}, expected {expected[:12]}: it is "
                    "damaged or of another version; set ZOO_WEIGHTS_URL to the right place"
                )
            (folder / file).write_bytes(content)


def _put(partial, folder, sums):
    """Rename the finished folder into its place; another process may have been first."""
    if folder.exists() and not _whole(folder, sums):
        with suppress(FileNotFoundError):
            folder.rename(partial / "old")  # goes with the rest of `partial`
        files_ = [path for path in partial.iterdir() if path.name != "old"]
        whole = Path(tempfile.mkdtemp(dir=partial))
        for path in files_:
            path.rename(whole / path.name)
        partial = whole
    try:
        partial.rename(folder)
    except OSError:
        if not _whole(folder, sums):
            raise
    return folder


def _whole(folder, sums):
    return all(
        (folder / file).is_file() and files.sha256(folder / file) == expected
        for file, expected in sums.items()
    )


def _read(url, name, progress) -> bytes:
    try:
        return web.read(url, progress.update)
    except web.Unreachable as error:
        raise InputError(
            f"{url} could not be read ({error}), expected it: try again, set ZOO_WEIGHTS_URL to "
            f"the right place, or train it with: zoo train {name}"
        ) from None
