"""An exported model over HTTP.

    zoo export g2p --format onnx
    python scripts/serve.py exports/g2p/onnx
    curl -H 'content-type: application/json' -d '{"inputs": ["zoology"]}' localhost:8000/predict

The server is `zoo.serving`; neither Keras nor TensorFlow, JAX or torch is needed. SIGTERM, or
Ctrl-C, ends it when what it took is answered. docs/serving.md says what it refuses, and how many
requests it answers.
"""

import argparse
from dataclasses import fields

from zoo import serving
from zoo.errors import InputError


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("folder", help="what `zoo export` wrote")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in")
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    limits = parser.add_argument_group("limits")
    for field in fields(serving.Limits):
        limits.add_argument(
            f"--{field.name}", type=field.type, default=field.default, help=" ", metavar="N"
        )
    given = vars(parser.parse_args())
    folder, host, port = (given.pop(name) for name in ("folder", "host", "port"))
    try:
        from zoo import runtime

        serving.serve(runtime.load(folder), host, port, serving.Limits(**given))
    except InputError as error:
        parser.exit(2, f"serve.py: {error}\n")


if __name__ == "__main__":
    main()
