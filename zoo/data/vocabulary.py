"""Text to token ids and back, with the `tokenizers` library: no framework needed.

Ids 0 to 3 are the same in every vocabulary: padding, unknown, begin, end. Save a tokenizer with
`tokenizer.to_str()`, read it with `Tokenizer.from_str`.
"""

import string
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from zoo.data.text import is_unicode
from zoo.errors import InputError

PAD, UNKNOWN, BEGIN, END = range(4)
SPECIALS = ["[PAD]", "[UNK]", "[BOS]", "[EOS]"]
SPACE = "▁"  # in a subword, the space before it
WORD = r"\w+(?:['’]\w+)*|[^\w\s]"


def words(
    texts: Iterable[str],
    minimum_frequency: int = 2,
    size: int | None = None,
    lowercase: bool = True,
) -> Tokenizer:
    """A vocabulary of words and single punctuation marks, the most frequent first.

    minimum_frequency: a rarer word becomes [UNK]. size: largest vocabulary, specials included.
    Raises `InputError` when no word is left.

    >>> tokenizer = words(["The cat.", "The dog, the cat."], minimum_frequency=1)
    >>> decode(tokenizer, encode(tokenizer, ["the dog, the cat."])[0])
    'the dog, the cat.'
    """
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    if lowercase:
        tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), "removed", invert=True)
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.WordPiece(prefix="\0", cleanup=False),  # a space between words
            decoders.Fuse(),
            decoders.Replace(Regex(r" (?=[,.;:!?%)\]’”])|(?<=[(\[“‘$]) "), ""),
        ]
    )
    return _trained(tokenizer, texts, minimum_frequency, size)


def characters(texts: Iterable[str], minimum_frequency: int = 1) -> Tokenizer:
    """A vocabulary of single characters, white space and line ends included.

    >>> tokenizer = characters(["time traveller"])
    >>> decode(tokenizer, encode(tokenizer, ["ever  a"], begin=True)[0])
    'ever  a'
    """
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return _trained(tokenizer, texts, minimum_frequency, None)


def symbols(sequences: Iterable[str]) -> Tokenizer:
    """A vocabulary of symbols separated by white space, such as phones or tags.

    >>> tokenizer = symbols(["K AE T", "T AE K"])
    >>> decode(tokenizer, encode(tokenizer, ["T AE T"], end=True)[0])
    'T AE T'
    """
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return _trained(tokenizer, sequences, 1, None)


def subwords(texts: Iterable[str], size: int = 4_000) -> Tokenizer:
    """A vocabulary of pieces of words: byte-pair encoding, with upper and lower case.

    size: the largest vocabulary, specials included. Little text gives a smaller one: its characters
    and a piece for each 20 words at most, or the pieces would be too rare to learn from. A piece
    may begin with the space before it, shown as "\u2581", and never reaches over a punctuation
    mark. A character that the texts do not have is [UNK]; a straight apostrophe is read as the
    curly one where the texts have that alone. Raises `InputError` when there is no text.

    Source: Sennrich, Haddow and Birch 2016, "Neural machine translation of rare words with subword
    units".

    >>> tokenizer = subwords(["low lower lowest new newer newest"] * 20)
    >>> (ids,) = encode(tokenizer, ["lowest, slow"])
    >>> [tokenizer.id_to_token(int(i)) for i in ids]
    ['▁lo', 'we', 'st', '[UNK]', '▁', 's', 'lo', 'w']
    >>> decode(tokenizer, encode(tokenizer, ["slow  new"])[0])
    'slow new'
    """
    texts = [unicodedata.normalize("NFC", text) for text in texts]
    alphabet = set().union(*texts)
    if not alphabet - set(string.whitespace):
        raise InputError("the texts are empty; give some with words")
    pieces = sum(len(text.split()) for text in texts) // 20
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            *_curled(alphabet),
            normalizers.Replace(Regex(r"^\s+|\s+$"), ""),
            normalizers.Replace(Regex(r"^|\s+"), SPACE),
        ]
    )
    words = Regex(rf"{SPACE}?\w+|{SPACE}?[^\w{SPACE}]|{SPACE}")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(words, "isolated")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=min(size, len(SPECIALS) + len(alphabet) + pieces),
        min_frequency=2,
        special_tokens=SPECIALS,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _curled(alphabet: set[str]) -> list:
    return [normalizers.Replace("'", "’")] if "’" in alphabet and "'" not in alphabet else []


def _trained(
    tokenizer: Tokenizer, texts: Iterable[str], minimum_frequency: int, size: int | None
) -> Tokenizer:
    trainer = trainers.WordLevelTrainer(
        vocab_size=size or 1_000_000,
        min_frequency=minimum_frequency,
        special_tokens=SPECIALS,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() <= len(SPECIALS):
        raise InputError(
            f"no token appears {minimum_frequency} times or more; give more text or a smaller "
            "minimum frequency"
        )
    return tokenizer


def encode(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    begin: bool = False,
    end: bool = False,
    maximum: int | None = None,
) -> list[np.ndarray]:
    """Each text as int32 ids (T,); an empty text gives T = 0 (plus begin and end).

    begin, end: put [BOS] before and [EOS] after. maximum: cut the text so that all fits.
    A text that spells out a special token, such as "[PAD]", is read as ordinary text. Raises
    `InputError` for what is no text.
    """
    tokenizer.encode_special_tokens = True
    room = None if maximum is None else max(0, maximum - begin - end)
    try:
        encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    except TypeError:
        wrong = next(t for t in texts if not (isinstance(t, str) and is_unicode(t)))
        raise InputError(
            f"text {str(wrong)[:60]!r} is no UTF-8 text, expected one: correct it"
        ) from None
    return [
        np.array([BEGIN] * begin + found.ids[:room] + [END] * end, "int32") for found in encodings
    ]


def decode(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """The text of some ids, special tokens left out."""
    return tokenizer.decode([int(i) for i in ids if i > END], skip_special_tokens=True)


def pad(
    sequences: Sequence[Sequence[int]], length: int | None = None, side: str = "right"
) -> np.ndarray:
    """Sequences as one array int32 (B, T) with zeros after (or, side="left", before) each.

    length: T; by default that of the longest. The mask is `padded != 0`.
    Raises `InputError` for a sequence longer than `length` and for another side.

    >>> pad([[5, 6, 7], [8]]).tolist()
    [[5, 6, 7], [8, 0, 0]]
    """
    if side not in ("right", "left"):
        raise InputError(f"side={side!r}; expected 'right' or 'left'")
    longest = max((len(sequence) for sequence in sequences), default=0)
    length = longest if length is None else length
    if longest > length:
        raise InputError(f"a sequence of {longest} does not fit into {length}; encode with maximum")
    out = np.zeros((len(sequences), length), "int32")
    for row, sequence in zip(out, sequences, strict=True):
        start = 0 if side == "right" else length - len(sequence)
        row[start : start + len(sequence)] = sequence
    return out
