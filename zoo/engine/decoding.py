"""Decoders: they drive a `zoo.models.step.Step` and know nothing else of a model.

rollout       a real-valued step fed with its own outputs
generate      tokens, greedy or sampled; `stream` hands them out one by one
beam_search   the likeliest sequences that a beam finds
"""

from zoo.engine.beam import beam_search
from zoo.engine.beams import Beams
from zoo.engine.generate import generate, stream
from zoo.engine.rollout import rollout

__all__ = ["Beams", "beam_search", "generate", "rollout", "stream"]
