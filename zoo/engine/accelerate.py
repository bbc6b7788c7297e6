"""`accelerate`: anyone's Keras model with its recurrent layers replaced by the fast ones."""

from dataclasses import dataclass

import keras

from zoo.engine.rewiring import Rewiring
from zoo.errors import InputError
from zoo.layers.rnn import CELLS, LAYERS, RNN, around, cells_of

TANH, SIGMOID = keras.activations.tanh, keras.activations.sigmoid
ALREADY = "one of the zoo's already"


@dataclass(frozen=True)
class Replacement:
    """What became of one recurrent layer.

    layer: its name, after those of the models and wrappers around it; kind: its class; reason: why
    it was not replaced, or what keeps the zoo's off its fastest path.

    >>> print(Replacement("encoder/lstm", "LSTM", True))
    encoder/lstm (LSTM): replaced
    """

    layer: str
    kind: str
    replaced: bool
    reason: str = ""

    def __str__(self):
        outcome = "replaced" if self.replaced else "kept"
        return f"{self.layer} ({self.kind}): {outcome}" + (self.reason and f"; {self.reason}")


def accelerate(model) -> keras.Model:
    """The same model with every stock recurrent layer replaced by the zoo's, which is faster.

    model: any built `keras.Model`: functional, `Sequential` or subclassed, with models inside
    models, shared layers, `Bidirectional`, `TimeDistributed`, masks, initial states. Replaced are
    `SimpleRNN`, `LSTM`, `GRU`, and `RNN` over their cells, one or stacked. The source stays as it
    is and goes on working.

    Returns a model of the same class, with the same names and the same numbers:

    - **Weights are shared**, not copied: both models hold the same variables, and every layer that
      is not recurrent is the very same object. Train either, and both have learned; `trainable`
      set in one holds in the other. For a model of its own, save it and load it.
    - **Compiled as the source is**, with the very same optimizer, loss and metrics, so training
      goes on where it stood.
    - **A stateful layer's state is its own**, and starts where the source's stands.
    - **`acceleration`**, a tuple of `Replacement` on the returned model, says what became of each
      recurrent layer. A custom cell, a `ConvLSTM`, a subclass of a stock layer and what stands in
      an object that cannot be copied are kept, with the reason.

    It saves and loads as any Keras model does, without `acceleration`, and weights files are
    interchangeable with the source's. In a class of the user's own, what attributes hold is
    replaced; a function that keeps a layer to itself goes on calling the source's, and once loaded
    the class has made stock layers again.

    Where Keras's backends disagree, on the output at masked steps before a row's first real one,
    it is the initial state here, as on JAX; stock layers give zero on TensorFlow and torch.

    A model with the zoo's layers and nothing left to replace is returned itself. Raises
    `InputError` when `model` is no built Keras model, or has nothing to replace.

    >>> source = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(4, name="lstm")])
    >>> fast = accelerate(source)
    >>> type(fast.layers[0]).__module__, fast.weights[0] is source.weights[0]
    ('zoo.layers.recurrent', True)
    >>> print(*fast.acceleration, sep="\\n")
    lstm (LSTM): replaced
    """
    _check(model)
    rewiring = Rewiring(_replaceable, fast_layer)
    fast = rewiring(model)
    rows = tuple(_rows(model, rewiring))
    if not any(row.replaced for row in rows):
        return _nothing_replaced(model, rows)
    fast.acceleration = rows
    return fast


def check_model(model):
    """Raise `InputError` unless `model` is a `keras.Model`."""
    if not isinstance(model, keras.Model):
        kind = type(model).__name__
        raise InputError(f"model is a {kind}, expected a keras.Model: put a layer into one")


def _check(model):
    check_model(model)
    if not model.built:
        raise InputError(
            f"model {model.name!r} is not built, so it has no weights to share: "
            "call it on data once, or begin it with keras.Input"
        )


def _nothing_replaced(model, rows):
    """The model itself where it is fast already, else the one line that says why not."""
    if not rows:
        raise InputError(
            f"model {model.name!r} has no recurrent layer, expected a SimpleRNN, LSTM or GRU: "
            "use it as it is"
        )
    if not any(row.reason == ALREADY for row in rows):
        raise InputError(
            f"nothing in model {model.name!r} can be replaced: {'; '.join(map(str, rows))}: "
            "use it as it is, or build it with the layers of zoo.layers"
        )
    if not hasattr(model, "acceleration"):
        model.acceleration = rows
    return model


def _rows(model, rewiring):
    for path, layer, stays in rewiring.places(model):
        if isinstance(layer, keras.layers.RNN):
            kept = obstacle(layer) or stays
            yield Replacement(path, _kind(layer), not kept, kept or _note(layer))


def _kind(layer):
    cells = ", ".join(type(cell).__name__ for cell in cells_of(layer))
    return f"RNN({cells})" if type(layer).__name__ == "RNN" else type(layer).__name__


def _replaceable(layer):
    return isinstance(layer, keras.layers.RNN) and not obstacle(layer)


def obstacle(layer):
    """Why a recurrent layer cannot be replaced, or None."""
    if type(layer).__module__.startswith("zoo."):
        return ALREADY
    parts = cells_of(layer) if type(layer) is keras.layers.RNN else [layer]
    others = [type(part).__name__ for part in parts if type(part) not in (*LAYERS, *CELLS)]
    if others:
        return f"the zoo has no layer for {others[0]}"
    if layer.cell is not cells_of(layer)[0] and len(cells_of(layer)) == 1:
        return "a stack of one cell, which Keras itself cannot run everywhere"
    policies = {each.dtype_policy.name for each in (layer, layer.cell, *cells_of(layer))}
    if len(policies) > 1:
        return f"its cell computes in another precision: {', '.join(sorted(policies))}"
    if not layer.get_build_config():
        return "not built yet: call the model on data first"
    return None


def _note(layer):
    """What may keep the zoo's layer off its fastest loop; its `loop_path` says what ran."""
    cells, notes = cells_of(layer), []
    if layer.unroll:
        notes.append("unroll=True asks for the stock loop")
    if any(cell.dropout or cell.recurrent_dropout for cell in cells):
        notes.append("dropout inside the cell may take the stock loop in training")
    gates = {(c.activation, getattr(c, "recurrent_activation", SIGMOID)) for c in cells}
    if gates != {(TANH, SIGMOID)}:
        notes.append("activations other than tanh and sigmoid may take the general loop")
    return "; ".join(notes)


def fast_layer(layer, **other):
    """The zoo's layer for a stock one: same name, options and cell, and a state of its own.

    other: options that are to differ.
    """
    options = layer.get_config() | other
    if type(layer) in LAYERS:
        new = around(layer.cell, LAYERS[type(layer)], options)
        new.use_cudnn = getattr(layer, "use_cudnn", "auto")  # Keras does not save it
    else:
        new = RNN(layer.cell, **{k: v for k, v in options.items() if k != "cell"})
    new.build_from_config(layer.get_build_config())
    if new.stateful:
        for own, state in zip(*map(keras.tree.flatten, (new.states, layer.states)), strict=True):
            own.assign(state.value)
    return new
