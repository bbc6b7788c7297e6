"""Files are either whole or not there."""

import errno
import os

import numpy as np
import pytest

from zoo import files
from zoo.errors import InputError

pytestmark = pytest.mark.neutral


def full_disk(*arguments):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_json_and_arrays_come_back_as_written(tmp_path):
    files.write_json(tmp_path / "new" / "a.json", {"é": [1, None]})
    assert files.read_json(tmp_path / "new" / "a.json") == {"é": [1, None]}
    files.write_arrays(tmp_path / "a.npz", {"x": np.arange(3)})
    assert files.read_arrays(tmp_path / "a.npz")["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch, call):
    path = files.write_json(tmp_path / "a.json", "before")
    monkeypatch.setattr(os, call, full_disk)
    with pytest.raises(InputError, match="No space left on device"):
        files.write_json(path, "after")
    assert files.read_json(path) == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="could not be written"):
        files.write_json(tmp_path / "file" / "a.json", 1)


def test_damaged_and_missing_json_are_refused(tmp_path):
    (tmp_path / "a.json").write_text('{"cut": ')
    with pytest.raises(InputError, match="damaged"):
        files.read_json(tmp_path / "a.json")
    with pytest.raises(InputError, match="no file"):
        files.read_json(tmp_path / "b.json")


def test_truncated_arrays_are_refused(tmp_path):
    path = files.write_arrays(tmp_path / "a.npz", {"x": np.random.default_rng(0).random(500)})
    whole = path.read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match="damaged"):
            files.read_arrays(path)


def test_a_pickle_inside_arrays_never_runs(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    np.savez(tmp_path / "a.npz", x=np.array([Harmful()], dtype=object))
    with pytest.raises(InputError, match="damaged"):
        files.read_arrays(tmp_path / "a.npz")
    assert not (tmp_path / "ran").exists()
