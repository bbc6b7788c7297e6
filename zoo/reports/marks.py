"""The part of a page that is drawn from rows: it stands between two marks."""

from zoo.errors import InputError


def redrawn(text, begin, end, drawn) -> str:
    """`text` with `drawn` between its two marks; `InputError` where it lacks one.

    >>> redrawn("a <b> old <e> z", "<b>", "<e>", "new")
    'a <b>\\n\\nnew\\n\\n<e> z'
    """
    if begin not in text or end not in text:
        raise InputError(f"the page has no {begin!r} and {end!r}, expected both: put them back")
    before, rest = text.split(begin, 1)
    return "".join([before, begin, "\n\n", drawn, "\n\n", end, rest.split(end, 1)[1]])
