"""Training that starts from what was learned elsewhere: another model, or vectors of words."""

from dataclasses import replace

import numpy as np
from tokenizers import Tokenizer

from zoo import files, store
from zoo.data.embeddings import read_embeddings
from zoo.errors import InputError


def from_model(recipe, spec, source):
    """(recipe, fill) for a model that starts from the trained one `source`, a name or a folder.

    The recipe gets the builder options of `source`. `fill(model)` copies its weights into a new
    model of `spec` and returns a line that says what was copied: weights of equal shape, and where
    vocabularies or labels differ, the rows of those that both have. The others stay as they are.
    Raises `InputError` for a model of another architecture, and as `store.load` does.
    """
    old, trained, known, _ = store.load(source)
    if old.builder is not recipe.builder:
        raise InputError(
            f"{str(source)!r} is {old.architecture.replace('_', ' ')}, found model "
            f"{recipe.name!r}, which is {recipe.architecture.replace('_', ' ')}: start from one "
            "of the same architecture"
        )
    recipe = replace(recipe, options=old.options)
    sizes, former = recipe.task.sizes(spec), old.task.sizes(known)
    if set(sizes) != set(former):
        raise InputError(
            f"{str(source)!r} has the sizes {', '.join(former)}, found model {recipe.name!r} with "
            f"{', '.join(sizes)}: start from one of the same kind"
        )
    shared = _shared(spec, sizes, known, former)
    axes = _axes(recipe, sizes, shared)
    return recipe, lambda model: f"from {source}: {_fill(model, trained, axes, shared)}"


def describe(source) -> str:
    """The model that training starts from, as a card says it: its name and its weights' sum."""
    folder = store.find(source)
    return f"{source}, weights {files.sha256(folder / 'weights.npz')[:12]}"


def names(spec, sizes) -> dict:
    """{size: its tokens or labels in order}, for the sizes that count something with names.

    A size counts what stands in the spec under its own name or the beginning of it (`source` for
    `source_vocabulary`), or else the one list there that has as many.

    >>> names({"labels": ["ham", "spam"], "maximum": 400}, {"classes": 2})
    {'classes': ['ham', 'spam']}
    """
    lists = {key: found for key, value in spec.items() if (found := _tokens(value))}
    counted = {}
    for size, count in sizes.items():
        fits = [key for key, found in lists.items() if len(found) == count]
        named = [key for key in fits if size.startswith(key)]
        if named or len(fits) == 1:
            counted[size] = lists[(named or fits)[0]]
    return counted


def _tokens(value):
    """The tokens of a saved tokenizer by their ids, or a list of labels; None for anything else."""
    if isinstance(value, list) and all(isinstance(label, str) for label in value):
        return value
    if not isinstance(value, str) or not value.startswith("{"):
        return None
    ids = Tokenizer.from_str(value).get_vocab()
    return sorted(ids, key=ids.get)


def _shared(spec, sizes, known, former):
    """{size: pairs (N, 2), a row of the new model and one of the old} for sizes that differ.

    Rows go together by name, where both models have names. Sizes that count the same things in the
    same order are left out, as are those without names.
    """
    new, old = names(spec, sizes), names(known, former)
    shared = {}
    for size in sizes:
        if size in new and size in old and new[size] != old[size]:
            place = {token: k for k, token in enumerate(old[size])}
            pairs = [(k, place[token]) for k, token in enumerate(new[size]) if token in place]
            shared[size] = np.array(pairs, int).reshape(-1, 2)
    return shared


def _axes(recipe, sizes, shared):
    """For each weight of the model, {axis: the size in `shared` that it grows with}.

    Found by building the model with each of these sizes one larger: no layer is known by name.
    What follows from the labels besides their number, such as which may stand together, has no
    weights and is left out.
    """
    sizes = {name: size for name, size in sizes.items() if _is_shape(size)}
    shapes = [tuple(w.shape) for w in recipe.build(**sizes).weights]
    axes = [{} for _ in shapes]
    for size in shared:
        grown = recipe.build(**sizes | {size: sizes[size] + 1}).weights
        for found, shape, weight in zip(axes, shapes, grown, strict=True):
            larger = enumerate(zip(shape, tuple(weight.shape), strict=True))
            found |= {axis: size for axis, (a, b) in larger if b == a + 1}
    return axes


def _is_shape(size):
    return isinstance(size, int) or all(isinstance(part, int) for part in size)


def _fill(model, trained, axes, shared):
    """Copy what goes together; returns the line that says how much."""
    whole = part = 0
    weights = [np.array(w) for w in model.get_weights()]
    for value, old, sizes in zip(weights, trained.get_weights(), axes, strict=True):
        if value.ndim != old.ndim:
            continue
        rows = [
            shared[sizes[axis]] if axis in sizes else _same(value.shape[axis], old.shape[axis])
            for axis in range(value.ndim)
        ]
        if not all(map(len, rows)):
            continue
        value[_places(rows, 0)] = old[_places(rows, 1)]
        everything = all(len(r) == n for r, n in zip(rows, value.shape, strict=True))
        whole, part = whole + everything, part + (not everything)
    model.set_weights(weights)
    rows = [f"{len(pairs):,} rows of {size}" for size, pairs in shared.items()]
    named = f" ({', '.join(rows)} by name)" if rows else ""
    anew = len(axes) - whole - part
    return f"{whole} weights copied whole, {part} in part{named}, {anew} start anew"


def _same(new, old):
    """Rows of one axis that has no names: all of them where there are as many, else none."""
    return np.repeat(np.arange(new if new == old else 0)[:, None], 2, axis=1)


def _places(rows, side):
    return np.ix_(*(pairs[:, side] for pairs in rows)) if rows else ()


def from_embeddings(recipe, spec, path, seed=0):
    """(recipe, fill) for a model whose word vectors are those of a file in GloVe's format.

    Their size becomes the recipe's `embedding`. `fill(model)` writes them into the layer
    `embedding`, words that the file does not have get values of the same mean and deviation, and
    returns a line that says how many were found.
    Raises `InputError` for a model that has no vectors of words, and as `read_embeddings` does.
    """
    words = names(spec, recipe.task.sizes(spec)).get("vocabulary")
    if words is None or not isinstance(recipe.options.get("embedding"), int):
        raise InputError(
            f"model {recipe.name!r} has no vectors of words, found --embeddings: leave it out"
        )
    vectors, found = read_embeddings(path, words)
    random = np.random.default_rng(seed)
    known = vectors[found]
    others = random.normal(known.mean(), known.std(), (int((~found).sum()), vectors.shape[1]))
    vectors[~found] = others
    recipe = recipe.override(embedding=vectors.shape[1])

    def fill(model):
        layer = next((each for each in model.layers if each.name == "embedding"), None)
        if layer is None or tuple(layer.embeddings.shape) != vectors.shape:
            raise InputError(
                f"model {recipe.name!r} has no layer of word vectors, found --embeddings: "
                "leave it out"
            )
        layer.embeddings.assign(vectors)
        return f"{found.sum():,} of {len(words):,} words have their vector from {path}"

    return recipe, fill
