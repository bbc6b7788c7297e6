"""`import zoo` makes the zoo's classes known to Keras, without importing Keras.

`keras.models.load_model` finds a class by its registered name, so the modules that register must
have been imported. They import Keras, which `import zoo` alone must not: so they follow right
behind the user's own `import keras`, or at once when Keras is there already.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys

# Whichever of these is being imported registers its classes by itself.
REGISTERING = ("zoo.backends", "zoo.layers", "zoo.models")


def _register():
    if not any(name in sys.modules for name in REGISTERING):
        importlib.import_module("zoo.models.step")


class _AfterKeras(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds Keras as Python would, and registers the zoo's classes once it is loaded."""

    def find_spec(self, name, path=None, target=None):
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            self.loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        _register()


def install():
    """Register now if Keras is loaded, else as soon as it is."""
    if "keras" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _AfterKeras())
