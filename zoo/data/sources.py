"""Where every shipped extract comes from, under which licence, and its checksum.

`scripts/prepare_data.py` makes the extracts from these sources.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError

FOLDER = Path(__file__).parent / "files"


@dataclass(frozen=True)
class Source:
    """One shipped extract.

    Attributes: `client` is the package manager that fetches `package` (npm, pip or apt);
    `archive_sha256` is the sum of what it fetches, `sha256` that of the shipped file;
    `rows` counts what `unit` names.
    """

    name: str
    file: str
    description: str
    client: str
    package: str
    version: str
    licence: str
    rows: int
    unit: str
    archive_sha256: str
    sha256: str


def _read(path: Path) -> Source:
    return Source(name=path.stem, **json.loads(path.read_text("utf-8")))


# A new set is a file in `files`, its record `files/sources/NAME.json`, and its licence.
SOURCES = {path.stem: _read(path) for path in sorted((FOLDER / "sources").glob("*.json"))}


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(name: str) -> Path:
    """Check a shipped extract against its recorded sum and return its path.

    Raises `InputError` for an unknown name, a missing file and a sum that differs.

    >>> verify("g2p").name
    'g2p.tsv.gz'
    """
    if name not in SOURCES:
        raise InputError(f"no data set {name!r}; expected one of: {', '.join(SOURCES)}")
    path = FOLDER / SOURCES[name].file
    fix = f"make it again with: python scripts/prepare_data.py {name}"
    if not path.is_file():
        raise InputError(f"{path} is missing; {fix}")
    if (found := digest(path)) != SOURCES[name].sha256:
        raise InputError(
            f"{path} has SHA-256 {found}, expected {SOURCES[name].sha256}: it was changed; {fix}"
        )
    return path
