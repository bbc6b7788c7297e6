"""SavedModel: what TensorFlow Serving would load answers as the model and its decoders do."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from tokenizers import Tokenizer

import zoo
from zoo.data import vocabulary
from zoo.engine.decoding import beam_search, generate, rollout
from zoo.engine.draws import path_uniforms, uniforms
from zoo.errors import InputError
from zoo.formats import child, names, saved_model, verifying
from zoo.formats.decoding import Decoding, decoding_of
from zoo.formats.programs import programs
from zoo.layers import StudentT
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.models.many_to_many_delayed import many_to_many_delayed
from zoo.models.many_to_one import many_to_one
from zoo.models.step import carried_step, decoder_step, encode_step, window_step

SOURCE = np.array([[4, 5, 6, 0, 0], [7, 0, 0, 0, 0], [4, 8, 8, 5, 3]], "int32")
HEAD = StudentT()
# Another backend's file is the same, written by a child process that takes its seconds.
once = pytest.mark.neutral


def pairs(**options):
    return many_to_many_delayed(
        source_vocabulary=9, target_vocabulary=11, units=8, embedding=6, **options
    )


def serving(path, name="serving_default"):
    """The signature as TensorFlow Serving has it: tensors by name in and out."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    function = loaded.signatures[name]

    def run(**arrays):
        found = function(**{key: tf.constant(value) for key, value in arrays.items()})
        return {key: value.numpy() for key, value in found.items()}

    run.loaded = loaded
    return run


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """An encoder-decoder and where it was written, decoding and all."""
    keras.utils.set_random_seed(1)
    model, path = pairs(), tmp_path_factory.mktemp("pairs") / "model"
    saved_model.write(model, path, decoding=Decoding(beam_width=3))
    return model, path


def test_serving_default_has_keras_names_and_open_batch_and_time(written):
    model, path = written
    serve = serving(path)
    for B, T, steps in ((1, 7, 4), (3, 20, 1), (2, 1, 9)):
        rng = np.random.default_rng(T)
        source, target = (rng.integers(1, 9, (B, n)).astype("int32") for n in (T, steps))
        found = serve(source=source, target_in=target)
        assert list(found) == ["logits"]
        expected = model.predict_on_batch([source, target])
        np.testing.assert_allclose(found["logits"], expected, atol=1e-5)


def test_the_order_of_inputs_is_the_models(written):
    model, path = written
    assert verifying.verify(model, saved_model.opened(path)) < 1e-5


def test_the_whole_search_is_the_engines(written):
    model, path = written
    start = np.full(len(SOURCE), vocabulary.BEGIN, "int32")
    step, state = decoder_step(model), encode_step(model)(SOURCE)
    greedy, search = (saved_model.signature(path, name) for name in ("generate", "beam_search"))
    for steps in (2, 15):  # the engine has one program for both
        found = greedy(source=SOURCE, steps=steps)
        expected = generate(step, start, state, steps, end=vocabulary.END)
        assert found["tokens"].tolist() == expected.tolist()
        options = dict(beam_width=3, steps=steps, end=vocabulary.END, length_penalty=1.0)
        beams = beam_search(step, start, state, **options)
        found = search(source=SOURCE, steps=steps)
        assert found["tokens"].tolist() == beams.tokens.tolist()
        assert found["lengths"].tolist() == beams.lengths.tolist()
        np.testing.assert_allclose(found["scores"], beams.scores, atol=1e-5)


def test_a_decoder_can_be_driven_by_hand(written):
    model, path = written
    encode, decode = serving(path, "encode"), serving(path, "decode")
    state = encode(source=SOURCE)
    assert {"memory", "mask", "state_out0", "state_out1"} == set(state)
    token, tokens = np.full((len(SOURCE), 1), vocabulary.BEGIN, "int32"), []
    given = {key: state[key] for key in ("memory", "mask")}
    for _ in range(6):
        carried = {f"state_in{k}": state[f"state_out{k}"] for k in range(2)}
        state = decode(tokens=token, **given, **carried)
        token = state["logits"].argmax(-1).astype("int32")
        tokens.append(token[:, 0])
    start = np.full(len(SOURCE), vocabulary.BEGIN, "int32")
    expected = generate(decoder_step(model), start, encode_step(model)(SOURCE), 6)
    assert np.stack(tokens, 1).tolist() == expected.tolist()


