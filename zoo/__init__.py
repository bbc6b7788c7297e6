"""RNN Zoo: the Keras 3 model zoo of recurrent networks.

Names are loaded when they are first used: `import zoo` and `zoo --help` pull in no framework.
"""

import importlib

from zoo import hook

_PUBLIC = {
    "list_models": "zoo.registry",
    "create_model": "zoo.registry",
    "load": "zoo.predictor",
    "Predictor": "zoo.predictor",
    "InputError": "zoo.errors",
    "one_to_one": "zoo.models.one_to_one",
    "one_to_many": "zoo.models.one_to_many",
    "many_to_one": "zoo.models.many_to_one",
    "many_to_many_delayed": "zoo.models.many_to_many_delayed",
    "many_to_many_aligned": "zoo.models.many_to_many_aligned",
    "accelerate": "zoo.engine.accelerate",
    "rollout": "zoo.engine.decoding",
    "generate": "zoo.engine.decoding",
    "stream": "zoo.engine.decoding",
    "beam_search": "zoo.engine.decoding",
    "streaming": "zoo.engine.streaming",
    "export": "zoo.formats",
    "fit": "zoo.training",
    "reproducible": "zoo.environment",
}
_MODULES = ("layers", "reference", "plots")

__all__ = [*_PUBLIC, *_MODULES]


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"zoo.{name}")
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)


hook.install()
