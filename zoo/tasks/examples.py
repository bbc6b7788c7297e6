"""The examples of a card: a few right answers and as many wrong ones."""

LOOKED_AT = 64  # items of a split among which they are found
MOST = 3


def right_and_wrong(found):
    """Of examples {"right", ...} the first `MOST` right ones, then as many wrong ones.

    >>> [row["right"] for row in right_and_wrong([{"right": k != 1} for k in range(6)])]
    [True, True, True, False]
    """
    right = [row for row in found if row["right"]]
    return right[:MOST] + [row for row in found if not row["right"]][:MOST]