@once
def test_a_language_model_continues_prefixes_of_several_lengths(tmp_path):
    model = many_to_many_aligned(vocabulary=9, classes=9, embedding="one_hot", units=8)
    allowed = tuple(k > vocabulary.END for k in range(9))
    saved_model.write(model, tmp_path / "model", decoding=Decoding(end=None, allowed=allowed))
    prefixes = np.array([[4, 5, 6, 8], [7, 0, 0, 0]], "int32")
    step, run = carried_step(model), saved_model.signature(tmp_path / "model", "generate")
    sample = saved_model.signature(tmp_path / "model", "sample")
    drawn = uniforms([3, 3], 2, 12)
    found = run(tokens=prefixes, steps=12)["tokens"]
    sampled = sample(tokens=prefixes, uniform=drawn, temperature=np.float32(0.7))["tokens"]
    assert found.min() > vocabulary.END
    for row, prefix in enumerate((prefixes[0], prefixes[1, :1])):
        state = step_state(step, model, prefix[:-1])
        last = prefix[-1:]
        expected = generate(step, last, state, 12, allowed=np.array(allowed))
        assert found[row].tolist() == expected[0].tolist()
        options = dict(allowed=np.array(allowed), temperature=0.7, seed=[3])
        expected = generate(step, last, state, 12, **options)
        assert sampled[row].tolist() == expected[0].tolist()


def step_state(step, model, tokens):
    """The state behind tokens, one by one."""
    state = [np.zeros((1, 8), "float32") for _ in range(2)]
    for token in tokens:
        _, state = step.function(*tensors([token], state))
    return state


def tensors(inputs, state):
    return keras.ops.convert_to_tensor(inputs), list(map(keras.ops.convert_to_tensor, state))


@once
def test_a_distribution_is_sampled_from_the_callers_numbers(tmp_path):
    model = many_to_one(features=3, outputs=HEAD.size(1), units=4)
    saved_model.write(model, tmp_path / "model", decoding=Decoding(head=HEAD.config()))
    rng = np.random.default_rng(0)
    window = rng.normal(size=(2, 6, 3)).astype("float32")
    beside = rng.normal(size=(2, 5, 2)).astype("float32")
    step = carried_step(model)
    state = [np.zeros((2, 4), "float32") for _ in range(2)]
    for t in range(5):
        _, state = step.function(*tensors(window[:, t], state))
    first = window[:, -1, :1]
    found = saved_model.signature(tmp_path / "model", "rollout")(sequence=window, exogenous=beside)
    expected = rollout(step, first, state, 5, beside, head=HEAD)
    np.testing.assert_allclose(found["values"], expected, atol=1e-5)
    uniform = path_uniforms(1, 2, 3, 5, HEAD.draws).reshape(2, 3, 5, HEAD.draws)
    sample = saved_model.signature(tmp_path / "model", "sample")
    found = sample(sequence=window, exogenous=beside, uniform=uniform)
    expected = rollout(step, first, state, 5, beside, head=HEAD, paths=3, seed=1)
    np.testing.assert_allclose(found["values"], expected, atol=1e-4)


