# make demo    environment with TensorFlow, then the main job: five architectures, one report
# make test    environment with all three backends, style checks, every test on each backend
# make browser Chromium for the tests of pages, where it is missing and apt-get may install it
# make figures the drawings of docs/
# make export  SavedModel and ONNX of every shipped model, under saved_models/NAME/

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
# One thread a process: the tests run in two processes, and small models only lose by more.
THREADS := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1
BACKENDS := tensorflow jax torch

.PHONY: demo test lint browser figures export clean $(BACKENDS:%=test-%)

demo: $(VENV)/.base
	$(BIN)/zoo demo

test: lint $(BACKENDS:%=test-%)
	@echo "all tests passed on: $(BACKENDS)"

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# JAX's tests are mostly compiling: a third less of it without LLVM's optimisation.
test-jax: export XLA_FLAGS := --xla_backend_optimization_level=0

$(BACKENDS:%=test-%): test-%: $(VENV)/.dev
	KERAS_BACKEND=$* $(THREADS) $(BIN)/python -m pytest -q -n 2

# The tests that need no backend run with TensorFlow's, those of pages in a browser among them.
test-tensorflow: browser

BROWSERS := chromium chromium-browser google-chrome
browser:
	@[ -n "$$CHROMIUM" ] || for name in $(BROWSERS); do command -v $$name && exit; done \
	  || { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	       apt-get install -qq -y --no-install-recommends chromium > /dev/null; } \
	  || echo "no Chromium, and apt-get as root could not install it: set CHROMIUM to one, or the" \
	          "tests of pages are skipped (they fail where CI=true)"

# The formats come with the extras of .dev, since one of them is written and checked in each runtime.
export: $(VENV)/.dev
	$(BIN)/python scripts/export_saved_models.py

figures: $(VENV)/.base
	$(BIN)/python scripts/draw_figures.py

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable .
	@touch $@

# torch by itself first, and pinned: a range would bring the newest build with its CUDA packages.
$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) torch==2.13.0
	$(INSTALL) --editable '.[all,dev]'
	@touch $(VENV)/.base $@

clean:
	rm -rf $(VENV) build dist *.egg-info
