"""`zoo compare`: hands out the work, collects the rows, keeps what was measured by then.

First the numbers, one fresh process for each backend and model, as many at a time as there are
cores; then the times, one process for each backend, and never two at work. This process loads no
framework.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from zoo import environment
from zoo.reports.benchmark import header
from zoo.reports.compare import stages
from zoo.reports.compare.cases import VERSION, Info, Options, Place, Target
from zoo.reports.compare.process import FLAGS, surroundings
from zoo.reports.compare.work import Work


def run(
    targets: list[Target],
    places: list[Place],
    missing: Mapping[str, str],
    options: Options,
    seen: Callable[[dict], object] = lambda document: None,
    told: Callable[[str, int], object] = lambda what, left: None,
) -> dict:
    """Compare every target at every place; returns the document that `zoo compare` writes.

    missing: backend -> why it cannot run here, for those that were asked for; seen: called with the
    document each time that rows were added, to keep it; told: called with what was done, and how
    many pieces of the work are left. Ctrl-C ends it: what was measured by then is returned, and
    `stopped` is True.
    """
    began = time.monotonic()
    document = {
        "kind": "compare",
        "version": VERSION,
        "environment": _environment(places),
        "options": options.to_json(),
        "processes": [],
        "models": [Info(target.name, target.kind).to_json() for target in targets],
        "rows": [],
        "stopped": False,
    }
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        work = Work(document, targets, places, options, Path(folder), seen, told)
        try:
            work.absent(missing)
            for stage in stages.STAGES if places else ():
                stage(work)
        except KeyboardInterrupt:
            document["stopped"] = True
        finally:
            work.close()
            document["environment"]["seconds"] = round(time.monotonic() - began, 1)
    return document


def _environment(places):
    found = header() | {"started": datetime.now(UTC).isoformat(timespec="seconds")}
    found |= {"processor": environment.processor(), "seconds": None}
    variables = surroundings(places[0]) if places else {}
    return found | {"flags": {name: variables[name] for name in FLAGS if name in variables}}
