"""A prefix continued, whole or character by character, up to a stop string."""

import numpy as np
import pytest

from zoo.data import vocabulary
from zoo.errors import InputError
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.tasks.continue_text import answer, sizes, stream

TEXT = "it was the best of times, it was the worst of times"
PREFIXES = ["it was", "t", "the best of times", "worst"]
SETTINGS = [
    {},
    {"temperature": 0},
    {"temperature": 1.0, "top_k": 4},
    {"temperature": 1.0, "top_p": 0.8, "repetition_penalty": 1.3},
]


@pytest.fixture(scope="module")
def spec():
    return {"vocabulary": vocabulary.characters([TEXT]).to_str()}


@pytest.fixture(scope="module")
def model(spec):
    built = many_to_many_aligned(**sizes(spec), embedding="one_hot", cell="gru", units=6)
    generator = np.random.default_rng(0)
    built.set_weights([generator.normal(size=w.shape) for w in built.get_weights()])
    return built


@pytest.fixture(scope="module")
def written(model, spec):
    """`written(prefix, **options)`: the continuation, which the stream has to equal."""

    def written(prefix, **options):
        whole = answer(model, [prefix], spec, **options)[0]
        pieces = list(stream(model, prefix, spec, **options))
        assert all(len(piece) == 1 for piece in pieces)
        assert whole == {"output": prefix + "".join(pieces), "continuation": "".join(pieces)}
        return whole["continuation"]

    return written


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_stream_is_the_answer(written, settings):
    assert len(written("it was", steps=20, seed=3, **settings)) == 20


def test_settings_are_passed_on(written):
    greedy = written("it was", steps=20, temperature=0)
    assert written("it was", steps=20, temperature=1.0, top_k=1) == greedy
    assert written("it was", steps=20, temperature=1.0, top_p=1e-6) == greedy
    assert written("it was", steps=20, temperature=0, repetition_penalty=5.0) != greedy
    assert written("it was", steps=20, temperature=1.0, seed=1) != greedy


def test_a_continuation_does_not_depend_on_the_other_prefixes_nor_on_its_place(model, spec):
    options = {"steps": 20, "temperature": 1.0, "seed": 7}
    together = answer(model, PREFIXES, spec, **options)
    assert answer(model, PREFIXES[::-1], spec, **options) == together[::-1]
    assert [answer(model, [p], spec, **options)[0] for p in PREFIXES] == together
    twice = answer(model, ["it was", "t", "it was"], spec, **options)
    assert twice[0] == twice[2] == together[0]
    assert len({a["continuation"] for a in together}) > 1
    assert answer(model, PREFIXES, spec, **(options | {"seed": 8})) != together


@pytest.mark.parametrize("seed", range(3))
def test_a_text_ends_just_before_the_first_stop_string(written, seed):
    options = {"steps": 30, "temperature": 1.0, "seed": seed}
    free = written("it was", **options)
    for start, end in [(0, 1), (4, 7), (10, 11), (12, 20), (28, 30)]:
        stop = free[start:end]
        for stops in (stop, [stop], ["wwwwwwww", stop], [stop, stop[1:] or stop]):
            several = [stops] if isinstance(stops, str) else stops
            # The first that is complete; of those that end together, the longest.
            found = [(free.find(s) + len(s), -len(s)) for s in several if s in free]
            assert written("it was", stop=stops, **options) == free[: sum(min(found))]


def test_what_only_begins_a_stop_string_is_text(written, spec):
    options = {"steps": 20, "temperature": 1.0, "seed": 2}
    free = written("it was", **options)
    other = next(c for c in sorted(set(TEXT)) if free + c not in free and c != free[9])
    assert written("it was", stop=free[3:9] + other, **options) == free
    assert written("it was", stop=free[-4:] + other, **options) == free  # held to the end


def test_a_stop_string_in_the_prefix_does_not_count(written):
    options = {"steps": 20, "temperature": 1.0, "seed": 2}
    free = written("it was", **options)
    assert "was" not in free
    assert written("it was", stop=["was", "as" + free[0]], **options) == free


def test_characters_come_as_they_are_written(model, spec):
    pieces = stream(model, "it was", spec, steps=10**6, seed=1)
    assert len([next(pieces) for _ in range(3)]) == 3


def test_special_tokens_are_never_written(spec):
    even = many_to_many_aligned(**sizes(spec), embedding="one_hot", cell="gru", units=6)
    even.set_weights([w * 0 for w in even.get_weights()])  # a token is as likely as another
    found = answer(even, ["it"], spec, steps=60, temperature=1.0)
    assert len(found[0]["continuation"]) == 60


BAD = [
    ({"prefix": ""}, "prefix '' is empty"),
    ({"prefix": "it is Q"}, "prefix 'it is Q' has 'Q'"),
    ({"prefix": 7}, "prefix 7 is not a text"),
    ({"steps": 0}, "steps is 0"),
    ({"steps": -2}, "steps is -2"),
    ({"steps": 1.5}, "steps is 1.5"),
    ({"temperature": -1}, "temperature is -1"),
    ({"temperature": "hot"}, "temperature is 'hot'"),
    ({"top_k": 0}, "top_k is 0"),
    ({"top_p": 1.5}, "top_p is 1.5"),
    ({"repetition_penalty": 0}, "repetition_penalty is 0"),
    ({"stop": ""}, "stop string '' is empty"),
    ({"stop": ["t", ""]}, "stop string '' is empty"),
    ({"stop": ["tQ"]}, "stop string 'tQ' has 'Q'"),
    ({"stop": [5]}, "stop string 5 is not a text"),
    ({"stop": None}, "stop string None is not a text"),
    ({"seed": -1}, "seed is -1"),
    ({"seed": [1]}, r"seed is \[1\]"),
]


@pytest.mark.parametrize(("wrong", "message"), BAD)
def test_bad_input_gives_one_clear_line_before_the_model_runs(spec, wrong, message):
    prefix, options = wrong.get("prefix", "it"), {k: v for k, v in wrong.items() if k != "prefix"}
    # There is no model to run.
    for call in (
        lambda: answer(None, [prefix], spec, **options),
        lambda: stream(None, prefix, spec, **options),
    ):
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_weights_that_are_not_finite_are_told(spec):
    broken = many_to_many_aligned(**sizes(spec), embedding="one_hot", cell="gru", units=6)
    broken.set_weights([w * np.nan for w in broken.get_weights()])
    with pytest.raises(InputError, match="NaN or infinite"):
        answer(broken, ["it"], spec, steps=5)
    with pytest.raises(InputError, match="NaN or infinite"):
        list(stream(broken, "it", spec, steps=5))
