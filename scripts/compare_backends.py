"""Which backend for which model on this machine, and do all give the same numbers?

    python scripts/compare_backends.py                     the five architectures, on every backend
    python scripts/compare_backends.py --quick             a minute
    python scripts/compare_backends.py g2p lstm own.keras  models, cells, a file of yours

The same as `zoo compare`, whose `--help` lists the options: a report, figures and rows in a folder.
"""

import sys

from zoo.cli import main

if __name__ == "__main__":
    main(["compare", *sys.argv[1:]])
