"""The process that measures: one backend, work as a line of JSON in, rows as lines of JSON out.

`zoo bench` starts it as `python -m zoo.reports.bench_child` with `KERAS_BACKEND` set. Each line of
standard input is {"do": "time" | "names" | "memory", "case": {...}, "name", "mask", "without"}.
Before the first call of a contender it says {"calls": its key}, and {"calls": null} after the last:
so that one which does not return, or takes the process with it, is known.
"""

import json
import os
import signal
import sys

from zoo.errors import InputError


def main(stream, answer):
    """Do the work that each line of `stream` names and hand each finding to `answer`."""
    from zoo.reports import bench_rows
    from zoo.reports.bench_cases import Case

    for k, line in enumerate(stream):
        work = json.loads(line)
        case = Case.from_json(work["case"])
        if k == 0:
            answer({"environment": bench_rows.set_up(case)})
        answer(DOES[work["do"]](case, work, lambda key: answer({"calls": key})))


def _time(case, work, told):
    from zoo.reports import bench_rows, bench_together

    kind = bench_together if case.beside else bench_rows
    without = {tuple(key): reason for key, reason in work.get("without", ())}
    return {"rows": kind.measured(case, told, without)}


def _names(case, work, told):
    from zoo.reports import bench_rows

    return {"names": bench_rows.layers(case)}


def _memory(case, work, told):
    from zoo.reports import bench_rows

    told([work["name"], work["mask"]])
    rows = [bench_rows.memory(case, work["name"], work["mask"])]
    told(None)
    return {"rows": rows}


DOES = {"time": _time, "names": _names, "memory": _memory}


def run():
    """`main` between standard input and output; whatever else is printed goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a stopped run ends here without a word
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)

        def answer(found):
            answers.write(json.dumps(found) + "\n")
            answers.flush()

        try:
            main(sys.stdin, answer)
        except InputError as error:
            sys.exit(str(error))  # its last words, which stand in the rows


if __name__ == "__main__":
    run()
