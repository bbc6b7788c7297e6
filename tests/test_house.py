"""The house keeps its order: who imports whom, where frameworks may stand, how long files are."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import zoo

pytestmark = pytest.mark.neutral

ROOT = Path(zoo.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# A room imports from itself and from rooms before it.
ROOMS = (
    "hook",
    "errors",
    "files",
    "web",
    "plots",
    "data",
    "backends",
    "reference",
    "heads",
    "layers",
    "models",
    "engine",
    "metrics",
    "tasks",
    "answering",
    "registry",
    "recipes",
    "download",
    "store",
    "golden",
    "transfer",
    "environment",
    "trainer",
    "training",
    "predictor",
    "cards",
    "card_page",
    "formats",
    "runtime",
    "serving",
    "reports",
    "cli",
)
# The registry finds the recipes, which register themselves: the one import that looks ahead.
AHEAD = {("registry", "recipes")}

BACKENDS = {"tensorflow", "jax", "torch"}
FRAMEWORKS = BACKENDS | {"jaxlib", "onnx", "onnxruntime", "openvino", "ai_edge_litert"}
FRAMEWORK_ROOMS = {"backends", "formats", "runtime"}
WITHOUT_KERAS = {
    "errors",
    "files",
    "web",
    "plots",
    "data",
    "reference",
    "metrics",
    "hook",
    "tasks",
    "answering",
    "registry",
}
# Folders where every file has the same functions: the folder's first page says what they do.
SAME_FUNCTIONS = {"tasks", "recipes", "reference", "formats", "kernels", "bench"}
LONGEST_FILE = 250


def room(path):
    """The room that a file of the package stands in; None for the door, `zoo/__init__.py`."""
    first = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return None if first in ("__init__", "__main__") else first


def imports(path):
    """Every module that a file imports, inside functions too, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the whole name"
            yield node.module
            if node.module == "zoo":
                yield from (f"zoo.{alias.name}" for alias in node.names)


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def offences(find, files=FILES):
    """{file: what `find` says is wrong with it}, for the files with something wrong."""
    found = {str(path.relative_to(ROOT.parent)): find(path) for path in files}
    return {name: wrong for name, wrong in found.items() if wrong}


def test_a_room_imports_only_from_earlier_rooms():
    inside = [path for path in FILES if room(path)]
    assert not {room(path) for path in inside} - set(ROOMS), "rooms without a place in the order"

    def later(path):
        own = room(path)
        rooms = {n.split(".")[1] for n in imports(path) if n.startswith("zoo.")}
        order = ROOMS.index(own)
        return [r for r in rooms if ROOMS.index(r) > order and (own, r) not in AHEAD]

    assert offences(later, inside) == {}


def test_frameworks_stand_in_their_rooms_only():
    def frameworks(path):
        return {name.split(".")[0] for name in imports(path)} & FRAMEWORKS

    assert offences(frameworks, [f for f in FILES if room(f) not in FRAMEWORK_ROOMS]) == {}


def test_rooms_without_keras():
    def keras(path):
        return [name for name in imports(path) if name.split(".")[0] == "keras"]

    assert offences(keras, [f for f in FILES if room(f) in WITHOUT_KERAS]) == {}


def test_a_file_can_be_read_in_one_sitting():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert offences(lambda path: lengths[path] if lengths[path] > LONGEST_FILE else None) == {}


def test_every_file_says_what_it_is():
    assert offences(lambda path: tree(path).body and not ast.get_docstring(tree(path))) == {}


def test_what_is_public_says_what_it_does():
    def undocumented(path):
        return [
            node.name
            for node in tree(path).body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]

    assert offences(undocumented, [f for f in FILES if f.parent.name not in SAME_FUNCTIONS]) == {}


def test_no_branch_on_the_name_of_a_backend():
    def branches(path):
        compares = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Compare)]
        return [
            ast.unparse(node)
            for node in compares
            if "backend" in ast.unparse(node)
            and BACKENDS & {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
        ]

    assert offences(branches, [f for f in FILES if room(f) not in FRAMEWORK_ROOMS]) == {}


LIGHT = (
    "zoo",
    "zoo.cli",
    "zoo.runtime",
    "zoo.data",
    "zoo.reference",
    "zoo.plots",
    "zoo.answering",
    "zoo.serving.app",
)


@pytest.mark.parametrize("module", [m for m in LIGHT if find_spec(m)])
def test_no_framework_is_pulled_in(module):
    code = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pulled = {name.split(".")[0] for name in run.stdout.split()} & (FRAMEWORKS | {"keras"})
    assert not pulled


def test_every_public_name_is_there():
    for name in zoo.__all__:
        assert getattr(zoo, name) is not None, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        zoo.nothing  # noqa: B018
