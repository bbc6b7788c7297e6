"""torch's `.pt2`: one file for any batch and time, recurrent layers as torch's own operators."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers
from onnx_checks import filled

from zoo import formats
from zoo.errors import InputError
from zoo.formats import names, torch_program, verifying
from zoo.layers import PeepholeLSTM
from zoo.models.many_to_many_aligned import many_to_many_aligned
from zoo.models.many_to_many_delayed import many_to_many_delayed
from zoo.models.many_to_one import many_to_one
from zoo.models.one_to_many import one_to_many

U, F = 5, 3
# Real steps first, holes, padding in front, none at all.
MASKED = np.array([[3, 4, 5, 6, 7], [1, 0, 3, 0, 5], [0, 0, 2, 0, 0], [0, 0, 0, 0, 0]], "int32")


def cases(**made):
    """The cases; one of them where a child process has to write each file."""
    found = list(made) if keras.backend.backend() == "torch" else list(made)[:1]
    return pytest.mark.parametrize("make", [pytest.param(made[name], id=name) for name in found])


class Decay(layers.Layer):
    """A cell of the user's own."""

    state_size = output_size = U

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], U))

    def call(self, x, states):
        h = 0.5 * states[0] + keras.ops.tanh(keras.ops.matmul(x, self.kernel))
        return h, [h]

    def get_initial_state(self, batch_size=None):
        return [keras.ops.zeros((batch_size, U))]


def around(layer, masked=True):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(9, F, mask_zero=masked)(tokens)
    return keras.Model(tokens, layer(x))


def written(model, path, **options):
    torch_program.write(model, path, **options)
    return torch_program.opened(path)


MODELS = {
    "pairs": lambda: many_to_many_delayed(
        source_vocabulary=9, target_vocabulary=8, units=U, embedding=4, layers_=2
    ),
    "label": lambda: many_to_one(
        vocabulary=9, classes=3, units=U, embedding=4, direction="bidirectional", readout="max"
    ),
    "lengths": lambda: many_to_one(features=F, classes=3, cell="gru", units=U, lengths=True),
    "filter": lambda: many_to_many_aligned(features=F, outputs=2, cell="peephole", units=U),
    "words": lambda: many_to_many_aligned(
        vocabulary=9, classes=4, units=U, embedding=4, character_vocabulary=7, word_length=6
    ),
    "video": lambda: many_to_one(frames=(8, 8, 1), classes=2, cell="coupled", units=U),
    "caption": lambda: one_to_many(
        image=(8, 8, 1), vocabulary=9, embedding=4, units=U, filters=(4, 4)
    ),
}


@cases(**MODELS)
def test_one_file_serves_every_batch_and_time(make, tmp_path):
    model = filled(make())
    row = formats.export(model, "torch", tmp_path / "mine")
    assert row["ok"] and row["max_difference"] < 1e-5 and row["reason"] is None
    assert (tmp_path / "mine" / "model.pt2").is_file()


STOCK = {"return_sequences": True, "return_state": True}


@cases(
    lstm=lambda: layers.Bidirectional(layers.LSTM(U, **STOCK)),
    gru=lambda: layers.GRU(U, go_backwards=True, **STOCK),
    gru_before=lambda: layers.GRU(U, reset_after=False, **STOCK),
    relu=lambda: layers.SimpleRNN(U, activation="relu", return_state=True),
    softsign=lambda: layers.LSTM(U, activation="softsign", go_backwards=True, return_state=True),
    stacked=lambda: layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], **STOCK),
    own=lambda: layers.RNN(Decay(), **STOCK),
    zeros=lambda: layers.RNN([Decay(), layers.GRUCell(2)], zero_output_for_mask=True, **STOCK),
    peephole=lambda: PeepholeLSTM(U, go_backwards=True, **STOCK),
)
def test_every_cell_under_any_mask(make, tmp_path):
    model = filled(around(make()), size=0.5)  # a relu without bounds grows by what is above 1
    run = written(model, tmp_path / "model.pt2")
    assert verifying.verify(model, run) < 1e-5
    expected = keras.tree.flatten(model.predict_on_batch(MASKED))
    for found, own in zip(run([MASKED]), expected, strict=True):
        np.testing.assert_allclose(found, own, atol=1e-5)


