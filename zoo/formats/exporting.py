"""A model in a folder of another format: its graphs, what runs them, and how exact they are.

Every export is a folder:

    model.*, or encoder.* and decoder.*, or step.*    the graphs, in the format's own kind of file
    spec.json           the graphs with their inputs and outputs, what stands between raw input and
                        answer, and the SHA-256 of every other file
    verification.json   the largest difference from the Keras model, case by case
"""

import shutil
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import keras
import numpy as np

from zoo import files
from zoo.engine.exported import Exported
from zoo.errors import InputError
from zoo.formats import FORMATS, VERSION
from zoo.formats.decoding import Decoding
from zoo.formats.names import (
    check_graph,
    encoder_and_decoder,
    input_names,
    output_names,
    parts,
    unique,
)
from zoo.formats.verifying import SHAPES, difference, example_inputs, golden_cases, verify
from zoo.models.alignment import grid
from zoo.models.tagger import crf_of

LARGEST_DIFFERENCE = 1e-4


@dataclass(frozen=True)
class About:
    """What an export says besides its graphs; all may be left out for a model of one's own.

    recipe, task: names; spec: the task's; decoding: how a file that holds whole loops decodes;
    golden: inputs of the whole model, a list of arrays.
    """

    recipe: str | None = None
    task: str | None = None
    spec: dict | None = None
    decoding: Decoding | None = None
    golden: tuple = ()


def export(model, format, out, name=None, *, about=None, steps=False, int8=False) -> dict:
    """Write a `keras.Model` as a folder; returns {name, format, path, ok, max_difference, reason}.

    format: a name in `zoo.formats.FORMATS`; out: a new folder, or an earlier export, which is
    replaced; steps: write what a decoder drives, `encoder` and `decoder` or `step` with its state
    in and out, in place of the whole `model` (a `.keras` file holds the whole); int8: weights in 8
    bits, for formats that have them: then the difference is told and not judged.

    The folder is written beside `out`, each graph is loaded in the format's own runtime and
    compared with the model; only then it is moved there. A difference above 1e-4 leaves nothing
    behind. Raises `InputError` for an unknown format, and for a layer that the format cannot hold.

    >>> import tempfile
    >>> model = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(4)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     row = export(model, "keras", f"{folder}/lstm")
    ...     sorted(path.name for path in Path(row["path"]).iterdir())
    ['model.keras', 'spec.json', 'verification.json']
    """
    if format not in FORMATS:
        raise InputError(
            f"format {format!r} is not one of {', '.join(FORMATS)}: choose one of them"
        )
    check_graph(model)
    writer, about, out = import_module(FORMATS[format]), about or About(), Path(out)
    if int8 and not getattr(writer, "INT8", False):
        able = [f for f, m in FORMATS.items() if getattr(import_module(m), "INT8", False)]
        raise InputError(f"format {format!r} has no int8 weights: choose {' or '.join(able)}")
    _check_place(out)
    partial_out = out.with_name(f"{out.name}.partial")
    row = {"name": name or model.name, "format": format, "path": str(out), "ok": False}
    try:
        _remove(partial_out)
        partial_out.mkdir(parents=True)
        pieces = _pieces(model, steps and not getattr(writer, "WHOLE", False))
        options = {"int8": True} if int8 else {}
        described = _write(writer, model, pieces, partial_out, about, options)
        spec = _spec(model, format, row["name"], about, described) | {"int8": int8}
        cases = _compare(writer, model, pieces, partial_out, spec, about)
        largest = float(np.max([case["difference"] for case in cases]))
        if not int8 and not largest <= LARGEST_DIFFERENCE:
            return row | {
                "max_difference": largest,
                "reason": f"outputs differ by {largest:.1e}, more than {LARGEST_DIFFERENCE}",
            }
        _finish(partial_out, spec, cases, largest)
        _remove(out)
        partial_out.replace(out)
        return row | {"ok": True, "max_difference": largest, "reason": None}
    finally:
        _remove(partial_out)


