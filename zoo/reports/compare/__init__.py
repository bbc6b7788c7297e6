"""`zoo compare`: which backend for a model on this machine, and does it give the same numbers?

    cases.py      what is compared, where, and what a row says: no framework
    process.py    a process that measures, asked line by line; child.py is what it runs
    run.py        the whole comparison: preparing.py, stages.py, timed.py; work.py is shared
    rounds.py     times in interleaved rounds, so that a drifting machine favours nobody

in the processes that measure:

    prepare.py    what all backends start from; subject.py makes a model of it
    numbers.py    the float64 reference, parity, loss curves, memory
    speed.py      the ways to run a model, timed; runtime.py: in ONNX Runtime, without Keras
    metric.py     a recipe trained to its end

and of the document that comes out, without a framework:

    advice.py     what to use; against.py: beside an earlier run; ways.py: rows and their names
    page.py       the report and all files; gallery.py, pictures.py, curves.py: its figures;
                  table.py, faults.py, where.py: its tables; text.py: for a terminal; csv.py
"""
