"""The training loop: epochs, batches, carried state, checkpoints.

One epoch is a function of the checkpoint before it and of (seed, epoch), so a run that was killed
at any moment and resumed makes the same numbers as one that was not.
"""

import json
import math
import time
from dataclasses import replace

import keras
import numpy as np
from tqdm import tqdm

from zoo import backends, files
from zoo.errors import InputError, TrainingError
from zoo.metrics import HIGHER_IS_BETTER
from zoo.models.remember import Remembering
from zoo.tasks.batching import Parts

QUICK_BATCHES = 8  # --quick: one epoch of a few batches, to see that everything runs


def _score(row):
    """What the best epoch is chosen by, less is better: the metric if it was computed (a goal asks
    for it), else the validation loss, else (where nothing could be validated) the training loss."""
    if "validation_metric" in row:
        return row["validation_metric"]
    return row["loss"] if row["validation_loss"] is None else row["validation_loss"]


def _epoch_seed(seed, epoch):
    return int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0])


def optimizer_for(fit, steps=1):
    """The optimizer that a recipe's `Fit` asks for; steps: of the whole training."""
    rate = fit.learning_rate
    if fit.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, max(steps, 1))
    return adding_up(
        (keras.optimizers.AdamW if fit.weight_decay else keras.optimizers.Adam)(
            rate,
            global_clipnorm=fit.clip,
            **({"weight_decay": fit.weight_decay} if fit.weight_decay else {}),
        )
    )


def adding_up(optimizer):
    """The optimizer, which is given the gradients of a token that occurs twice as one.

    On TensorFlow the gradient of an embedding has a row for each token of the batch, and Keras
    squares the rows, for Adam and for clipping, before those of one token are added up: a token
    that occurs twice then moves 1.4 times as far as on JAX and torch.
    """
    apply = optimizer.apply

    def added_up(gradients, trainable_variables=None):
        return apply([backends.dense(g) for g in gradients], trainable_variables)

    optimizer.apply = added_up
    return optimizer


