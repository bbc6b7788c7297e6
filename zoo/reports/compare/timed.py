"""Start-up and times: one process for each place, all there, and never two at work.

In a quick comparison they make their models at the same time, so that a minute is enough; then what
starting takes is not told.
"""

from functools import partial

from zoo.reports.compare import rounds
from zoo.reports.compare.cases import Place, row
from zoo.reports.compare.preparing import prepare_some
from zoo.reports.compare.process import Ended

QUICK_ROUNDS = 3


def speed(work):
    """The speed and start rows of every model."""
    if work.asks("speed", "start"):
        timing = _Timing(work)
        (timing.quickly if work.options.quick else timing.one_by_one)()
        work.add(timing.yardstick())
        for process in timing.running.values():
            work.end(process)


class _Timing:
    """The processes that are timed, and what the machine's yardstick took."""

    def __init__(self, work):
        self.work, self.running, self.machine = work, {}, []
        self.broken = {}  # place -> why no process starts there
        onnx = [place for place in [work.onnx_place()] if place]
        self.places = [*work.places, *onnx, Place("numpy", threads=work.places[0].threads)]

    def one_by_one(self):
        """Each process makes each model while the others wait."""
        for k, (info, folder) in enumerate(self.work.models()):
            for place in self.places:  # again where one has ended
                if place not in self.running and place not in self.broken:
                    self._start(place)
            self._tell_broken(info)
            made = {p: self._ready(p, info, folder) for p in self.running.values()}
            self._time(info, folder, made)
            self.work.told(f"{info['model']}: times", len(self.work.models()) - k - 1)

    def quickly(self):
        """All processes make their models at the same time, as soon as each is prepared."""
        work, made = self.work, {}
        every = range(len(work.targets))

        def make(place):
            self._start(place)
            process = self.running.get(place)
            made[process] = {}
            for k in every if process else ():
                work.prepared[k].wait()
                info, folder = work.document["models"][k], work.folders[k]
                if info["ok"]:
                    made[process][k] = self._ready(process, info, folder)

        jobs = {"references": partial(prepare_some, work, every)}
        jobs |= {f"{place.name}: models": partial(make, place) for place in self.places}
        work.pool(jobs, at_once=len(jobs))
        for info, _ in work.models():
            self._tell_broken(info)
        for k in every:
            found = {process: models[k] for process, models in made.items() if k in models}
            if found:
                self._time(work.document["models"][k], work.folders[k], found)

    def _start(self, place):
        work = self.work
        try:
            process = work.start(place, timed=True)
        except Ended as error:
            self.broken[place] = str(error)
            self._note(place, [], str(error))
            return
        self.running[place] = process
        first = self._note(place, process.found["devices"], None)
        if first and process.found["import_ms"] and work.asks("start"):
            found = {"median_ms": process.found["import_ms"], "rounds": 1}
            work.add([row({"model": None}, place, "start", found, what="import")])

    def _note(self, place, devices, reason):
        """The place among the document's processes; False where it is there already."""
        kept = self.work.document["processes"]
        entry = place.to_json() | {"process": place.name, "devices": devices}
        if place.backend == "numpy" or any(e["process"] == place.name for e in kept):
            return False
        kept.append(entry | {"ok": reason is None, "reason": reason})
        return True

    def _tell_broken(self, info):
        broken = {p: r for p, r in self.broken.items() if p.backend != "numpy"}
        self.work.add([row(info, p, "speed", reason=r) for p, r in broken.items()])

    def _ready(self, process, info, folder):
        """(ways, reason); None where this process takes no part."""
        options = self.work.options
        if process.place.backend == "onnxruntime" and not (folder / "model.onnx").exists():
            return None
        if process not in self.running.values():
            return [], "ended with an earlier model"
        asked = dict(folder=str(folder), contenders=options.contenders, quick=options.quick)
        found = rounds.ready(process, options.limit_s, self._seen, **asked)
        for way in found[0] if not self.work.asks("start") else ():
            way.told["first_call_ms"] = None  # others were at work
        return found

    def _seen(self, rows):
        self.work.add([r for r in rows if self.work.asks(r["measure"])])

    def _time(self, info, folder, made):
        options, ways = self.work.options, {}
        for process, found in made.items():
            if found is not None and found[1]:
                self._ended(info, process, found[1])
            elif found is not None:
                ways[process] = found[0]
        least = QUICK_ROUNDS if options.quick else rounds.LEAST
        if self.work.asks("speed"):
            asked = (str(folder), options.seconds, least, options.limit_s, options.seed)
            ended = rounds.time_all(ways, *asked)
            mine = {p: w for p, w in ways.items() if p.place.backend != "numpy"}
            self.work.add(rounds.rows_of(info, mine))
            self.machine += [w[0] for p, w in ways.items() if p.place.backend == "numpy"]
            for process in ended:
                self._end(process)
        for process in ways:
            if process in self.running.values():
                process.ask(options.limit_s, do="drop", folder=str(folder))

    def _ended(self, info, process, reason):
        place = process.place
        contender = "onnx" if place.backend == "onnxruntime" else None
        self.work.add([row(info, place, "speed", reason=reason, contender=contender)])
        if not process.alive:
            self._end(process)

    def _end(self, process):
        self.work.end(process)
        if self.running.get(process.place) is process:
            del self.running[process.place]

    def yardstick(self):
        """One row for the machine itself: the fixed product in all rounds of all models."""
        calls = {(m, k): c for m, timed in enumerate(self.machine) for k, c in timed.calls.items()}
        if not calls:
            return []
        found = rounds.summary(rounds.Timed(self.machine[0].told, calls), {})
        same = dict(contender="numpy", use="batch")
        return [row({"model": "yardstick"}, self.places[-1], "speed", found, **same)]
