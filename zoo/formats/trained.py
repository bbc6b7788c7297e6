"""The export of a trained model: its graphs, and all that stands between raw input and answer."""

from zoo import golden, predictor, store
from zoo.formats.decoding import decoding_of
from zoo.formats.exporting import About, export


def export_trained(name, format, out, *, int8=False, loaded=None) -> dict:
    """`export` of a shipped model by name, or of a run folder by path.

    loaded: its `Predictor`, where there is one already.

    Compared on its golden inputs too, where it has some. What a task drives step by step is
    written as its steps: `encoder` and `decoder`, or `step`.
    """
    loaded = loaded or predictor.load(name)
    task = loaded.recipe.task
    about = About(
        recipe=loaded.name,
        task=task.__name__.rpartition(".")[2],
        spec=loaded.spec,
        decoding=decoding_of(task, loaded.spec),
        golden=tuple(golden.inputs(store.find(name))),
    )
    steps = getattr(task, "stepwise", False)
    return export(loaded.model, format, out, loaded.name, about=about, steps=steps, int8=int8)
