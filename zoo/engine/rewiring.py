"""A model again, with some of its layers replaced and all others shared.

A `Rewiring` maps layers of a source model to layers of its copy, each once, however often a layer
is used:

    a layer that is to be replaced      what `replace` makes of it
    a layer or model that holds one     a copy that holds the same things, those inside mapped
    anything else                       the layer itself, shared by both models

A graph is run again; any other object gets what the source holds, attribute by attribute, past its
constructor. A class that cannot be copied so stays whole, and `reasons` says why.
"""

from functools import cache

import keras

from zoo.models.carry import held

# What Keras's constructors set and a class may change later. Keras has no public way to copy them.
SETTINGS = (
    "_allow_non_tensor_positional_args",
    "_auto_config",
    "_build_shapes_dict",
    "_call_context_args",
    "_call_has_context_arg",
    "_called",
    "_convert_input_args",
    "_dtype_policy",
    "_input_spec",
    "_path",
    "_supports_masking",
    "activity_regularizer",
    "autocast",
    "built",
    "supports_jit",
)
# What Keras in use, and this package, leave on a layer: it belongs to that one object.
LEFT_BEHIND = {
    "_eval_epoch_iterator",
    "_functional",
    "_jax_state",
    "_torch_params",
    "_zoo_kept",
    "acceleration",
    "history",
    "stop_evaluating",
    "stop_predicting",
}


class Rewiring:
    """The map from a source's layers to its copy's. `wanted(layer)`: whether to replace it."""

    def __init__(self, wanted, replace):
        self.wanted, self.replace = wanted, replace
        self.made, self.reasons = {}, {}

    def __call__(self, layer):
        """What stands in the copy for `layer`: often `layer` itself."""
        if id(layer) not in self.made:
            self.made[id(layer)] = self._make(layer)
        return self.made[id(layer)]

    def places(self, holder, path="", stays=None, seen=None):
        """(names from the outside in, layer, why it has to stay or None) for all in `holder`."""
        seen = set() if seen is None else seen
        stays = stays or self.reasons.get(id(holder))
        for layer in children(holder):
            if (id(layer), stays) not in seen:  # what is shared may be kept in one place only
                seen.add((id(layer), stays))
                yield f"{path}{layer.name}", layer, stays
                yield from self.places(layer, f"{path}{layer.name}/", stays, seen)

    def _make(self, layer):
        if self.wanted(layer):
            return self.replace(layer)
        if not any(self.wanted(inner) for inner in inside(layer)):
            return layer
        try:
            return self._copy(layer)
        except Exception as error:  # anything may happen in a class that others wrote
            kind, line = type(layer).__name__, str(error).strip().split("\n")[0]
            self.reasons[id(layer)] = f"{layer.name!r} ({kind}) cannot be copied: {line}"
            return layer

    def _copy(self, layer):
        new = type(layer).__new__(type(layer))
        new._auto_config = layer._auto_config
        self._initialise(layer, new)
        self._hand_over(layer, new)
        if [id(v) for v in new.variables] != [id(v) for v in layer.variables]:
            raise ValueError("it holds variables in a place other than its attributes")
        if getattr(layer, "compiled", False):
            _compile_alike(layer, new)
        return new

    def _initialise(self, layer, new):
        """Run Keras's own constructor, and no other: that of a subclass would make new layers."""
        common = {"name": layer.name, "trainable": layer.trainable}
        if isinstance(layer, keras.Function):
            view = keras.Model(layer.input, layer.output)  # the same graph, not compiled
            inputs = keras.tree.map_structure(self._input, layer.input)
            graph = keras.models.clone_model(view, inputs, clone_function=self)
            type(view).__init__(new, graph.input, graph.output, **common)
        elif isinstance(layer, keras.Sequential):
            stack = [self._input(layer.inputs[0]), *map(self, layer.layers)]
            keras.Sequential.__init__(new, stack, **common)
        else:
            base = keras.Model if isinstance(layer, keras.Model) else keras.layers.Layer
            base.__init__(new, **common)

    def _input(self, tensor):
        source = tensor._keras_history.operation
        if id(source) not in self.made:
            self.made[id(source)] = keras.layers.InputLayer(**source.get_config())
        return self.made[id(source)].output

    def _hand_over(self, layer, new):
        """Give `new` what `layer` holds, in the order in which Keras came to track it."""
        place = {id(held): k for k, held in enumerate(layer._layers)}

        def order(name):
            found = [place.get(id(held), 0) for held in _layers_in(getattr(layer, name))]
            return min(found, default=-1)

        for name in sorted(own_attributes(layer), key=order):
            setattr(new, name, self._mapped(getattr(layer, name)))
        for name in SETTINGS:
            setattr(new, name, getattr(layer, name))

    def _mapped(self, value):
        """`value` with every layer in it mapped; lists, tuples and dictionaries are followed."""
        if isinstance(value, keras.layers.Layer):
            return self(value)
        if not _layers_in(value):
            return value
        if isinstance(value, dict):
            return {key: self._mapped(item) for key, item in value.items()}
        items = [self._mapped(item) for item in value]
        if hasattr(value, "_fields"):  # a named tuple
            return type(value)(*items)
        return tuple(items) if isinstance(value, tuple) else items


def inside(layer):
    """Every layer inside `layer`. The cells of a recurrent layer are its own affair."""
    for child in children(layer):
        yield child
        yield from inside(child)


def children(layer):
    """The layers directly inside `layer`."""
    return [] if isinstance(layer, keras.layers.RNN) else held(layer)


def own_attributes(layer):
    """The names of what a layer's own class, or its user, has put on it."""
    # Some backends keep layers beside the object's dictionary, so `dir` is asked as well.
    names = [*vars(layer), *(name for name in dir(layer) if not hasattr(type(layer), name))]
    known = _keras_attributes(isinstance(layer, keras.Model))
    return [name for name in dict.fromkeys(names) if name not in known]


@cache
def _keras_attributes(model):
    """The names that Keras itself puts on a compiled model, or on a layer that holds another."""
    if model:
        inputs = keras.Input((1,))
        bare = keras.Model(inputs, keras.layers.Flatten()(inputs))
        bare.compile("sgd", "mse", metrics=["mae"])
    else:
        bare = keras.layers.Layer()
        bare._zoo_kept = keras.layers.Layer()
    return LEFT_BEHIND | set(dir(bare))


def _layers_in(value):
    """The layers in an attribute's value."""
    if isinstance(value, keras.layers.Layer):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [layer for item in value for layer in _layers_in(item)]
    return []


def _compile_alike(model, new):
    """Compile `new` with the very objects that `model` has, its optimizer and metrics included."""
    arguments = model._compile_config.config | {"optimizer": model.optimizer}
    # Not the `compile` of a subclass: what that one keeps is among the attributes handed over. And
    # an optimizer that was to scale the loss does so already.
    keras.Model.compile(new, **arguments, auto_scale_loss=False)
