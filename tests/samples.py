"""Small made-up files in the formats of the data that are fetched: no test needs the network."""

import gzip
import io
import tarfile
import zipfile

import numpy as np

PRAISE = ("a joy from start to end", "warm, funny and well acted", "the best film of the year")
BLAME = ("dull and far too long", "a waste of a good cast", "it has no idea where to go")


def rated(count):
    """(mean rating, snippet) pairs, praise and blame in turn."""
    pairs = [((1.5, PRAISE), (-1.5, BLAME))[k % 2] for k in range(count)]
    return [(rating, f"{texts[k % 3]}, says {k}") for k, (rating, texts) in enumerate(pairs)]


def snippets_archive(rows, member="hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"):
    """The bytes of a package as the one with the rated snippets: a TAR inside a ZIP."""
    lines = "".join(f"{k}\t{rating}\t{text}\r\n" for k, (rating, text) in enumerate(rows, 1))
    inner, outer = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as tar:
        info = tarfile.TarInfo(member)
        info.size = len(lines.encode())
        tar.addfile(info, io.BytesIO(lines.encode()))
    with zipfile.ZipFile(outer, "w") as file:
        name = "vaderSentiment-0.5/additional_resources/hutto_ICWSM_2014.tar.gz"
        file.writestr(name, inner.getvalue())
    return outer.getvalue()


def idx(array):
    """The bytes of an array of bytes as a gzipped IDX file."""
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(head + array.astype("uint8").tobytes(), compresslevel=1)


def clothes(count, seed=0):
    """(images (N, 28, 28) of bytes, classes (N,)): class k is a bright bar k rows from the top."""
    classes = np.arange(count) % 10
    images = np.random.default_rng(seed).integers(0, 40, (count, 28, 28))
    images[np.arange(count), 2 * classes + 4] = 220
    return images, classes
