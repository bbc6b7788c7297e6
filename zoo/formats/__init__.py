"""Export: one file per format, each with the same functions.

    SUFFIX                     of a graph's file
    write(model, path, names)  one functional Keras model; names: of its inputs and of its outputs
    opened(path)               -> a function from a list of arrays to a list of arrays; no Keras
    outputs(path, inputs)      what the graph gives, once

`export` (zoo.formats.exporting) writes, reloads, compares and only then keeps a folder, which
`zoo.runtime` runs. Nothing here imports Keras until it is used.
"""

FORMATS = {
    "keras": "zoo.formats.keras_file",
    "saved_model": "zoo.formats.saved_model",
    "onnx": "zoo.formats.onnx",
    "litert": "zoo.formats.litert",
    "openvino": "zoo.formats.openvino",
    "torch": "zoo.formats.torch_program",
}
VERSION = 1  # of the folder's layout


def __getattr__(name):
    if name == "export":
        from zoo.formats.exporting import export

        return export
    raise AttributeError(f"module 'zoo.formats' has no attribute {name!r}")