@once
def test_a_window_is_read_anew_at_each_step(tmp_path):
    model = many_to_one(features=1, outputs=1, units=4)
    saved_model.write(model, tmp_path / "model", decoding=Decoding(window=5))
    window = np.random.default_rng(0).normal(size=(2, 5, 1)).astype("float32")
    found = saved_model.signature(tmp_path / "model", "rollout")(sequence=window, steps=7)
    before = np.concatenate([window[:, :1], window[:, :-1]], axis=1)
    expected = rollout(window_step(model), window[:, -1], before, 7)
    np.testing.assert_allclose(found["values"], expected, atol=1e-5)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A shipped model as `zoo.load` has it, and its SavedModel."""

    def make(name):
        predictor, path = zoo.load(name), tmp_path_factory.mktemp(name) / "model"
        decoding = decoding_of(predictor.recipe.task, predictor.spec)
        saved_model.write(predictor.model, path, decoding=decoding)
        return predictor, path

    return make


@once
@pytest.mark.slow
def test_g2p_pronounces_as_zoo_load_does(shipped):
    predictor, path = shipped("g2p")
    words, spec = ["hello", "recurrent", "a"], predictor.spec
    source = vocabulary.encode(Tokenizer.from_str(spec["source"]), words, end=True)
    search = saved_model.signature(path, "beam_search")
    found = search(source=vocabulary.pad(source), steps=spec["steps"])
    target = Tokenizer.from_str(spec["target"])
    answers = [vocabulary.decode(target, rows[0]) for rows in found["tokens"]]
    assert answers == [a["output"] for a in predictor(words)]


@once
@pytest.mark.slow
def test_char_lm_continues_as_zoo_load_does(shipped):
    predictor, path = shipped("char_lm")
    prefixes, tokenizer = (
        ["In the beginning", "a"],
        Tokenizer.from_str(predictor.spec["vocabulary"]),
    )
    tokens = vocabulary.pad(vocabulary.encode(tokenizer, prefixes))
    found = saved_model.signature(path, "generate")(tokens=tokens, steps=20)["tokens"]
    answers = ["".join(tokenizer.id_to_token(int(token)) for token in row) for row in found]
    expected = predictor(prefixes, steps=20, temperature=0)
    assert answers == [a["continuation"] for a in expected]


@once
@pytest.mark.slow
def test_sine_goes_on_as_zoo_load_does(shipped):
    predictor, path = shipped("sine")
    window = np.sin(np.arange(20) / 10).astype("float32")
    roll = saved_model.signature(path, "rollout")
    found = roll(sequence=window[None, :, None], steps=294)["values"][0, :, 0]
    np.testing.assert_allclose(found, predictor(window)["output"], atol=1e-4)


def test_what_does_not_fit_is_said_in_one_line(written):
    _, path = written
    run = saved_model.opened(path)
    with pytest.raises(InputError, match=r"1 inputs for .*, expected 2: give source"):
        run([SOURCE])
    with pytest.raises(InputError, match=r"'source' of .* has shape \(3,\), expected \(any, any"):
        run([SOURCE[:, 0], SOURCE])
    with pytest.raises(InputError, match=r"'target_in' of .* is float32, expected int32"):
        run([SOURCE, SOURCE.astype("float32")])
    with pytest.raises(InputError, match="'rollout' is not one of beam_search, decode, encode"):
        saved_model.signature(path, "rollout")
    with pytest.raises(InputError, match="inputs source given to 'decode', expected"):
        saved_model.signature(path, "decode")(source=SOURCE)


def test_a_damaged_folder_is_said_in_one_line(written, tmp_path):
    with pytest.raises(InputError, match=r"cannot be read as a SavedModel: .*: export it again"):
        saved_model.opened(tmp_path / "nothing")
    _, path = written
    for name in ("saved_model.pb", "variables/variables.data-00000-of-00001"):
        whole = (path / name).read_bytes()
        (path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match="cannot be read as a SavedModel") as caught:
            saved_model.opened(path)
        assert "\n" not in str(caught.value)
        (path / name).write_bytes(whole)


def test_without_tensorflow_the_line_says_so(monkeypatch, tmp_path):
    model = pairs()
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(InputError, match="tensorflow is not installed; install it with: pip"):
        saved_model.opened(tmp_path)
    monkeypatch.setattr(child.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="tensorflow is not installed"):
        child.write_by("tensorflow", "export", "zoo.formats.saved_model", model, tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_what_a_child_says_is_one_line(monkeypatch, tmp_path):
    class Failed:
        returncode, stderr = 1, "Traceback ...\nValueError: no space"

    monkeypatch.setattr(child.subprocess, "run", lambda *_, **__: Failed)
    with pytest.raises(InputError, match="process on tensorflow, which ended with status 1 and sa"):
        child.write_by("tensorflow", "export", "zoo.formats.saved_model", pairs(), tmp_path / "m")


def test_a_model_that_generates_nothing_is_refused():
    model = many_to_one(vocabulary=9, classes=2, units=4, direction="bidirectional")
    with pytest.raises(InputError, match="looks at later steps"):
        programs(model, Decoding())
    with pytest.raises(InputError, match="beam_width is 12, the vocabulary has 11 tokens"):
        programs(pairs(), Decoding(beam_width=12))
    with pytest.raises(InputError, match="reads 1 values and outputs 2"):
        programs(many_to_one(features=1, outputs=2, units=4), Decoding(window=5))


def test_the_parts_have_names_for_a_decoder():
    (encoder, decoder), model = names.parts(pairs(cell="gru")), pairs(cell="gru")
    assert encoder[2][1] == ["mask", "memory", "state_out0"]
    assert decoder[2][0] == ["mask", "memory", "state_in0", "tokens"]
    assert names.encoder_and_decoder(model)[0].name == "encoder"


def test_no_keras_is_pulled_in_to_read_a_file():
    code = f"""
import sys, types, zoo
package = types.ModuleType("zoo.formats")
package.__path__ = [{saved_model.__file__.rpartition("/")[0]!r}]
sys.modules["zoo.formats"] = package
from zoo.formats import child, decoding, keras_file, saved_model
print({{"keras", "tensorflow", "torch", "jax"}} & set(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
