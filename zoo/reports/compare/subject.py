"""What is compared, as a Keras model that can be made again, with its batches, loss, optimizer.

It is made of a folder that `prepare.py` fills, so that every backend starts from the same:

    subject.json   what a process needs to make the model
    weights.npz    trained weights where there are some; start.npz: those of an untrained model
    batches.npz    real training batches, all of the commonest shape: batchKxI, batchKyI, batchKw;
                   the first one whole, of the others what a loss curve takes
"""

import contextlib
import json
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import keras
import numpy as np

from zoo import files, registry, store
from zoo.backends.unset import unset_weights
from zoo.engine.accelerate import accelerate
from zoo.layers import CELLS
from zoo.layers.loop import stock_loops
from zoo.reports.compare.cases import Target
from zoo.trainer import optimizer_for

NOISE = ("rate", "dropout", "recurrent_dropout", "stddev", "weight_drop")
CURVE_ROWS = 16  # of a batch that a loss curve takes: 200 steps in float64 are to end soon


class Subject:
    """A target that was prepared in `folder`; `model` makes it anew at each call."""

    def __init__(self, folder):
        self.folder = Path(folder)
        saved = files.read_json(self.folder / "subject.json")
        self.target = Target.from_json(saved["target"])
        self.info, self.spec, self.neutral = saved["info"], saved["spec"], saved["neutral"]
        self.recipe = recipe_of(self.target)[0] if self.target.kind == "recipe" else None

    def model(self, weights="weights", contender="zoo", quiet=False):
        """A new model with the weights of `weights`.npz.

        contender: `zoo`, or `keras` for the stock layers; quiet: without dropout and noise, so that
        training has nothing to draw.
        """
        with unset_weights():
            model = self._made(contender)
        arrays = files.read_arrays(self.folder / f"{weights}.npz")
        model.set_weights([arrays[name] for name in sorted(arrays)])
        return without_noise(model) if quiet else model

    def _made(self, contender):
        if self.target.kind == "recipe":
            return self.recipe.build(**self.recipe.task.sizes(self.spec))
        if self.target.kind == "cell":
            return cell_model(self.target)
        model = in_this_precision(keras.models.load_model(self.target.path, compile=False))
        return accelerate(model) if contender == "zoo" else model

    def around(self, contender):
        """The context to call and trace a model of `contender` in."""
        own = self.target.kind != "file" and contender == "keras"
        return stock_loops() if own else contextlib.nullcontext()

    def compile(self, model, jit="auto"):
        """Compile with the loss and the optimizer of the recipe; where there is none, with ours."""
        if self.recipe is None or self.neutral:
            loss = ["mse"] * len(model.outputs)
            model.compile(
                keras.optimizers.Adam(1e-3, global_clipnorm=1.0),
                loss=loss if len(loss) > 1 else loss[0],
                jit_compile=jit,
            )
        else:
            fit = replace(self.recipe.fit, schedule="constant")
            model.compile(optimizer_for(fit), loss=self.recipe.task.loss(model), jit_compile=jit)
        return model

    def batches(self, rows=None):
        """Batches (x, y, weights) as `train_on_batch` takes them; read as they are asked for.

        rows: of each batch, the first so many.
        """
        with np.load(self.folder / "batches.npz") as kept:
            for k in range(int(kept["count"])):
                inputs = [kept[f"batch{k}x{i}"][:rows] for i in range(int(kept["inputs"]))]
                targets = [kept[f"batch{k}y{i}"][:rows] for i in range(int(kept["targets"]))]
                weights = kept[f"batch{k}w"][:rows] if f"batch{k}w" in kept else None
                yield _one(inputs), _one(targets), weights

    @cached_property
    def reference(self) -> dict:
        """The arrays of reference.npz; none where there is no reference."""
        path = self.folder / "reference.npz"
        return files.read_arrays(path) if path.exists() else {}

    def first_batch(self):
        """The batch that is timed and whose numbers are compared."""
        return next(iter(self.batches()))


def _one(arrays):
    return arrays[0] if len(arrays) == 1 else arrays


def cell_model(target):
    """One recurrent layer of the target's cell and shape, an output at every step."""
    shape = target.shape
    x = keras.Input((None, shape.F), name="sequence")
    layer = CELLS[target.cell][0](shape.U, return_sequences=True, name="recurrent")
    return keras.Model(x, layer(x), name=target.cell)


def in_this_precision(model):
    """A loaded model in the precision of this process: a saved one brings its own."""
    policy = keras.config.dtype_policy().name
    if policy == "float32":
        return model
    config = json.loads(json.dumps(model.get_config()))
    new = model.__class__.from_config(_with_policy(config, policy))
    new.set_weights(model.get_weights())
    return new


def _with_policy(config, policy):
    if isinstance(config, list):
        return [_with_policy(part, policy) for part in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return {**config, "config": {"name": policy}}
    return {key: _with_policy(part, policy) for key, part in config.items()}


def without_noise(model):
    """The model with every rate of dropout and noise at zero."""
    for layer in model._flatten_layers():
        for name in NOISE:
            rate = getattr(layer, name, 0)
            if isinstance(rate, (int, float)) and not isinstance(rate, bool) and rate:
                with contextlib.suppress(AttributeError):  # a layer's view of its cell's rate
                    setattr(layer, name, 0.0)
    return model


def recipe_of(target):
    """(recipe, spec, folder of its trained weights); spec and folder are None where it has none."""
    recipe = registry.recipe(target.name)
    folder = store.folder(target.name)
    if target.cell is not None and target.cell != recipe.cell:
        return recipe.override(cell=target.cell), None, None
    if folder is None:
        return recipe, None, None
    return *store.read_spec(folder), folder
