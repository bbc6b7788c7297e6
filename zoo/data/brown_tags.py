"""The tags of the Brown Corpus, from 472 down to 92 and to the 12 universal ones.

Source: Petrov, Das and McDonald 2012, "A universal part-of-speech tagset"; the published map lists
every tag of the corpus, this table gives the same answer for each by rule.
"""

# Universal tag -> the simple tags (see `simple`) that it covers.
UNIVERSAL = {
    "NOUN": "NN NN$ NNS NNS$ NP NP$ NPS NPS$ NR NR$ NRS PN PN$ CD$",
    "VERB": "BE BED BEDZ BEG BEM BEN BER BEZ DO DOD DOZ HV HVD HVG HVN HVZ MD VB VBD VBG VBN VBZ",
    "ADJ": "JJ JJR JJS JJT AP OD",
    "ADV": "RB RBR RBT RN QL QLP WQL WRB *",
    "PRON": "PPS PPSS PPO PPL PPLS PP$$ WPS WPO",
    "DET": "AT DT DT$ DTI DTS DTX ABX PP$ WDT WP$",
    "ADP": "IN CS",
    "NUM": "CD",
    "CONJ": "CC",
    "PRT": "RP TO EX UH ABL ABN AP$ JJ$ RB$",
    "X": "NIL",
    ".": ". , : ( ) -- ' '' ``",
}
_OF = {tag: universal for universal, tags in UNIVERSAL.items() for tag in tags.split()}
# Contracted words that the rule below would place elsewhere.
_CONTRACTED = {"WRB+IN": "PRT", "DO+PPSS": "X", "WDT+DO+PPS": "X", "WDT+BER+PP": "X"}
_VERBS = ("BE", "HV", "DO", "MD", "VB")


def _plain(tag):
    """Without what says where a word stood: in a title, a headline, or cited."""
    for mark in ("-TL", "-HL", "-NC"):
        tag = tag.replace(mark, "")
    return tag


def simple(tag: str) -> str:
    """One of 92 tags: without title, headline and citation marks, the mark of foreign words, and
    what is contracted with the word ("n't", "'s").

    >>> [simple(tag) for tag in ("NN-TL-HL", "FW-IN", "PPS+BEZ", "MD*", "*")]
    ['NN', 'IN', 'PPS', 'MD', '*']
    """
    first = _plain(tag).removeprefix("FW-").split("+")[0]
    return first if first == "*" else first.rstrip("*")


def universal(tag: str) -> str:
    """One of the 12 universal tags. A word with a contracted verb is a particle, a foreign one X.

    >>> [universal(tag) for tag in ("NN-TL-HL", "FW-IN", "PPS+BEZ", "MD*", "*")]
    ['NOUN', 'X', 'PRT', 'VERB', 'ADV']
    """
    tag = _plain(tag)
    if tag.startswith("FW-"):
        return "X"
    found = _CONTRACTED.get(tag) or _OF[simple(tag)]
    second = tag.partition("+")[2]
    return "PRT" if second.startswith(_VERBS) and found not in ("VERB", "X") else found


TAGSETS = {"universal": universal, "simple": simple, "raw": str}
