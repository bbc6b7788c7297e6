"""A plain sentence as words, by a rule that is short enough to know."""

from collections.abc import Container

OPENING = "([{\"'“‘«"
CLOSING = ")]},;:!?\"'”’»."


def words_of(sentence: str, known: Container[str] = ()) -> list[str]:
    """The words of a plain sentence, punctuation apart.

    White space parts words, and `--` is a word. Then brackets, quotation marks and , ; : ! ? come
    off both ends of a word, one by one, as words of their own. A full stop comes off too, but not
    where the word with it is in `known` (in lower case: "mr.") or has another full stop inside
    ("U.S."); the last one of the sentence always does. Everything else stays in one word:
    "don't", "John's", "well-known", "3.5%".

    known: words that a model has; where it has "``", as the Brown Corpus does, a double
    quotation mark becomes "``" at the beginning of a word and "''" at its end.

    >>> words_of("Mr. Smith didn't go (yet): why?", known={"mr."})
    ['Mr.', 'Smith', "didn't", 'go', '(', 'yet', ')', ':', 'why', '?']
    """
    pieces = sentence.replace("--", " -- ").split()
    found = []
    for place, piece in enumerate(pieces):
        before, word, after = _peeled(piece, known, last=place == len(pieces) - 1)
        found += [*_quotes(before, "``", known), word, *_quotes(after, "''", known)]
    return found


def _peeled(piece, known, last):
    """What comes off in front, the word, and what comes off behind."""
    before, after = [], []
    while piece and piece[0] in OPENING and len(piece) > 1:
        before.append(piece[0])
        piece = piece[1:]
    while len(piece) > 1 and piece[-1] in CLOSING and not _keeps(piece, known, last and not after):
        dots = len(piece) - len(piece.rstrip("."))
        size = dots if dots > 1 else 1  # an ellipsis is one word
        if size == len(piece):
            break  # nothing but full stops
        after.insert(0, piece[-size:])
        piece = piece[:-size]
    return before, piece, after


def _keeps(piece, known, last):
    """Whether a full stop at the end belongs to the word."""
    if piece[-1] == "'" and piece.lower() in known:  # the possessive of a plural
        return True
    if piece[-1] != "." or piece[-2] == "." or last:
        return False
    return piece.lower() in known or "." in piece[:-1]


def _quotes(marks, mark, known):
    """Marks in front of a word or behind it, double quotation marks as `known` writes them."""
    return [mark if m in '"“”' and "``" in known else m for m in marks]
