"""The same numbers everywhere? The reference in float64, and what a backend differs from it.

    reference.npz   outputs, loss, the gradient of each weight, and the losses of the first steps

Outputs are those of the trained weights. Loss, gradients and curves are those of untrained ones:
where a model has learned all it can, a gradient is what is left of large terms that cancel, and its
relative error says nothing. Dropout and noise are off: no two backends draw the same.

The reference's gradients are those of the general loop over time, which the framework
differentiates by itself; compared with them are the fast loops, whose gradients are written out.

Where gradients jump, at a tie in a maximum or a unit on the edge of a ReLU, float32 cannot know on
which side it is. So a model has a `sensitivity`: by how much the reference's gradients move when
weights and inputs are rounded otherwise. Where that is large the bar is `SURE` times it, and the
rows say so.
"""

import keras
import numpy as np

from zoo import backends, files
from zoo.backends import bench
from zoo.backends.bench import process
from zoo.reports.compare.cases import BARS, row
from zoo.reports.compare.gaps import compared, compared_outputs, finite, parting
from zoo.reports.compare.subject import CURVE_ROWS, Subject

ROUNDING, SURE = 2.0**-21, 4.0
PAIR = ("gradient", "moved")  # of the reference, as it is and rounded otherwise


def reference(place, more, folder, measures, steps, quick):
    """Write reference.npz; {"reference": who computed it}."""
    this = Subject(folder)
    model = this.compile(this.model(quiet=True))
    x, y, weights = this.first_batch()
    arrays = {f"output{k}": v for k, v in enumerate(_outputs(model, x))}
    if "parity" in measures and not quick:
        model = this.compile(this.model("start", quiet=True))
        with backends.looping(backends.plain_recurrence):
            loss, gradients = _gradients(model, x, y, weights)
            x = _rounded_otherwise(model.trainable_variables, x)
            _, moved = _gradients(model, x, y, weights)
        arrays |= {"loss": loss} | {f"gradient{k:04d}": g for k, g in enumerate(gradients)}
        arrays |= {f"moved{k:04d}": g for k, g in enumerate(moved)}
    if "curve" in measures:
        arrays["losses"] = np.array(list(_curve(this, steps)))
    files.write_arrays(this.folder / "reference.npz", arrays)
    return {"reference": f"{backends.name()}, float64"}


def numbers(place, more, folder, measures, steps):
    """Memory, parity and curve of the zoo's layers here, as rows that leave one measure a time.

    Memory comes first: what follows would count in it.
    """
    this = Subject(folder)
    if "memory" in measures:
        more([_memory(place, this)])
    known = this.reference
    if "parity" in measures and known:
        batch = this.first_batch()
        for found in _outputs_everywhere(place, this, batch[0]):
            more([found])
        more(_gradient_rows(place, this, batch))
    if "curve" in measures:
        more([_curve_row(place, this, known, steps)])
    return {"rows": []}


def exported(place, more, folder):
    """Write model.onnx of the trained weights, for the process that has no Keras."""
    from zoo.formats import onnx, ready

    this = Subject(folder)
    model = this.model()
    onnx.write(ready.on_fast_layers(model) if this.target.kind == "file" else model,
               this.folder / "model.onnx")  # fmt: skip
    return {"path": str(this.folder / "model.onnx")}


def _outputs(model, x):
    return [np.asarray(v) for v in keras.tree.flatten(model.predict_on_batch(given(model, x)))]


def given(model, x):
    """Inputs in the structure that the model has."""
    return keras.tree.pack_sequence_as(model.input, x if isinstance(x, list) else [x])


def _gradients(model, x, y, weights):
    """(loss, [gradient of each trainable weight]) in training mode; the model must be compiled."""
    x = keras.tree.map_structure(keras.ops.convert_to_tensor, given(model, x))
    y, weights = (
        keras.tree.map_structure(keras.ops.convert_to_tensor, part) if part is not None else None
        for part in (y, weights)
    )

    def loss():
        return model.compute_loss(
            x=x, y=y, y_pred=model(x, training=True), sample_weight=weights, training=True
        )

    return backends.value_and_gradients(loss, model.trainable_variables)


