"""Draw the figures of docs/ anew: python scripts/draw_figures.py [--out docs/figures]

The five architectures on one sheet, wide and narrow, and each alone; all of them light and dark.
Takes about three seconds; the same matplotlib gives the same bytes.
"""

import argparse
from pathlib import Path

from zoo import plots


def draw(out: Path) -> list[Path]:
    """Write every figure into `out`; returns the paths."""
    paths = []
    for dark, light in ((False, ""), (True, "_dark")):
        sheets = {"architectures": False, "architectures_narrow": True}
        for name, narrow in sheets.items():
            figure = plots.architectures(dark=dark, narrow=narrow)
            paths.append(plots.save(figure, out / f"{name}{light}.svg"))
        for name in plots.DRAWINGS:
            paths.append(plots.save(plots.architecture(name, dark), out / f"{name}{light}.svg"))
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/figures"), help="folder to write")
    for path in draw(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
