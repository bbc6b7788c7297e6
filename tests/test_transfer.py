"""Training that starts from another model or from word vectors."""

import numpy as np
import pytest
import tiny

from zoo import files, registry, store, training, transfer
from zoo.data import vocabulary
from zoo.errors import InputError


def started(name, source, data=None, folder=None, epochs=1, **options):
    """A run of the tiny recipe from the model `source`, with a rate of zero unless it trains."""
    settings = dict(learning_rate=0.0, schedule="constant", keep="last") | options
    recipe = tiny.recipe(name, epochs=epochs, **settings)
    data = tiny.data(name) if data is None else data
    return training.fit(recipe, data=data, out=folder, bar=False, start=source)


def other_texts():
    """The tiny mails with some words replaced and a third label: another order of words."""
    swapped = {"money": "zebra", "monday": "aardvark"}
    data = {}
    for split, (texts, labels) in tiny.data("spam").items():
        texts = [" ".join(swapped.get(word, word) for word in text.split()) for text in texts]
        data[split] = [*texts[:5], "bacon eggs"], [*labels[:5], "eggs"]
    return data


@pytest.mark.parametrize("name", ["spam", "char_lm", "g2p", "vowels"])
def test_on_the_same_data_it_starts_with_the_same_weights(name, trained, capsys):
    run = started(name, trained(name))
    for a, b in zip(
        run.model.get_weights(), store.load(trained(name))[1].get_weights(), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    said = capsys.readouterr().err
    assert f"from {trained(name)}: " in said
    assert "weights copied whole, 0 in part, 0 start anew" in said


def test_the_loss_goes_on_where_it_was(trained):
    last = files.read_json(trained("spam") / "history.json")["epochs"][-1]["validation_loss"]
    run = started("spam", trained("spam"))
    assert run.history["epochs"][0]["validation_loss"] == pytest.approx(last, rel=1e-4)


def test_another_vocabulary_keeps_the_rows_of_shared_words_and_labels(trained, capsys):
    run = started("spam", trained("spam"), other_texts())
    _, old, known, _ = store.load(trained("spam"))
    sizes = run.recipe.task.sizes
    words, former = (transfer.names(s, sizes(s)) for s in (run.spec, known))
    new_rows, old_rows = (m.get_layer("embedding").get_weights()[0] for m in (run.model, old))
    shared = [w for w in words["vocabulary"] if w in former["vocabulary"]]
    assert "zebra" not in shared and {"[PAD]", "win", "patch"} <= set(shared)
    assert words["vocabulary"] != former["vocabulary"]
    for word in shared:
        k, j = words["vocabulary"].index(word), former["vocabulary"].index(word)
        np.testing.assert_array_equal(new_rows[k], old_rows[j])
    *_, kernel, bias = run.model.get_weights()
    *_, old_kernel, old_bias = old.get_weights()
    assert words["classes"] == ["eggs", "ham", "spam"]
    np.testing.assert_array_equal(kernel[:, 1:], old_kernel)
    np.testing.assert_array_equal(bias, [0, *old_bias])
    said = capsys.readouterr().err
    rows = f"({len(shared)} rows of vocabulary, 2 rows of classes by name)"
    assert f"6 weights copied whole, 3 in part {rows}, 0 start anew" in said


def test_the_layers_in_between_are_copied_whole(trained):
    run = started("spam", trained("spam"), other_texts())
    old = store.load(trained("spam"))[1]
    pairs = list(zip(run.model.get_weights(), old.get_weights(), strict=True))
    same = [a.shape == b.shape and np.array_equal(a, b) for a, b in pairs]
    assert sum(same) == len(pairs) - 3  # but the embedding, and kernel and bias of the labels


def test_what_a_run_started_from_is_recorded(trained, tmp_path):
    started("spam", trained("spam"), folder=tmp_path / "run")
    recorded = files.read_json(tmp_path / "run" / "env.json")["started_from"]
    assert recorded == transfer.describe(trained("spam"))
    assert files.sha256(trained("spam") / "weights.npz")[:12] in recorded
    assert store.load(tmp_path / "run")[0].options["units"] == tiny.OPTIONS["spam"]["units"]


def test_a_stopped_run_goes_on_from_its_checkpoint(trained, tmp_path, monkeypatch):
    train = training.Trainer._train

    def stop(self, epoch):
        if epoch:
            raise KeyboardInterrupt
        return train(self, epoch)

    options = dict(epochs=2, learning_rate=1e-2)
    with monkeypatch.context() as patch:
        patch.setattr(training.Trainer, "_train", stop)
        with pytest.raises(KeyboardInterrupt):
            started("sine", trained("sine"), folder=tmp_path / "run", **options)
    recipe = tiny.recipe("sine", schedule="constant", keep="last", **options)
    resumed = training.fit(
        recipe,
        data=tiny.data("sine"),
        out=tmp_path / "run",
        bar=False,
        start=trained("sine"),
        resume=True,
    )
    whole = started("sine", trained("sine"), **options)
    for a, b in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_another_architecture_is_refused(trained):
    with pytest.raises(
        InputError, match="is many to one, found model 'g2p', which is many to many"
    ):
        started("g2p", trained("spam"))
    with pytest.raises(InputError, match="has the sizes features, outputs, found model 'spam'"):
        started("spam", trained("sine"))
    with pytest.raises(InputError, match="no trained model"):
        started("spam", "runs/nowhere")


# Word vectors


@pytest.fixture
def vectors(tmp_path):
    """Five dimensions for three words that the tiny mails have, and one that they do not."""
    path = tmp_path / "vectors.txt"
    words = {"win": 0.5, "meeting": -0.5, "patch": 0.25, "zebra": 9.0}
    path.write_text(
        "\n".join(" ".join([w, *[str(v + k) for k in range(5)]]) for w, v in words.items())
    )
    return path


def test_words_start_from_their_vectors(vectors, capsys):
    recipe = tiny.recipe("spam", epochs=1, learning_rate=0.0, schedule="constant")
    run = training.fit(recipe, data=tiny.data("spam"), bar=False, embeddings=vectors)
    table = run.model.get_layer("embedding").get_weights()[0]
    words = transfer.names(run.spec, run.recipe.task.sizes(run.spec))["vocabulary"]
    assert table.shape == (len(words), 5) and run.recipe.options["embedding"] == 5
    np.testing.assert_allclose(table[words.index("win")], [0.5, 1.5, 2.5, 3.5, 4.5])
    known = [words.index(w) for w in ("win", "meeting", "patch")]
    others = np.delete(table, known, axis=0)
    assert abs(others.mean() - table[known].mean()) < 0.5
    assert 0.7 < others.std() / table[known].std() < 1.3
    assert f"3 of {len(words)} words have their vector from {vectors}" in capsys.readouterr().err


def test_a_run_with_word_vectors_is_stored_and_recorded(vectors, tmp_path):
    recipe = tiny.recipe("spam", epochs=1)
    out = tmp_path / "run"
    training.fit(recipe, data=tiny.data("spam"), out=out, bar=False, embeddings=vectors)
    assert store.load(out)[1].get_layer("embedding").output_dim == 5
    assert files.read_json(out / "env.json")["started_from"] == "vectors.txt"


@pytest.mark.parametrize("name", ["digits", "sine", "char_lm", "g2p"])
def test_models_without_vectors_of_words_take_none(name, vectors):
    with pytest.raises(InputError, match=f"model '{name}' has no vectors of words"):
        training.fit(tiny.recipe(name), data=tiny.data(name), bar=False, embeddings=vectors)


def test_one_thing_to_start_from_at_a_time(vectors, trained):
    with pytest.raises(InputError, match="leave one out"):
        training.fit(
            tiny.recipe("spam"),
            data=tiny.data("spam"),
            bar=False,
            embeddings=vectors,
            start=trained("spam"),
        )


@pytest.mark.neutral
def test_names_are_found_by_key_then_by_number():
    tokenizers = [vocabulary.characters([text]).to_str() for text in ("abc", "xyz")]
    spec = {"source": tokenizers[0], "target": tokenizers[1], "steps": 7, "labels": ["a", "b"]}
    found = transfer.names(spec, {"source_vocabulary": 7, "target_vocabulary": 7, "classes": 2})
    assert found["source_vocabulary"][4:] == ["a", "b", "c"]
    assert found["target_vocabulary"][4:] == ["x", "y", "z"]
    assert found["classes"] == ["a", "b"]
    assert transfer.names(spec, {"classes": 7, "features": 3}) == {}


def test_words_their_characters_and_their_tags_go_over_by_name(tmp_path):
    """A model with three things that are counted, and rules that follow from the tags."""
    recipe = registry.recipe("pos_brown")
    small = dict(units=4, embedding=3, character_units=3, character_embedding=2)
    recipe = recipe.override(**{k: v for k, v in small.items() if k in recipe.options})
    first = {"train": [(["the", "cat", "sat"], ["O", "B-X", "O"])] * 2}
    second = {"train": [(["a", "cat", "that", "sat"], ["B-Y", "B-X", "I-X", "O"])] * 2}
    known, spec = (recipe.task.specify(data, recipe.fit) for data in (first, second))
    store.save(tmp_path / "old", recipe, recipe.build(**recipe.task.sizes(known)), known)
    again, fill = transfer.from_model(recipe, spec, tmp_path / "old")
    line = fill(again.build(**recipe.task.sizes(spec)))
    assert "2 rows of classes" in line and "0 start anew" in line
    for size in ("vocabulary", "character_vocabulary"):
        assert f"rows of {size}" in line
