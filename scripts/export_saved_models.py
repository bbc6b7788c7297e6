"""Every shipped model as SavedModel and ONNX, under saved_models/NAME/: what `make export` does.

    python scripts/export_saved_models.py
    python scripts/export_saved_models.py g2p sine --formats onnx litert --out exports

Each is loaded again in its own runtime and compared before it is kept.
"""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

import zoo
from zoo import store
from zoo.errors import InputError
from zoo.formats import FORMATS
from zoo.formats.trained import export_trained


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="by default all that have weights")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=["saved_model", "onnx"])
    parser.add_argument(
        "--out", type=Path, default=store.SHIPPED, help="OUT/NAME/FORMAT is written"
    )
    given = parser.parse_args()
    names = given.names or [name for name in zoo.list_models() if store.is_trained(name)]
    cells = [(name, format) for name in names for format in given.formats]
    failed = 0
    for name, format in tqdm(cells, disable=None):
        try:
            row = export_trained(name, format, given.out / name / format)
        except InputError as error:
            row = {"ok": False, "reason": str(error)}
        failed += not row["ok"]
        said = f"{row['max_difference']:.1e}" if row["ok"] else f"FAILED: {row['reason']}"
        tqdm.write(f"{name:20} {format:12} {said}")
    print(f"{len(cells) - failed} of {len(cells)} exports under {given.out}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
