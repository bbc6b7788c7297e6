"""Which tag may follow which, read off the tags' names: the BIO and BMES schemes."""

from typing import NamedTuple

import numpy as np

from zoo.errors import InputError


class Allowed(NamedTuple):
    """Bool arrays: transitions (V, V) [from, to], start (V,), end (V,); True = allowed."""

    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray


class _Scheme(NamedTuple):
    continues: str  # prefixes that go on with the span of the tag before
    open: str  # prefixes whose span may go on
    complete: str  # prefixes after which the span may be over


_BIO = _Scheme(continues="I", open="BI", complete="BIO")
_BMES = _Scheme(continues="ME", open="BM", complete="ESO")


def bio_transitions(labels):
    """What BIO tags allow: "I-X" follows only "B-X" or "I-X", and never starts a sequence.

    Args:
        labels: the V tag names in id order: "O", "B-X", "I-X" (or bare "B", "I").

    Returns:
        `Allowed` (transitions, start, end), the three arguments that `CRF` takes.

    Raises:
        InputError: a name that is not of the scheme.

    Source: Ramshaw and Marcus 1995 (in the form of CoNLL-2002, where every span begins with B).

    >>> allowed = bio_transitions(["O", "B-LOC", "I-LOC"])
    >>> allowed.transitions.astype(int).tolist()
    [[1, 1, 0], [1, 1, 1], [1, 1, 1]]
    >>> allowed.start.tolist()
    [True, True, False]
    """
    return _allowed(labels, _BIO, "O, B-X or I-X")


def bmes_transitions(labels):
    """What BMES tags allow: begin, middle, end of a span, or a single; "O" lies outside.

    Args:
        labels: the V tag names in id order: "B-X", "M-X", "E-X", "S-X", "O" (or bare "B", ...).

    Returns:
        `Allowed` (transitions, start, end), the three arguments that `CRF` takes.

    Raises:
        InputError: a name that is not of the scheme.

    Source: Xue 2003, "Chinese word segmentation as character tagging".

    >>> allowed = bmes_transitions(["B", "M", "E", "S"])
    >>> allowed.transitions.astype(int).tolist()
    [[0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1]]
    >>> allowed.end.tolist()
    [False, False, True, True]
    """
    return _allowed(labels, _BMES, "O, B-X, M-X, E-X or S-X")


def _allowed(labels, scheme, expected):
    tags = [_split(label, scheme, expected) for label in labels]
    transitions = [[_may_follow(before, tag, scheme) for tag in tags] for before in tags]
    start = [prefix not in scheme.continues for prefix, _ in tags]
    end = [prefix in scheme.complete for prefix, _ in tags]
    return Allowed(np.array(transitions), np.array(start), np.array(end))


def _split(label, scheme, expected):
    prefix, dash, kind = label.partition("-")
    known = len(prefix) == 1 and prefix in scheme.open + scheme.continues + scheme.complete
    if not known or (dash and not kind) or (prefix == "O" and dash):
        raise InputError(f"tag {label!r} is not of the scheme: name tags {expected}")
    return prefix, kind


def _may_follow(before, tag, scheme):
    if tag[0] in scheme.continues:
        return before[0] in scheme.open and before[1] == tag[1]
    return before[0] in scheme.complete
