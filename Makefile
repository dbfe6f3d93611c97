# Everything a newcomer needs: `make demo`, then `make lab`. `make help` lists the rest.
# The environment is a .venv in the checkout, made once from requirements.lock.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# In a container one is often root, and Jupyter wants to be told; its servers here are for this machine only and keep their tokens.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup demo test lint lab app notebooks picture html docs lock clean
.DEFAULT_GOAL := help

help:  ## list these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY)  ## make the .venv (about 1.5 GB on disk)

$(READY): requirements.lock requirements-crf.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "segxai needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@echo "Setting up .venv (once; a few minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@echo "Compiling the CRF (optional; a minute) ..."
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements-crf.lock 2> .venv/crf.log || \
	  echo "The CRF was left out: it needs a C++ compiler and Python's headers (see .venv/crf.log). All else works."
	@touch $(READY)

demo: $(READY)  ## explain two photographs, print a table, write demo/index.html
	$(BIN)/python -m segxai explain astronaut cat --target "football helmet" --target auto --segmenter slic --segmenter deep --out demo/index.html

test: $(READY)  ## run all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(READY)  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(READY)  ## open JupyterLab on notebook 00 (this machine only, with its token)
	$(BIN)/jupyter lab --ip=127.0.0.1 $(AS_ROOT) notebooks/00_start_here.ipynb

app: $(READY)  ## open the explorer as a page without code (Voilà, this machine only, with its token)
	$(BIN)/jupyter server --ip=127.0.0.1 $(AS_ROOT) --ServerApp.root_dir=notebooks --ServerApp.open_browser=True \
	  --ServerApp.default_url=/voila/render/app_explorer.ipynb

notebooks: $(READY)  ## make notebooks/*.ipynb from notebooks/src/*.py
	$(BIN)/python notebooks/src/build.py

picture: $(READY)  ## make the picture of the README
	$(BIN)/python notebooks/src/difference.py

html: $(READY)  ## make html/: the executed series as pages that need no Python
	$(BIN)/python notebooks/src/html_edition.py

docs: $(READY)  ## make docs/: the reference of the package, from its docstrings
	$(BIN)/pdoc --output-directory docs segxai segxai.data segxai.metrics segxai.plots segxai.explanation.surrogates segxai.widgets segxai.nets.upsampling

UV_COMPILE := uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

lock: pyproject.toml  ## resolve the two lock files anew (needs uv: pip install uv)
	$(UV_COMPILE) --extra cpu --extra pascal --extra dask --extra lab --extra test --group contours pyproject.toml --output-file requirements.lock
	echo "pydensecrf2>=1.0" | $(UV_COMPILE) --no-deps - --output-file requirements-crf.lock

clean:  ## remove the .venv and everything made
	rm -rf .venv demo html docs build dist screenshots test-results .cache/executed .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
