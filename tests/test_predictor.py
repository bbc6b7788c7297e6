"""Raw input in, plain answer out: every task, and every input that is legal or refused."""

import json

import numpy as np
import pytest
import tiny
from PIL import Image

from zoo import predictor
from zoo.data import images, vocabulary
from zoo.errors import InputError
from zoo.models.many_to_many_delayed import many_to_many_delayed
from zoo.models.one_to_many import one_to_many
from zoo.registry import Fit
from zoo.tasks import image_label, write

NAMES = ["digits", "sine", "sine_to_cosine", "spam", "char_lm", "g2p"]


@pytest.fixture(scope="module")
def load(trained):
    """A predictor for each name; models are loaded once."""
    loaded = {}

    def one(name):
        if name not in loaded:
            loaded[name] = predictor.load(trained(name))
        return loaded[name]

    return one


def raw(name, folder):
    """Two inputs as a user gives them."""
    if name == "digits":
        Image.fromarray(np.full((8, 8), 200, "uint8")).save(folder / "a.png")
        return [str(folder / "a.png")] * 2
    if name.startswith("sine"):
        (folder / "a.csv").write_text("\n".join(f"{np.sin(k / 10):.4f}" for k in range(30)))
        return [str(folder / "a.csv")] * 2
    return {"spam": ["win money", "a meeting"], "char_lm": ["In the", "a"], "g2p": ["aa", "ab"]}[
        name
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_task_answers_in_plain_values(name, load, tmp_path):
    two = raw(name, tmp_path)
    answers = load(name)(two)
    assert len(answers) == 2
    assert json.dumps(answers, allow_nan=False)  # plain and finite
    one = load(name)(two[0])
    outputs = one["output"], answers[0]["output"]
    if isinstance(one["output"], list):
        np.testing.assert_allclose(*outputs, atol=1e-5)
    else:
        assert outputs[0] == outputs[1]


def test_probabilities_add_up_to_one(load):
    answer = load("spam")("win money now")
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["output"] == next(iter(answer["probabilities"]))


def test_arrays_are_inputs_too(load):
    images = tiny.data("digits")["test"][0]
    assert load("digits")(images[0])["output"] == load("digits")(images[:3])[0]["output"]
    assert len(load("sine")(np.sin(np.arange(25) / 10), steps=7)["output"]) == 7


def test_a_forecast_starts_at_its_last_window(load):
    series = tiny.data("sine")["test"]
    whole, last = load("sine")(series, steps=5), load("sine")(series[-20:], steps=5)
    np.testing.assert_allclose(whole["output"], last["output"], atol=1e-6)


def test_a_word_never_seen_still_has_a_label(load):
    assert load("spam")("qwertyuiop")["output"] in ("ham", "spam")


def test_an_answer_does_not_depend_on_its_neighbours(load):
    texts = ["win", "please review my patch on monday with the team", "free prize", "cheap"]
    together = [a["probabilities"]["spam"] for a in load("spam")(texts)]
    alone = [load("spam")(text)["probabilities"]["spam"] for text in texts]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_sequence_of_length_zero_in_a_batch_is_legal(load):
    with_empty = load("spam").answer(["", "win money"])
    without = load("spam").answer(["win money"])
    assert with_empty[1]["probabilities"]["spam"] == pytest.approx(
        without[0]["probabilities"]["spam"], abs=1e-5
    )


def test_all_padding_and_left_padding_give_finite_and_equal_answers(load):
    model = load("spam").model
    padding = np.zeros((1, 6), "int32")
    assert np.isfinite(model.predict_on_batch(padding)).all()
    tokens = [np.array([5, 6, 7], "int32")]
    left, right = (vocabulary.pad(tokens, 6, side) for side in ("left", "right"))
    np.testing.assert_allclose(
        model.predict_on_batch(left), model.predict_on_batch(right), atol=1e-5
    )


def test_ragged_series_are_forecast_each_from_its_own_end(load):
    wave = np.sin(np.arange(60) / 10)
    together = load("sine")([wave[:25], wave], steps=3)
    np.testing.assert_allclose(
        together[0]["output"], load("sine")(wave[:25], steps=3)["output"], atol=1e-6
    )


def test_longer_searches_never_score_worse(load):
    narrow, wide = (load("g2p")("abacus", beam_width=w, length_penalty=0.0) for w in (1, 5))
    assert wide["score"] >= narrow["score"] - 1e-5
    assert len(wide["alternatives"]) == 3


def test_attention_comes_with_an_answer_that_is_asked_for_it(load):
    g2p, words = load("g2p"), ["ab", "abacus", "a"]
    plain, found = g2p(words), g2p(words, attention=True)
    assert json.dumps(found, allow_nan=False)
    for word, without, answer in zip(words, plain, found, strict=True):
        attention = answer.pop("attention")
        assert answer == without
        assert attention["source"] == [*word, "[EOS]"]
        written = [s for s in attention["target"] if s != "[EOS]"]
        assert " ".join(written) == answer["output"]
        weights = np.array(attention["weights"])
        assert weights.shape == (len(attention["target"]), len(word) + 1)
        np.testing.assert_allclose(weights.sum(1), 1, atol=1e-3)


def test_attention_does_not_depend_on_the_neighbours(load):
    together = load("g2p")(["ab", "abacus"], attention=True)[0]["attention"]
    alone = load("g2p")("ab", attention=True)["attention"]
    np.testing.assert_allclose(together["weights"], alone["weights"], atol=1e-4)


def test_attention_of_a_caption_has_a_grid_of_places():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype("uint8")
    data = {"train": [(p, "a red hat") for p in pictures]}
    spec = write.specify(data, Fit(epochs=1, source="image", target="words"))
    model = one_to_many(**write.sizes(spec), units=4, embedding=4, filters=(4, 4))
    answers = write.answer(model, pictures, spec, attention=True)
    for attention in (answer["attention"] for answer in answers):
        assert (attention["height"], attention["width"]) == (4, 4)
        assert "source" not in attention
        assert np.shape(attention["weights"]) == (len(attention["target"]), 16)


def test_attention_of_a_model_that_has_none_is_refused():
    data = {"train": [("ab", ["A B"])]}
    spec = write.specify(data, Fit(epochs=1, source="characters", target="symbols"))
    model = many_to_many_delayed(**write.sizes(spec), units=4, attention=None)
    assert write.answer(model, ["ab"], spec)
    with pytest.raises(InputError, match="has no attention"):
        write.answer(model, ["ab"], spec, attention=True)


@pytest.mark.parametrize("wrong", [dict(beam_width=0), dict(beam_width=2.5), dict(alternatives=-1)])
def test_search_options_out_of_range_are_refused(wrong, load):
    with pytest.raises(InputError, match=f"{next(iter(wrong))} is .*, expected a whole number"):
        load("g2p")("abacus", **wrong)


@pytest.mark.parametrize("options", [dict(temperature=0), dict(temperature=1.0, seed=3, top_k=5)])
def test_a_stream_joined_is_the_continuation(options, load):
    pieces = load("char_lm").stream("In the", steps=20, **options)
    assert iter(pieces) is pieces
    first = next(pieces)
    whole = load("char_lm")("In the", steps=20, **options)["continuation"]
    assert first and whole == first + "".join(pieces)


@pytest.mark.parametrize(
    "name, item, options, message",
    [
        ("spam", "win", {}, "model 'spam' does not write text piece by piece"),
        ("g2p", "abacus", {}, "model 'g2p' does not write text piece by piece"),
        ("char_lm", "", {}, "is empty"),
        ("char_lm", "In the", {"steps": 0}, "steps is 0"),
        ("char_lm", "In the", {"beam_width": 2}, "takes no option 'beam_width', expected steps or"),
    ],
)
def test_a_stream_is_refused_before_its_first_piece(name, item, options, message, load):
    with pytest.raises(InputError, match=message) as caught:
        load(name).stream(item, **options)
    assert "\n" not in str(caught.value)


def test_an_option_that_a_task_does_not_take_is_refused(load):
    with pytest.raises(InputError, match="'spam' takes no option 'steps', expected none"):
        load("spam")("win money", steps=3)
    assert load("sine").options == ["steps"]


def test_a_text_is_continued_by_as_many_characters_the_same_for_a_seed(load):
    a, b = (load("char_lm")("In the", steps=30, temperature=1.0, seed=4) for _ in range(2))
    assert a == b
    assert a["output"].startswith("In the")
    assert len(a["continuation"]) <= 30


def test_evaluate_gives_the_value_of_the_card(load):
    digits = load("digits")
    digits.recipe.load(None)
    scores = digits.recipe.task.evaluate(digits.model, tiny.data("digits")["test"], digits.spec)
    assert scores["accuracy"] == pytest.approx(digits.card["value"], abs=1e-6)
    with pytest.raises(InputError, match="split 'tset'"):
        digits.evaluate(split="tset")


def test_a_file_of_the_users_is_evaluated_whole(load, tmp_path):
    path = tmp_path / "mine.csv"
    rows = [f"{text},{label}" for text, label in zip(*tiny.data("spam")["train"], strict=True)]
    path.write_text("\n".join(["text,label", *rows]))
    texts, labels = load("spam").data(path)["test"]
    assert (len(texts), len(labels)) == (12, 12)
    series = tmp_path / "mine.txt"
    series.write_text("\n".join(str(float(v)) for v in tiny.data("sine")["train"]))
    np.testing.assert_allclose(load("sine").data(series)["test"], tiny.data("sine")["train"])


def test_the_file_that_a_model_was_trained_on_is_not_its_test(load, tmp_path, monkeypatch):
    path = tmp_path / "mine.txt"
    path.write_text("abc " * 200)
    lm = load("char_lm")
    monkeypatch.setitem(lm.card, "data", {"path": str(path)})
    assert lm.data()["test"] == lm.data(path)["test"] == ("abc " * 200)[760:]


BAD = {
    "short series": ("sine", "1\n2\n3\n", "has 3 values, expected at least the window of 20"),
    "NaN": ("sine", "1\nnan\n" * 20, "line 2: 'nan' is not a finite number"),
    "infinity": ("sine", "inf\n" * 30, "line 1: 'inf' is not a finite number"),
    "text": ("sine", "1\n2\nthree\n" * 20, "line 3: 'three' is not a finite number"),
    "empty file": ("sine", "", "is empty"),
    "not an image": ("digits", "these are letters", "is not a readable picture"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused(case, load, tmp_path):
    name, content, message = BAD[case]
    (tmp_path / "input").write_text(content)
    with pytest.raises(InputError, match=message):
        load(name)(str(tmp_path / "input"))


@pytest.mark.parametrize(
    "name, given, message",
    [
        ("spam", "", "has no word"),
        ("spam", "   ", "has no word"),
        ("g2p", "", "is empty"),
        ("g2p", "tschüß", "'ß', which was not in the training data|'ü', which was not"),
        ("char_lm", "", "is empty"),
        ("char_lm", "\u4e2d", "was not in the training text"),
        ("digits", "nowhere.png", "no file"),
        ("sine", "nowhere.csv", "no file"),
    ],
)
def test_bad_text_and_missing_files_are_refused(name, given, message, load):
    with pytest.raises(InputError, match=message):
        load(name)(given)


def test_words_keep_their_case_where_training_had_it():
    spec = {"source": vocabulary.characters(["Ab", "c"]).to_str()}
    assert write.read(["Ab", "CB"], spec) == ["Ab", "cb"]
    with pytest.raises(InputError, match=r"input 'ab' has 'a', which was not .*: spell it without"):
        write.read(["ab"], spec)


def test_no_input_at_all_is_refused(load):
    with pytest.raises(InputError, match="no input"):
        load("spam")([])


def test_a_series_with_a_gap_is_refused(load):
    with pytest.raises(InputError, match="nan at position 3"):
        load("sine")(np.where(np.arange(30) == 3, np.nan, 0.5))


def test_an_image_of_another_size_is_scaled(load, tmp_path):
    Image.new("RGB", (31, 17), "white").save(tmp_path / "a.png")
    assert load("digits")(str(tmp_path / "a.png"))["output"] in load("digits").spec["labels"]


def test_a_label_never_seen_in_training_is_refused(load, tmp_path):
    rows = [f"words number {k},{('ham', 'spam', 'bacon')[k % 3]}" for k in range(12)]
    (tmp_path / "mine.csv").write_text("\n".join(["text,label", *rows]))
    with pytest.raises(InputError, match="label 'bacon' was not in the training data"):
        load("spam").evaluate(tmp_path / "mine.csv")


def test_own_data_is_refused_where_there_is_no_reader(load, tmp_path):
    with pytest.raises(InputError, match="reads no data of your own"):
        load("sine_to_cosine").evaluate(tmp_path / "mine.csv")


def test_dark_ink_on_light_paper_is_read_like_the_data(tmp_path):
    picture = images.digits()["test"][0][0]  # light ink on a dark ground
    for name, values in (("dark.png", picture), ("light.png", 1 - picture)):
        Image.fromarray(np.round(values * 255).astype("uint8")).save(tmp_path / name)
    spec = {"image": [8, 8, 1]}
    dark, light = image_label.read([str(tmp_path / n) for n in ("dark.png", "light.png")], spec)
    np.testing.assert_allclose(dark, light, atol=0.01)
    np.testing.assert_allclose(dark[..., 0], picture, atol=0.01)
