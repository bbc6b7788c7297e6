"""What every test shares: the backend, seeds, and which tests run where.

`make test` runs the suite once for each backend. A test marked `neutral` needs no backend, so it
runs with TensorFlow only (or anywhere with ZOO_NEUTRAL=1); elsewhere it is not collected.
"""

import os

# Before any framework is imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
import pytest

NEUTRAL_BACKEND = "tensorflow"

# Warnings are errors, but for those that these packages raise inside themselves. What Keras says
# to its users (UserWarning) is not among them: the zoo should give it no reason to.
FRAMEWORKS = r"(tensorflow|jax|jaxlib|torch|google|numpy|ml_dtypes|flatbuffers)\b"
HARMLESS = {
    "DeprecationWarning": rf"(keras\b|{FRAMEWORKS})",
    "FutureWarning": rf"(keras\b|{FRAMEWORKS})",
    "UserWarning": FRAMEWORKS,
}


def pytest_configure(config):
    if hasattr(config, "cache"):  # not with -p no:cacheprovider
        _let_jax_compile_less(config.cache.mkdir("jax"))
    config.addinivalue_line("filterwarnings", "error")
    for category, packages in HARMLESS.items():
        config.addinivalue_line("filterwarnings", f"ignore::{category}:{packages}")


def _let_jax_compile_less(folder):
    """Nearly all of JAX's time in these tests is compilation of what then runs once.

    Compiled programs are kept in pytest's cache folder, so that equal ones are compiled once.
    """
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


def pytest_collection_modifyitems(config, items):
    backend = os.environ.get("KERAS_BACKEND", NEUTRAL_BACKEND)
    if backend == NEUTRAL_BACKEND or os.environ.get("ZOO_NEUTRAL") == "1":
        return
    neutral = [item for item in items if item.get_closest_marker("neutral")]
    config.hook.pytest_deselected(items=neutral)
    items[:] = [item for item in items if item not in neutral]


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """`trained(name)`: the folder of a tiny model of that recipe, trained once for all tests."""
    from tiny import train

    folders = {}

    def folder(name):
        if name not in folders:
            folders[name] = train(name, tmp_path_factory.mktemp("trained") / name)
        return folders[name]

    return folder


@pytest.fixture
def zoo(capsys):
    """`zoo(*arguments)` -> (status, standard output, standard error)."""

    from zoo import cli

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(a) for a in arguments])
        return (stopped.value.code, *capsys.readouterr())

    return run


@pytest.fixture(autouse=True)
def seeded(request):
    """The same random numbers whatever ran before. Keras is loaded for tests that need it only."""
    if not request.node.get_closest_marker("neutral"):
        import keras

        keras.utils.set_random_seed(0)
    yield
