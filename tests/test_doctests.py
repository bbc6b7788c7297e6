"""Every example in a docstring runs."""

import doctest
import os
import re
from importlib import import_module
from pathlib import Path

import pytest

import zoo

BACKENDS = {"tensorflow", "jax", "torch"}
NEUTRAL_ROOMS = {
    "errors",
    "files",
    "web",
    "plots",
    "data",
    "reference",
    "metrics",
    "environment",
    "serving",
}


def modules():
    """The package's modules, without the backends that this process does not run on."""
    others = BACKENDS - {os.environ.get("KERAS_BACKEND", "tensorflow")}
    root = Path(zoo.__file__).parent
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] == "__main__" or (parts[0] == "backends" and parts[-1] in others):
            continue
        name = ".".join(("zoo", *parts)).removesuffix(".__init__")
        marks = [pytest.mark.neutral] if parts[0] in NEUTRAL_ROOMS else []
        if ">>> " in path.read_text(encoding="utf-8"):
            yield pytest.param(name, marks=marks, id=name)


@pytest.mark.parametrize("name", list(modules()))
def test_examples_run(name):
    failed, _ = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert not failed


def test_the_page_on_streaming_runs(capsys):
    page = Path(zoo.__file__).parents[1] / "docs" / "streaming.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    exec("\n".join(blocks), {})
    assert capsys.readouterr().out.count("[") == 3