class Trainer:
    """The loop over epochs and batches, and all the state that a resumed run needs."""

    def __init__(self, recipe, model, spec, data, seed, quick, bar):
        self.recipe, self.model, self.spec, self.data = recipe, model, spec, data
        self.seed, self.quick, self.bar = seed, quick, bar
        self.memory, self.trained = None, model
        size = recipe.fit.epoch_batches
        self.parts = Parts(lambda k: self._pass("train", k), size) if size else None
        carried, cosine = getattr(recipe.task, "carried", False), recipe.fit.schedule == "cosine"
        first = self._batches("train", 0) if carried or cosine else ()
        if carried:
            rows = len(next(iter(first))[0])  # B, the same in every batch
            self.memory = Remembering(model, rows)
            self.trained = self.memory.trained
        self.best = None
        self.history = {
            "name": recipe.name,
            "seed": seed,
            "epochs": [],
            "batches": [],
            "snapshots": [],
        }
        self._compile(steps=recipe.fit.epochs * len(first))

    def _compile(self, steps):
        optimizer = optimizer_for(self.recipe.fit, steps)
        self.trained.compile(optimizer, loss=self.recipe.task.loss(self.model))
        optimizer.build(self.trained.trainable_variables)

    def _batches(self, split, epoch):
        parted = self.parts and split == "train"
        batches = self.parts(epoch) if parted else self._pass(split, epoch)
        return replace(batches, plan=batches.plan[:QUICK_BATCHES]) if self.quick else batches

    def _pass(self, split, epoch):
        return self.recipe.task.batches(
            self.data[split],
            self.spec,
            self.recipe.fit,
            seed=self.seed,
            epoch=epoch,
            shuffle=split == "train",
        )

    def run(self, out):
        fit = self.recipe.fit
        for epoch in range(len(self.history["epochs"]), fit.epochs):
            if self._stops_early():
                break
            self._epoch(epoch)
            if out:
                self.save(out / "checkpoint.npz")
        if fit.keep != "last" and self.best is not None:
            self.model.set_weights(self.best)

    def _stops_early(self):
        rows, patience = self.history["epochs"], self.recipe.fit.patience
        if rows and self._reached(rows[-1]):
            return True
        if patience is None or len(rows) <= patience:
            return False
        losses = [_score(row) for row in rows]
        return min(losses[-patience:]) >= min(losses[:-patience])

    def _reached(self, row):
        """Whether an epoch ended at the recipe's goal or beyond."""
        goal = self.recipe.fit.goal
        return goal is not None and row["validation_metric"] <= self._signed(goal)

    def _signed(self, value):
        """A value of the recipe's metric, signed so that less is better."""
        return -value if HIGHER_IS_BETTER[self.recipe.metric] else value

    def _epoch(self, epoch):
        start = time.perf_counter()
        # torch draws dropout from one generator for all layers, which no checkpoint holds.
        keras.utils.set_random_seed(_epoch_seed(self.seed, epoch))
        losses = self._train(epoch)
        validation = self._validate()
        row = {"epoch": epoch + 1, "loss": float(np.mean(losses)), "validation_loss": validation}
        if self.recipe.fit.keep == "metric" or self.recipe.fit.goal is not None:
            row["validation_metric"] = self._metric()
        earlier = [_score(r) for r in self.history["epochs"]]
        if self.recipe.fit.keep != "last" and _score(row) < min(earlier, default=math.inf):
            self.best = self.model.get_weights()
        row["seconds"] = round(time.perf_counter() - start, 2)
        self.history["epochs"].append(row)
        self.history["batches"] += [round(loss, 6) for loss in losses]

    def _train(self, epoch):
        losses = []
        batches = self._batches("train", epoch)
        label = f"{self.recipe.name} {epoch + 1}/{self.recipe.fit.epochs}"
        progress = tqdm(
            batches, label, leave=False, delay=1, disable=None if self.bar else True, unit="batch"
        )
        self._forget()
        random, forget = np.random.default_rng((self.seed, epoch, 2)), self.recipe.fit.forget
        for k, (x, y, weights) in enumerate(progress, 1):
            self.trained.reset_metrics()
            if self.memory and forget:
                gone = random.random(self.memory.layer.rows) < forget
                if gone.any():  # the state is fetched from the device and put back
                    self.memory.forget(gone)
            if epoch == 0 and k in self.recipe.fit.snapshots:
                self._snapshot(k, x, y)
            loss = float(self.trained.train_on_batch(x, y, sample_weight=weights))
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss became {loss} at epoch {epoch + 1}, batch {k}: the last whole "
                    "epoch is kept; lower the learning rate or clip the gradient, then --resume"
                )
            losses.append(loss)
            progress.set_postfix(loss=f"{loss:.4f}", refresh=False)
        return losses

    def _forget(self):
        """A carried state starts each pass over the data from zeros."""
        if self.memory:
            self.memory.forget()

    def _snapshot(self, k, x, y):
        """The prediction with today's weights, before the batch is learned from."""
        state = self.memory.kept()
        output = np.asarray(self.trained.predict_on_batch(x))
        self.memory.restore(state)
        steps = y.shape[1]
        time_axis = (np.arange(steps) + (k - 1) * steps) * np.pi / steps
        values = {"target": y[0, :, 0], "prediction": output[0, :, 0], "time": time_axis}
        row = {name: [float(v) for v in value] for name, value in values.items()}
        self.history["snapshots"].append({"segment": k, **row})

    def _validate(self):
        """The mean loss over the validation split, weighted as the batches are; None if empty."""
        total = count = 0.0
        self._forget()
        for x, y, weights in self._batches("validation", 0):
            self.trained.reset_metrics()
            loss = self.trained.test_on_batch(x, y, sample_weight=weights)
            total, count = total + float(loss) * weights.sum(), count + weights.sum()
        return float(total / count) if count else None

    def _metric(self):
        """The recipe's own metric on the validation split, signed so that less is better."""
        recipe = self.recipe
        scores = recipe.task.evaluate(self.model, self.data["validation"], self.spec)
        return self._signed(float(scores[recipe.metric]))

    def _variables(self):
        """Everything that changes in training: weights, dropout seeds, optimizer."""
        return [*self.trained.variables, *self.trained.optimizer.variables]

    def save(self, path):
        """Write a checkpoint atomically: the one before stays until this one is whole."""
        arrays = {
            f"variable{k}": keras.ops.convert_to_numpy(v) for k, v in enumerate(self._variables())
        }
        arrays |= {f"best{k}": w for k, w in enumerate(self.best or [])}
        arrays["history"] = np.frombuffer(json.dumps(self.history).encode(), "uint8")
        files.write_arrays(path, arrays)

    def restore(self, path):
        """Go back to a checkpoint; `InputError` when it belongs to another model."""
        arrays = files.read_arrays(path)
        variables = self._variables()
        history = json.loads(arrays["history"].tobytes()) if "history" in arrays else {}
        if history and (history["name"], history["seed"]) != (self.recipe.name, self.seed):
            raise InputError(
                f"{str(path)!r} is of {history['name']} with seed {history['seed']}, found "
                f"{self.recipe.name} with seed {self.seed}: resume with the same ones"
            )
        for k, variable in enumerate(variables):
            value = arrays.get(f"variable{k}")
            if value is None or value.shape != tuple(variable.shape):
                raise InputError(
                    f"{str(path)!r} belongs to another model or recipe than "
                    f"{self.recipe.name!r}: name the folder of this one"
                )
        for k, variable in enumerate(variables):
            variable.assign(arrays[f"variable{k}"])
        best = [arrays[f"best{k}"] for k in range(len(arrays)) if f"best{k}" in arrays]
        self.best = best or None
        self.history = history
