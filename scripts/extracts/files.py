"""Write files whose bytes depend on their content only, not on the clock."""

import gzip
import io
import zipfile

import numpy as np


def gzipped(text: str) -> bytes:
    """UTF-8 text as gzip without a name and with a time stamp of zero."""
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Arrays as a compressed `.npz` whose members all carry the earliest date of the format."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in sorted(arrays.items()):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return out.getvalue()
