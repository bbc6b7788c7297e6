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
