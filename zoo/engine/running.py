"""What a task asks of a model: steps and decoders, here those of a Keras model.

An export that runs without Keras (`zoo.runtime`) answers to the same names.
"""

import numpy as np

from zoo.engine import decoding
from zoo.engine.runner import Runner
from zoo.models import alignment
from zoo.models.carry import carried_model
from zoo.models.step import (
    carried_step,
    decoder_step,
    encode_step,
    kept,
    window_step,
    zero_state,
)
from zoo.models.tagger import best_tags


class Running(Runner):
    """A Keras model as a task drives it; what it compiles is kept with the model."""

    def __init__(self, model):
        self.model = model

    def encode(self, source):
        """The state that a decoder starts from."""
        return kept(self.model, encode_step)(source)

    def beam_search(self, start, state, **options):
        """`Beams` of the decoder."""
        return decoding.beam_search(kept(self.model, decoder_step), start, state, **options)

    def zero_state(self, rows):
        """The carried state to begin with: a list of arrays with `rows` rows."""
        return zero_state(self.model, rows)

    def carry(self, inputs, state):
        """[outputs, *state] behind a piece of any length."""
        return kept(self.model, carried_model).predict_on_batch([inputs, *state])

    def generate(self, start, state, steps, **options):
        """Tokens (B, steps), the state carried."""
        return decoding.generate(kept(self.model, carried_step), start, state, steps, **options)

    def stream(self, start, state, steps, **options):
        """The columns of `generate`."""
        return decoding.stream(kept(self.model, carried_step), start, state, steps, **options)

    def rollout(self, first, state, steps, *rest, **options):
        """Values from a first one (B, F), the state carried."""
        step = kept(self.model, carried_step)
        return decoding.rollout(step, first, state, steps, *rest, **options)

    def roll_window(self, first, window, steps):
        """Values from a first one (B, F) and the window (B, W, F) before it."""
        return decoding.rollout(kept(self.model, window_step), first, window, steps)

    def best_tags(self, inputs):
        """The best tags (B, T) of a batch."""
        return np.asarray(kept(self.model, best_tags).predict_on_batch(inputs))

    def check_attends(self):
        """Raise `InputError` unless the model has attention to show."""
        alignment.check_attends(self.model)

    def alignment(self, source, tokens):
        """The attention weights (B, T, M) of what was written."""
        return alignment.alignment(self.model, source, tokens)

    def grid(self):
        """Height and width of the places that the attention over an image has."""
        return alignment.grid(self.model)
