"""What the papers' blocks around a cell have, as four numbers: see `zoo.layers.block`."""

import math
from collections.abc import Mapping

from zoo.errors import InputError

# convolution: steps that one step sees, itself included, 0 for none; expansion: width of the cell,
# in units; gated: a second way, through a GELU, multiplies what the cell gives, and so in the MLP;
# mlp: width of the perceptron behind it, in units, 0 for none.
BLOCKS = {
    # Feng et al. 2024, "Were RNNs all we needed?", section 4 and appendix C
    "minimal": {"convolution": 4, "expansion": 2, "gated": False, "mlp": 4},
    # De et al. 2024, "Griffin", sections 2.2 and 2.3, figure 2
    "griffin": {"convolution": 4, "expansion": 4 / 3, "gated": True, "mlp": 3},
}
HEADS = 16  # of the block-diagonal gates in Griffin


def block_options(block):
    """The four numbers of a block given by name or as a mapping that may leave some out.

    >>> block_options({"mlp": 0})
    {'convolution': 4, 'expansion': 2, 'gated': False, 'mlp': 0}
    """
    if not isinstance(block, Mapping):
        if block not in BLOCKS:
            raise InputError(
                f"block {block!r} is not one of {', '.join(BLOCKS)} or None: choose one of them, "
                f"or give a mapping of {', '.join(BLOCKS['minimal'])}"
            )
        return dict(BLOCKS[block])
    options = BLOCKS["minimal"] | dict(block)
    if unknown := set(options) - set(BLOCKS["minimal"]):
        raise InputError(
            f"block has {', '.join(sorted(unknown))}, expected none but "
            f"{', '.join(BLOCKS['minimal'])}: leave it out"
        )
    steps = options["convolution"]
    if not isinstance(steps, int) or steps < 0:
        raise InputError(
            f"convolution of a block is {steps!r}, expected a whole number of steps, 0 for none: "
            "give such a one"
        )
    for name in ("expansion", "mlp"):
        if not options[name] >= 0 or (name == "expansion" and not options[name]):
            raise InputError(
                f"{name} of a block is {options[name]!r}, expected a number "
                f"{'above 0' if name == 'expansion' else 'of at least 0'}: give such a one"
            )
    return options


def cell_width(units, options):
    """How wide the cell in a block of `units` is."""
    return max(1, round(units * options["expansion"]))


def rg_lru_options(units, options):
    """An RG-LRU's own in a block: its gates by heads, no projection behind a gated block's own."""
    return {"blocks": math.gcd(HEADS, units), "projection": not options["gated"]}
