"""The process that measures: work as a line of JSON in, answers as lines of JSON out.

`zoo compare` starts it as `python -m zoo.reports.compare.child`. The first piece of work is
`start`, which says where to compute; the functions of `DOES` do the others.
"""

import json
import os
import signal
import sys
import time
from importlib import import_module

from zoo.errors import InputError, one_line
from zoo.reports.compare.cases import Place

# work -> the file of this folder whose function of that name does it
DOES = {
    "prepare": "prepare",
    "reference": "numbers",
    "numbers": "numbers",
    "exported": "numbers",
    "metric": "metric",
    "ready": "speed",
    "visit": "speed",
    "drop": "speed",
}
# Backends that are none of Keras's: they have no more than `ready`, `visit` and `drop`.
OTHERS = {"onnxruntime": "runtime", "numpy": "yardstick"}


def main(stream, answer):
    """Do the work that each line of `stream` names and hand what was found to `answer`."""
    place = None
    for line in stream:
        work = json.loads(line)
        name = work.pop("do")
        if name == "start":
            place = Place(**work.pop("place"))
            answer(start(place, **work))
            continue
        module = import_module(f"zoo.reports.compare.{OTHERS.get(place.backend, DOES[name])}")

        def more(rows):
            answer({"rows": rows, "more": True})

        try:
            answer(getattr(module, name)(place, more, **work))
        except InputError as error:
            answer({"cannot": one_line(error)})


def start(place, seed, double, timed):
    """Take threads, device and precision; says how long the backend took to import, and what it is.

    The cores come first: a framework counts them when it is imported. Imported is a backend that
    has computed something.
    """
    if timed and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: place.threads])
    if place.backend in OTHERS:
        return import_module(f"zoo.reports.compare.{OTHERS[place.backend]}").start()
    began = time.perf_counter()
    import keras

    keras.ops.convert_to_numpy(keras.ops.matmul(keras.ops.ones((2, 2)), keras.ops.ones((2, 2))))
    taken = time.perf_counter() - began
    from zoo import backends, environment

    devices = backends.devices()
    if place.device != "cpu" or backends.on_gpu():
        backends.use_device(place.device)
    if double:
        from zoo.backends import double as wide

        wide.use()
    else:
        backends.use_precision(place.precision)
    keras.utils.set_random_seed(seed)
    if place.reproducible:
        environment.reproducible(seed)
    return {"import_ms": 1000 * taken, "devices": devices}


def run():
    """`main` between standard input and output; whatever else is printed goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this process ends it
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)

        def answer(found):
            answers.write(json.dumps(found) + "\n")
            answers.flush()

        main(sys.stdin, answer)


if __name__ == "__main__":
    run()