def _check_place(out):
    """Raise `InputError` for what would be lost: anything but an earlier export."""
    filled = out.is_dir() and any(out.iterdir()) and not (out / "verification.json").exists()
    if out.is_file() or filled:
        raise InputError(
            f"{str(out)!r} is there and is no export, expected a new folder or an earlier export: "
            "choose another"
        )


def _remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


def _pieces(model, steps):
    """(name, Keras model, names of inputs, of outputs) of each graph."""
    if steps:
        return [(name, part, *map(unique, names)) for name, part, names in parts(model)]
    return [("model", model, unique(input_names(model)), unique(output_names(model)))]


def _write(writer, model, pieces, folder, about, options):
    """Write each graph; {name: its file, inputs and outputs}."""
    together = getattr(writer, "SIGNATURES", {})
    if together:  # one file has all of them, and the loops besides
        steps = "model" not in {name for name, *_ in pieces}
        writer.write(model, folder / "model", decoding=about.decoding, steps=steps)
    described = {}
    for name, part, inputs, outputs in pieces:
        described[name] = {
            "file": "model" if together else f"{name}{writer.SUFFIX}",
            "inputs": _described(inputs, part.inputs),
            "outputs": _described(outputs, part.outputs),
        }
        if together:
            described[name]["signature"] = together[name]
        else:
            file = folder / described[name]["file"]
            writer.write(part, file, names=(inputs, outputs), **options)
    return described


def _described(names, tensors):
    return [
        {"name": name, "dtype": str(tensor.dtype), "shape": list(tensor.shape)}
        for name, tensor in zip(names, tensors, strict=True)
    ]


def _spec(model, format, name, about, pieces):
    crf, both = crf_of(model), encoder_and_decoder(model)
    return {
        "version": VERSION,
        "name": name,
        "format": format,
        "recipe": about.recipe,
        "task": about.task,
        "spec": about.spec or {},
        "decoding": about.decoding and asdict(about.decoding),
        "pieces": pieces,
        "crf": None if crf is None else potentials(crf),
        "grid": grid(model) if both else None,
    }


def potentials(crf):
    """The weights of a CRF as lists, with what is forbidden shut off."""
    values = crf._potentials()
    lists = [keras.ops.convert_to_numpy(v).astype("float64").tolist() for v in values]
    return dict(zip(("transitions", "start", "end"), lists, strict=True))


def _compare(writer, model, pieces, folder, spec, about):
    """[{piece, batch, time, difference}]: each graph, and the whole on the golden inputs."""
    exported, cases = Exported.opened(writer, spec, folder), []
    for name, part, *_ in pieces:
        for batch, time in SHAPES:
            inputs = example_inputs(part, batch, time)
            found = verify(part, exported.pieces[name], [inputs])
            cases.append({"piece": name, "batch": batch, "time": time, "difference": found})
            if name == "decoder":  # as it is used: one token beside a memory of another length
                pairs = zip(inputs, part.inputs, strict=True)
                inputs = [x[:, :1] if tensor.name == "tokens" else x for x, tensor in pairs]
                found = verify(part, exported.pieces[name], [inputs])
                cases.append({"piece": name, "batch": batch, "time": 1, "difference": found})
    golden = golden_cases(model, list(about.golden)) if about.golden else []
    for inputs in golden:
        whole = partial(exported.predict_on_batch, inputs if len(inputs) > 1 else inputs[0])
        expected = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
        found = difference(whole(), keras.tree.flatten(expected))
        time = inputs[0].shape[1] if inputs[0].ndim > 1 else None
        shape = {"batch": len(inputs[0]), "time": time}
        cases.append({"piece": "golden inputs", **shape, "difference": found})
    return cases


def _finish(folder, spec, cases, largest):
    allowed = None if spec["int8"] else LARGEST_DIFFERENCE
    verified = {"largest_difference": largest, "allowed": allowed, "cases": cases}
    files.write_json(folder / "verification.json", verified)
    written = sorted(p for p in folder.rglob("*") if p.is_file())
    sums = {p.relative_to(folder).as_posix(): files.sha256(p) for p in written}
    files.write_json(folder / "spec.json", spec | {"sha256": sums})
