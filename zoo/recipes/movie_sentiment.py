"""Did they like the film? A snippet of a review in, positive or negative out, by a GRU.

    zoo train movie_sentiment          about a minute on two cores

The data are fetched when they are first used (`zoo/data/fetch.py`), because the snippets are quoted
from reviews and are not ours to ship: 10,566 of them with the mean rating of about fifteen people
(Hutto and Gilbert 2014), above zero or below. Divided 70 / 10 / 20 with a fixed seed.
"""

from zoo.data import labelled_text, own_text
from zoo.models.many_to_one import many_to_one
from zoo.registry import Fit, Recipe, register
from zoo.tasks import text_label

# Invented, because what the data quote is not ours to show.
MADE_UP = (
    [
        "A warm and funny film with a cast that never puts a foot wrong.",
        "Two hours of noise, and not one idea worth the ticket.",
        "The songs are lovely; the story is thin, but who minds?",
        "It wants to be clever and ends up merely long.",
    ],
    ["positive", "negative", "positive", "negative"],
)


def load(path=None, *, text=None, label=None):
    if path is None:
        return labelled_text.movie_sentiment()
    return own_text.read_labelled(path, text, label)


register(
    Recipe(
        name="movie_sentiment",
        architecture="many_to_one",
        summary="positive or negative, from a sentence of a film review",
        task=text_label,
        builder=many_to_one,
        load=load,
        options=dict(
            cell="gru",
            units=32,
            embedding=32,
            direction="bidirectional",
            readout="max",
            dropout=0.6,
            token_dropout=0.3,
        ),
        sizes=dict(vocabulary=10_000, classes=2),
        fit=Fit(
            epochs=6,
            batch_size=64,
            learning_rate=3e-3,
            schedule="cosine",
            keep="metric",
            minimum_frequency=2,
            vocabulary=10_000,
            boundaries=(16, 32, 64),
        ),
        metric="accuracy",
        baseline=text_label.bag_of_words,
        baseline_name="TF-IDF + logistic regression",
        data_name="movie_sentiment",
        limits="learned from single sentences in reviews of films, which praise or blame plainly: "
        "expect less where a text is neutral, mixed or ironic",
        fetched=True,
        made_up=MADE_UP,
        own_data=text_label.OWN_DATA,
    )
)
