"""A file that another backend writes best, written by a child process on that backend."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from zoo.errors import InputError, missing, one_line

REFUSED = 2  # the child's status where its last line is an `InputError`


def write_by(backend, extra, module, model, path, **options):
    """Have `module.write(model, path, **options)` run on `backend`, whatever backend runs here.

    module: the dotted name of a format; extra: the extra that installs the backend; options: what
    JSON can hold, and a `Decoding` as `decoding`. Raises `InputError` where the backend is not
    installed, and with what the child says when it fails.
    """
    if importlib.util.find_spec(backend) is None:
        raise missing(backend, extra)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "model.keras"
        model.save(source)
        if options.get("decoding"):
            options["decoding"] = asdict(options["decoding"])
        child = subprocess.run(
            [sys.executable, "-m", "zoo.formats.child", module, str(source), str(path)],
            input=json.dumps(options),
            # On the CPU: what is written there runs everywhere.
            env=os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""},
            capture_output=True,
            text=True,
        )
    if child.returncode:
        last = (child.stderr.strip().splitlines() or ["nothing"])[-1]
        if child.returncode == REFUSED:
            raise InputError(last)
        if unknown := re.search(r"Could not locate \w+ '([^']+)'", last):
            raise InputError(
                f"{unknown.group(1)!r} is not known to the process on {backend} that writes this "
                "format, expected Keras's and the zoo's classes: export it with "
                f"KERAS_BACKEND={backend}"
            )
        raise InputError(
            f"{module.rpartition('.')[2]} is written by a process on {backend}, which ended with "
            f"status {child.returncode} and said: {last}: run with KERAS_BACKEND={backend} instead"
        )


def _main(module, source, path):
    import keras

    import zoo.models.step  # noqa: F401  registers every class that a file may name
    from zoo.formats.decoding import Decoding

    options = json.load(sys.stdin)
    if options.get("decoding"):
        options["decoding"] = Decoding(**options["decoding"])
    try:
        importlib.import_module(module).write(keras.models.load_model(source), path, **options)
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
    except Exception as error:  # a framework's own, of any kind: the parent tells it in one line
        # Keras puts the cause of what it cannot load behind the whole configuration.
        cause = str(error).rpartition("Exception encountered: ")[2]
        print(f"{type(error).__name__}: {one_line(cause)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    _main(*sys.argv[1:])
