"""Text to ids and back."""

import numpy as np
import pytest
from tokenizers import Tokenizer

from zoo.data import vocabulary
from zoo.data.vocabulary import BEGIN, END, SPECIALS, UNKNOWN, decode, encode, pad
from zoo.errors import InputError

pytestmark = pytest.mark.neutral

TEXT = "He said, “it’s late (very)!”\nShe didn't hear; he left."


@pytest.mark.parametrize("build", [vocabulary.characters, vocabulary.symbols])
def test_special_tokens_have_ids_0_to_3(build):
    tokenizer = build([TEXT])
    assert [tokenizer.token_to_id(token) for token in SPECIALS] == [0, 1, 2, 3]


def test_characters_give_back_the_exact_text():
    tokenizer = vocabulary.characters([TEXT])
    odd = "  " + TEXT + "\n\n s"
    assert decode(tokenizer, encode(tokenizer, [odd])[0]) == odd
    assert len(encode(tokenizer, [odd])[0]) == len(odd)


def test_words_give_back_natural_text_in_lower_case():
    tokenizer = vocabulary.words([TEXT], minimum_frequency=1)
    expected = " ".join(TEXT.lower().split())
    assert decode(tokenizer, encode(tokenizer, [TEXT])[0]) == expected
    cased = vocabulary.words([TEXT], minimum_frequency=1, lowercase=False)
    assert decode(cased, encode(cased, [TEXT])[0]) == " ".join(TEXT.split())


def test_rare_words_are_unknown_and_size_keeps_the_most_frequent():
    texts = ["a a a b b c", "a b c d"]
    tokenizer = vocabulary.words(texts, minimum_frequency=2)
    assert tokenizer.get_vocab_size() == 7
    assert encode(tokenizer, ["a d"])[0].tolist() == [4, UNKNOWN]
    assert set(vocabulary.words(texts, size=5).get_vocab()) == {*SPECIALS, "a"}


def test_a_tokenizer_survives_its_string_and_training_is_repeatable():
    tokenizer = vocabulary.words([TEXT], minimum_frequency=1)
    assert vocabulary.words([TEXT], minimum_frequency=1).to_str() == tokenizer.to_str()
    again = Tokenizer.from_str(tokenizer.to_str())
    np.testing.assert_array_equal(encode(again, [TEXT])[0], encode(tokenizer, [TEXT])[0])
    assert decode(again, encode(again, [TEXT])[0]) == decode(tokenizer, encode(again, [TEXT])[0])


def test_begin_and_end_fit_within_the_maximum():
    tokenizer = vocabulary.symbols(["K AE T"])
    (ids,) = encode(tokenizer, ["K AE T"], begin=True, end=True, maximum=4)
    assert ids.dtype == np.int32
    assert (len(ids), ids[0], ids[-1]) == (4, BEGIN, END)
    assert decode(tokenizer, ids) == "K AE"


def test_an_empty_text_and_a_spelled_out_special_token_are_ordinary():
    tokenizer = vocabulary.characters(["abc"])
    assert [ids.tolist() for ids in encode(tokenizer, ["", ""], end=True)] == [[END], [END]]
    assert decode(tokenizer, []) == ""
    assert END not in encode(tokenizer, ["a[EOS]b"])[0]


PIECES = ["He said, “it’s late (very)!” ¿Qué?", "She didn’t hear; he left."] * 40


def test_subwords_give_back_the_exact_text_with_single_spaces():
    tokenizer = vocabulary.subwords(PIECES, size=60)
    assert [tokenizer.token_to_id(token) for token in SPECIALS] == [0, 1, 2, 3]
    for text in (PIECES[0], PIECES[1], "  ¿left ‘?  ".replace("‘", "“")):
        assert decode(tokenizer, encode(tokenizer, [text])[0]) == " ".join(text.split())


def test_subwords_read_a_composed_letter_and_a_straight_apostrophe_as_the_texts_have_them():
    tokenizer = vocabulary.subwords(PIECES, size=60)
    typed, printed = encode(tokenizer, ["didn't Que\u0301", "didn’t Qué"])
    assert typed.tolist() == printed.tolist() and UNKNOWN not in typed
    straight = vocabulary.subwords(["it's", "it’s"] * 20)
    assert decode(straight, encode(straight, ["it's"])[0]) == "it's"


def test_characters_that_no_text_had_are_unknown_pieces():
    tokenizer = vocabulary.subwords(PIECES)
    (ids,) = encode(tokenizer, ["left Ж 漢 [PAD]"])
    assert UNKNOWN in ids and 0 not in ids
    assert decode(tokenizer, ids).startswith("left")


def test_little_text_gives_few_pieces_and_none_is_refused():
    texts = ["the cat sat on the mat and the dog ran"] * 4
    letters = len(set("".join(texts)))
    assert vocabulary.subwords(texts).get_vocab_size() <= len(SPECIALS) + letters + 2
    again = vocabulary.subwords(texts * 5)
    assert again.get_vocab_size() > vocabulary.subwords(texts).get_vocab_size()
    assert Tokenizer.from_str(again.to_str()).to_str() == again.to_str()
    for nothing in ([], [""], [" \n"]):
        with pytest.raises(InputError, match="empty"):
            vocabulary.subwords(nothing)


def test_no_words_are_refused():
    for texts in ([], [""], ["one two three"]):
        with pytest.raises(InputError, match="no token appears 2 times"):
            vocabulary.words(texts)


def test_padding_on_either_side():
    sequences = [np.array([5, 6]), [], [7]]
    assert pad(sequences).tolist() == [[5, 6], [0, 0], [7, 0]]
    assert pad(sequences, length=3, side="left").tolist() == [[0, 5, 6], [0, 0, 0], [0, 0, 7]]
    assert pad(sequences).dtype == np.int32
    with pytest.raises(InputError, match="a sequence of 2 does not fit into 1"):
        pad(sequences, length=1)
    with pytest.raises(InputError, match="side='middle'"):
        pad(sequences, side="middle")


@pytest.mark.parametrize("wrong", ["half \udcff", 7, None])
def test_what_is_no_text_is_refused(wrong):
    with pytest.raises(InputError, match=r"text .* is no UTF-8 text, expected one") as error:
        encode(vocabulary.characters([TEXT]), ["fine", wrong])
    assert str(error.value).isascii()
