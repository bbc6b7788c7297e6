"""Fill the folder that every backend starts from; `subject.py` says what is in it."""

from collections import Counter
from pathlib import Path

import keras
import numpy as np

from zoo import files, golden, store
from zoo.errors import InputError
from zoo.formats.verifying import example_inputs
from zoo.reports.compare.cases import Info, Target
from zoo.reports.compare.subject import CURVE_ROWS, cell_model, in_this_precision, recipe_of

LARGEST = 48e6  # bytes of batches that are kept; a longer curve goes over them again
EXAMPLE = (32, 20)  # batch and time of a file's inputs where they are open


def prepare(place, more, target, folder, steps: int, seed: int) -> dict:
    """Make the target's files in `folder`; {"info": its entry for the document}.

    steps: how many batches are wanted. Raises `InputError` for what cannot be compared.
    """
    target, folder = Target.from_json(target), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    info = Info(model=target.name, kind=target.kind, weights="initial", cell=target.cell)
    recipe = spec = data = None
    if target.kind == "recipe":
        recipe, spec, trained = recipe_of(target)
        data, spec = _data(recipe, spec)
        model = recipe.build(**recipe.task.sizes(spec))
        if data and (begin := getattr(recipe.task, "begin", None)):
            begin(model, data, spec)
        info.architecture, info.cell = recipe.architecture, recipe.cell
    else:
        model = cell_model(target) if target.kind == "cell" else _loaded(target)
    _write_weights(folder / "start.npz", model)
    if target.kind == "recipe" and trained:
        store.set_weights(model, trained / "weights.npz")
        info.weights = "trained"
    if target.kind == "file":
        info.weights = "its own"
    _write_weights(folder / "weights.npz", model)
    if data:
        info.data, batches = "training data", _batches(recipe, spec, data, steps, seed)
    else:
        kept = golden.inputs(trained) if target.kind == "recipe" else []
        info.data = "golden inputs" if kept else "random numbers"
        batches = _made_up(target, model, kept, seed)
    _write_batches(folder / "batches.npz", batches)
    _describe(info, model, batches[0][0])
    files.write_json(
        folder / "subject.json",
        {
            "target": target.to_json(),
            "info": info.to_json(),
            "spec": spec,
            "neutral": data is None,
        },
    )
    return {"info": info.to_json()}


def _data(recipe, spec):
    """(splits, spec). Data that are not here are None where a trained model's spec is enough."""
    try:
        data = recipe.data()
    except InputError:
        if spec is None:
            raise
        return None, spec
    return data, spec or recipe.task.specify(data, recipe.fit)


def _loaded(target):
    try:
        model = keras.models.load_model(target.path, compile=False)
    except Exception as error:  # Keras has no one kind for what a file can be
        raise InputError(
            f"{target.path!r} cannot be loaded ({type(error).__name__}), expected a model that "
            "Keras saved: save it again, and register the classes that are its own"
        ) from error
    if not isinstance(model, keras.Model) or not model.inputs:
        raise InputError(f"{target.path!r} has no inputs, expected a built keras.Model: build it")
    return in_this_precision(model)


def _write_weights(path, model):
    weights = (np.asarray(w, "float32") for w in model.get_weights())
    files.write_arrays(path, {f"{k:04d}": w for k, w in enumerate(weights)})


def _batches(recipe, spec, data, steps, seed):
    """Up to `steps` real training batches, all of the shape that most of them have."""
    kept, shape, size = [], None, 0
    for epoch in range(steps):
        found = recipe.task.batches(
            data["train"], spec, recipe.fit, seed=seed, epoch=epoch, shuffle=True
        )
        found = [_flat(batch) for batch, _ in zip(found, range(2 * steps), strict=False)]
        shape = shape or Counter(map(_shape, found)).most_common(1)[0][0]
        for batch in found:
            if _shape(batch) == shape:
                size += sum(part[:CURVE_ROWS].nbytes for part in (*batch[0], *batch[1]))
                kept.append(batch)
            if len(kept) >= steps or size > LARGEST:
                return kept
    return kept


def _flat(batch):
    x, y, weights = batch
    return _arrays(x), _arrays(y), None if weights is None else np.asarray(weights)


def _arrays(parts):
    return [np.asarray(p) for p in (parts if isinstance(parts, (list, tuple)) else [parts])]


def _shape(batch):
    return tuple(part.shape for part in (*batch[0], *batch[1]))


def _made_up(target, model, inputs, seed):
    """One batch for a model whose data are not here: `inputs`, else random ones."""
    size = (target.shape.B, target.shape.T) if target.shape else EXAMPLE
    inputs = inputs or example_inputs(model, *size, seed=seed)
    outputs = model.predict_on_batch(keras.tree.pack_sequence_as(model.input, inputs))
    random = np.random.default_rng(seed)
    targets = [random.standard_normal(np.shape(y), "float32") for y in keras.tree.flatten(outputs)]
    return [(inputs, targets, None)]


def _write_batches(path, batches):
    arrays = {"count": len(batches), "inputs": len(batches[0][0]), "targets": len(batches[0][1])}
    for k, (x, y, weights) in enumerate(batches):
        rows = CURVE_ROWS if k else None
        arrays |= {f"batch{k}x{i}": part[:rows] for i, part in enumerate(x)}
        arrays |= {f"batch{k}y{i}": part[:rows] for i, part in enumerate(y)}
        arrays |= {} if weights is None else {f"batch{k}w": weights[:rows]}
    np.savez(path, **arrays)


def _describe(info, model, inputs):
    named = list(zip(model.inputs, inputs, strict=True))
    info.parameters = int(model.count_params())
    info.shapes = {tensor.name: list(x.shape) for tensor, x in named}
    info.sequences = len(inputs[0])
    info.steps = real_steps(named)


def real_steps(named) -> int | None:
    """How many real, unpadded steps of time the inputs have; None where they have no time axis.

    named: (Keras tensor, array) of each input. Token 0 is padding.
    """
    lengths = [x for tensor, x in named if tensor.name == "lengths"]
    if lengths:
        return int(lengths[0].sum())
    timed = [(t, x) for t, x in named if len(t.shape) > 1 and t.shape[1] is None]
    tokens = [x for _, x in timed if x.ndim == 2 and x.dtype.kind in "iu"]
    if tokens:
        return int(sum(np.count_nonzero(x) for x in tokens))
    return int(timed[0][1].shape[0] * timed[0][1].shape[1]) if timed else None