@cases(
    convolution=lambda: keras.Sequential(
        [
            keras.Input((None, F)),
            layers.Conv1D(4, 3, padding="causal"),
            layers.BatchNormalization(),
            layers.LSTM(U, return_sequences=True),
            layers.GlobalMaxPooling1D(),
        ]
    ),
    frames=lambda: keras.Sequential(
        [keras.Input((None, 4, F)), layers.TimeDistributed(layers.LSTM(2)), layers.GRU(U)]
    ),
    pictures=lambda: keras.Sequential([keras.Input((None, 6, 2)), layers.ConvLSTM1D(2, 3)]),
)
def test_what_stands_around_a_recurrent_layer(make, tmp_path):
    model = filled(make())
    assert verifying.verify(model, written(model, tmp_path / "model.pt2")) < 1e-5


@cases(
    pairs=lambda: many_to_many_delayed(
        source_vocabulary=9, target_vocabulary=8, units=U, embedding=4
    ),
    language=lambda: many_to_many_aligned(vocabulary=9, classes=9, embedding="one_hot", units=U),
    peephole=lambda: many_to_many_aligned(features=F, outputs=F, cell="peephole", units=U),
)
def test_the_parts_of_a_model_that_generates(make, tmp_path):
    for name, part, own in names.parts(filled(make())):
        run = written(part, tmp_path / f"{name}.pt2", names=own)
        assert verifying.verify(part, run) < 1e-5


@cases(one=lambda: many_to_one(features=F, classes=2, units=U, direction="bidirectional"))
def test_a_layer_is_one_operator_with_the_size_of_time_open(make, tmp_path):
    import torch

    torch_program.write(make(), tmp_path / "model.pt2")
    extra = {torch_program.NAMES: ""}
    program = torch.export.load(str(tmp_path / "model.pt2"), extra_files=extra)
    kinds = [str(node.target) for node in program.graph.nodes]
    assert kinds.count("aten.lstm.input") == 2 and not any("scan" in kind for kind in kinds)
    assert extra[torch_program.NAMES] == '{"inputs": ["sequence"], "outputs": ["logits"]}'
    assert len(program.range_constraints) == 2


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "model.pt2"
    torch_program.write(MODELS["pairs"](), path)
    return path


def test_what_does_not_fit_is_said_in_one_line(file, tmp_path):
    tokens = np.ones((2, 3), "int32")
    run = torch_program.opened(file)
    assert run([tokens, tokens[:, :1]])[0].shape == (2, 1, 8)
    with pytest.raises(InputError, match=r"1 inputs for .*, expected 2: give source"):
        run([tokens])
    with pytest.raises(InputError, match=r"'source' of .* has shape \(3,\), expected \(any, any"):
        run([tokens[0], tokens])
    with pytest.raises(InputError, match=r"'target_in' of .* is float32, expected int32"):
        run([tokens, tokens.astype("float32")])
    (tmp_path / "cut.pt2").write_bytes(file.read_bytes()[:900])
    for name in ("cut.pt2", "nothing.pt2"):
        with pytest.raises(InputError, match=r"cannot be read as a \.pt2 file") as caught:
            torch_program.opened(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_without_torch_the_line_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match="torch is not installed; install it with: pip"):
        torch_program.opened(tmp_path / "model.pt2")


def test_a_file_is_run_without_keras(file):
    code = f"""
import sys
from zoo.formats import torch_program
import numpy as np
tokens = np.ones((2, 3), "int32")
print(torch_program.opened({str(file)!r})([tokens, tokens])[0].shape)
print({{"keras", "tensorflow", "jax"}} & set(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["(2, 3, 8)", "set()"]


def test_what_torch_cannot_write_is_refused_in_one_line(tmp_path):
    stateful = keras.Sequential(
        [keras.Input((4, F), batch_size=2), layers.LSTM(U, stateful=True, name="memory")]
    )
    with pytest.raises(InputError, match="layer 'memory' is stateful, and a file remembers"):
        torch_program.write(stateful, tmp_path / "model.pt2")
    assert not list(tmp_path.iterdir())


class Halves(layers.Layer):
    """The first half of the steps: their number has to be known."""

    def call(self, x):
        return x[:, : int(x.shape[1]) // 2]

    def compute_output_spec(self, x):
        return keras.KerasTensor((None, None, F))


def test_why_a_model_cannot_be_written_is_said_in_one_line(tmp_path):
    inputs = keras.Input((None, F))
    model = keras.Model(inputs, Halves()(layers.GRU(F, return_sequences=True)(inputs)))
    here = keras.backend.backend() == "torch"
    reason = "'Halves' is not known to the process"  # of the child
    if here:
        reason = "with its batch and time open: .* specialized"
    with pytest.raises(InputError, match=reason) as caught:
        torch_program.write(model, tmp_path / "model.pt2")
    assert "\n" not in str(caught.value)
