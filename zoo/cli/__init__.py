"""The command line: `zoo VERB`, the same as `python -m zoo VERB`.

Nothing here imports a framework before a verb needs one, so help and `zoo list` answer at once.
"""

from zoo.cli import bench, compare, describe, diagnose, doctor, export, predict, train
from zoo.cli.options import app


def main(arguments=None):
    """Run one command and exit with its status; `arguments` default to those of the process."""
    app(arguments)


__all__ = [
    "app",
    "bench",
    "compare",
    "describe",
    "diagnose",
    "doctor",
    "export",
    "main",
    "predict",
    "train",
]
