"""An exported model as its task drives it: functions of NumPy arrays, no Keras."""

import numpy as np

from zoo.data.vocabulary import BEGIN
from zoo.engine import plain
from zoo.engine.runner import Runner
from zoo.errors import InputError
from zoo.reference.crf import viterbi


class Piece:
    """One exported graph: called with arrays in the order of its inputs, it returns a list.

    function: list of arrays -> list of arrays, as a format opens it: it raises `InputError` for
    arrays that do not fit; inputs, outputs: of each a dictionary with name,
    dtype and shape (None where open).
    """

    def __init__(self, function, inputs, outputs):
        self.function, self.inputs, self.outputs = function, inputs, outputs
        self.names = [tensor["name"] for tensor in inputs]
        self.given = [tensor["name"] for tensor in outputs]

    def __call__(self, arrays):
        return self.function(arrays)

    def state_shapes(self):
        """The sizes behind the batch of every `state_in`."""
        return [t["shape"][1:] for t in self.inputs if t["name"].startswith("state_in")]


def _function(reader, folder, piece):
    path = folder / piece["file"]
    if "signature" not in piece:
        return reader.opened(path)
    call = reader.signature(path, piece["signature"])
    reads, gives = ([t["name"] for t in piece[k]] for k in ("inputs", "outputs"))

    def run(arrays):
        found = call(**dict(zip(reads, arrays, strict=True)))
        return [found[name] for name in gives]

    return run


class Exported(Runner):
    """The pieces of an export: `model`, or `encoder` and `decoder`, or `step`.

    pieces: {name: Piece}; crf: {"transitions", "start", "end"} of a tagger that ends in one;
    grid: (height, width) of the places of an image that attention looks at.
    """

    free_shapes = True

    def __init__(self, pieces, crf=None, grid=None):
        self.pieces, self._grid = pieces, grid
        self.crf = None if crf is None else {k: np.array(v, "float32") for k, v in crf.items()}
        step, decoder = pieces.get("step"), pieces.get("decoder")
        # An output at every step, or one in all.
        self._every = step is not None and len(step.outputs[0]["shape"]) == 3
        if decoder:
            own = [name for name in decoder.given if name.startswith("state_out")]
            self._carried = {name: name.replace("_out", "_in") for name in own}

    @classmethod
    def opened(cls, reader, spec, folder):
        """The pieces of a folder by its spec.json, each opened by a format's module `reader`."""
        pieces = {
            name: Piece(_function(reader, folder, piece), piece["inputs"], piece["outputs"])
            for name, piece in spec["pieces"].items()
        }
        return cls(pieces, spec["crf"], spec["grid"])

    def predict_on_batch(self, inputs):
        """The outputs of the whole model for arrays, or one array, as the Keras model takes them.

        Raises `InputError` for arrays of another number or rank.
        """
        arrays = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        if "decoder" in self.pieces:
            return self._forced(*arrays)["logits"]
        if "step" in self.pieces:
            return self.carry(arrays[0], self.zero_state(len(arrays[0])))[0]
        found = self.pieces["model"](arrays)
        return found[0] if len(found) == 1 else found

    def encode(self, source):
        """The state that the decoder starts from, by name."""
        encoder = self.pieces["encoder"]
        found = dict(zip(encoder.given, encoder([source]), strict=True))
        return {name.replace("state_out", "state_in"): x for name, x in found.items()}

    def _decoded(self, tokens, state):
        decoder = self.pieces["decoder"]
        named = state | {"tokens": tokens}
        found = decoder.function([named[name] for name in decoder.names])
        return dict(zip(decoder.given, found, strict=True))

    def _forced(self, source, target_in):
        return self._decoded(np.asarray(target_in, "int32"), self.encode(source))

    def _decode(self, tokens, state):
        """The decoder's step: tokens (B,) -> logits (B, V)."""
        found = self._decoded(tokens[:, None], state)
        new = {name: found[given] for given, name in self._carried.items()}
        return found["logits"][:, 0], state | new

    def beam_search(self, start, state, **options):
        """`Beams` of the decoder: see `zoo.beam_search`."""
        return plain.beam_search(self._decode, start, state, **options)

    def zero_state(self, rows):
        """The carried state to begin with."""
        shapes = self.pieces["step"].state_shapes()
        return [np.zeros((rows, *shape), "float32") for shape in shapes]

    def carry(self, inputs, state):
        """[outputs, *state] behind a piece of any length."""
        return self.pieces["step"]([inputs, *state])

    def _step(self, inputs, state):
        output, *state = self.pieces["step"]([inputs[:, None], *state])
        return (output[:, 0] if self._every else output), state

    def generate(self, start, state, steps, **options):
        """Tokens (B, steps): see `zoo.generate`."""
        return plain.generate(self._step, start, state, steps, **options)

    def stream(self, start, state, steps, **options):
        """The columns of `generate`, one by one."""
        return plain.stream(self._step, start, state, steps, **options)

    def rollout(self, first, state, steps, exogenous=None, **options):
        """Values from a first one on: see `zoo.rollout`."""
        return plain.rollout(self._step, first, state, steps, exogenous, **options)

    def roll_window(self, first, window, steps):
        """Values from a first one (B, F) and the window (B, W, F) before it."""
        model = self.pieces["model"]

        def step(value, window):
            window = np.concatenate([window[:, 1:], value[:, None]], axis=1)
            return model([window])[0], window

        return plain.rollout(step, first, np.asarray(window, "float32"), steps)

    def best_tags(self, inputs):
        """The best tags (B, T), 0 at padding: the best path where there is a CRF."""
        tokens = inputs[0] if isinstance(inputs, (list, tuple)) else inputs
        logits, real = self.predict_on_batch(inputs), np.asarray(tokens) != 0
        if self.crf is not None:
            return viterbi(logits, real, **self.crf)
        return np.where(real, logits.argmax(-1), 0).astype("int32")

    def check_attends(self):
        """Raise `InputError` unless the model has attention to show."""
        if "weights" not in self.pieces["decoder"].given:
            raise InputError(
                "the exported model has no attention, expected one that has: ask for none"
            )

    def alignment(self, source, tokens, begin=BEGIN):
        """The attention weights (B, T, M) of what was written."""
        first = np.full((len(tokens), 1), begin)
        return self._forced(source, np.concatenate([first, tokens[:, :-1]], axis=1))["weights"]

    def grid(self):
        """Height and width of the places of an image, None for other sources."""
        return self._grid
