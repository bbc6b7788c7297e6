"""Rows of strings as a table of a terminal."""


def table(rows, right=(), gap="  ") -> str:
    """Rows of strings in aligned columns; those in `right` are set to the right.

    >>> print(table([["name", "size"], ["a", "10"]], right={1}))
    name  size
    a       10
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if k in right else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(gap.join(cells).rstrip())
    return "\n".join(lines)
