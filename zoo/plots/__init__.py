"""Pure functions from arrays and JSON-like rows to matplotlib Figures, in one house look.

No pyplot and no global state; matplotlib is imported when the first figure is drawn.

>>> from zoo.plots import curves
>>> figure = curves({"name": "sine", "epochs": [{"epoch": 1, "loss": 0.4}]})
"""

from zoo.plots.attention import alignment, alignment_maps
from zoo.plots.drawings import DRAWINGS, architecture, architectures
from zoo.plots.fan import fan
from zoo.plots.files import check_name, save, to_svg
from zoo.plots.flow import gradient_flow
from zoo.plots.grids import bars, images_with_captions
from zoo.plots.probes import probe_steps
from zoo.plots.series import rollout, segments
from zoo.plots.style import DARK, LIGHT, number
from zoo.plots.training import curves

__all__ = [
    "DARK",
    "DRAWINGS",
    "LIGHT",
    "alignment",
    "alignment_maps",
    "architecture",
    "architectures",
    "bars",
    "check_name",
    "curves",
    "fan",
    "gradient_flow",
    "images_with_captions",
    "number",
    "probe_steps",
    "rollout",
    "save",
    "segments",
    "to_svg",
]