def _rounded_otherwise(variables, x, seed=0):
    """Change weights, and return inputs changed, by about what float32 changes on the way through.

    Inputs by a share of their largest value: equal ones, a picture's background, are a tie.
    """
    random = np.random.default_rng(seed)
    for variable in variables:
        share = ROUNDING * random.uniform(-1, 1, variable.shape)
        variable.assign(keras.ops.convert_to_numpy(variable) * (1 + share))

    def change(part):
        if part.dtype.kind != "f":
            return part
        return part + ROUNDING * np.abs(part).max(initial=0) * random.uniform(-1, 1, part.shape)

    return keras.tree.map_structure(change, x)


def _curve(this, steps):
    """The loss of each of the first training steps, from the untrained weights."""
    model = this.compile(this.model("start", quiet=True))
    done = 0
    while done < steps:
        for x, y, weights in this.batches(CURVE_ROWS):
            if done == steps:
                return
            yield float(model.train_on_batch(given(model, x), y, sample_weight=weights))
            done += 1


def outputs_row(place, this, model, x, contender, mode):
    """The parity row of a compiled model's outputs for `x`."""
    with this.around(contender):
        found = _outputs(model, x)
    found = compared_outputs(found, this.reference, BARS[place.precision][0])
    same = dict(contender=contender, mode=mode, what="outputs")
    return row(this.info, place, "parity", found | {"path": road(model)}, **same)


def _outputs_everywhere(place, this, x):
    for contender in ("zoo", "keras"):
        for mode in bench.MODES:
            model = this.compile(this.model(contender=contender, quiet=True), bench.jit(mode))
            yield outputs_row(place, this, model, x, contender, mode)


def _gradient_rows(place, this, batch):
    bars, known = BARS[place.precision], this.reference
    model = this.compile(this.model("start", quiet=True))
    loss, gradients = _gradients(model, *batch)
    found = compared([loss], [known["loss"]], bars[0])
    rows = [row(this.info, place, "parity", found, contender="zoo", what="loss")]
    wanted, moved = ([known[f"{n}{k:04d}"] for k in range(len(gradients))] for n in PAIR)
    least = 1e-3 * max(np.abs(g).max(initial=0) for g in wanted)
    jump = max(
        compared([other], [truth], bars[1], least)["relative"]
        for other, truth in zip(moved, wanted, strict=True)
    )
    for variable, found, truth in zip(model.trainable_variables, gradients, wanted, strict=True):
        found = compared([found], [truth], max(bars[1], SURE * jump), least)
        found |= {"sensitivity": jump}
        what = f"gradient {variable.path}"
        rows.append(row(this.info, place, "parity", found, contender="zoo", what=what))
    return rows


def _curve_row(place, this, known, steps):
    losses = list(_curve(this, steps))
    wanted = known.get("losses")
    found = {"losses": [finite(v) for v in losses]}
    if wanted is not None:
        found |= {"reference_losses": [finite(v) for v in wanted.tolist()]}
        found["parts_at"] = parting(losses, wanted)
    return row(this.info, place, "curve", found, contender="zoo", use="train")


def _memory(place, this):
    """The most memory that process and GPU have had after a training step and an answer."""
    model = this.compile(this.model())
    x, y, weights = this.first_batch()
    model.train_on_batch(given(model, x), y, sample_weight=weights)
    model.predict_on_batch(given(model, x))
    found = {"peak_mb": process.peak_bytes() / 2**20}
    if backends.on_gpu():
        found["device_peak_mb"] = bench.peak_bytes() / 2**20
    return row(this.info, place, "memory", found, contender="zoo")


def road(model) -> str | None:
    """Which way the recurrent layers of a model took, each once; None where it has none."""
    layers = model._flatten_layers()
    paths = [layer.loop_path for layer in layers if isinstance(getattr(layer, "loop_path", 0), str)]
    return "; ".join(dict.fromkeys(paths)) or None
