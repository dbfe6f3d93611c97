# Start with `make demo`, then `make lab`; `make help` lists all targets.
# The environment is a .venv in the checkout, created once from requirements.lock (what running
# needs); the first `make test` or `make lint` adds requirements-test.lock (what checking needs).

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
TOOLS := .venv/.tools

INSTALL := $(BIN)/python -m pip install --quiet --no-deps

# Jupyter refuses to run as root, the usual user in a container, without this flag; its servers
# listen on this machine only, with a token.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

export PIP_DISABLE_PIP_VERSION_CHECK = 1

NODE_TOOLS := node_modules/.package-lock.json

.PHONY: help setup demo test lint lint-js bundles lab app notebooks picture html slides docs wheel links lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY)  ## create the .venv (2.0 GB on disk; `make test` or `make lint` adds 0.4 GB of tools)

# The CRF, which is optional, takes a minute to compile; meanwhile all else is installed.
# TensorFlow's C++ headers (0.3 GB) are for operations of one's own; nothing that runs reads them.
# DeepLab's models are optional too: offline, the last command but one says so in one line, within
# three seconds.
$(READY): requirements.lock requirements-build.lock requirements-crf.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "segxai needs Python 3.11 or newer; choose one, e.g.: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@echo "Setting up .venv (once; a few minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo '{}' > .venv/package.json  # else Node.js takes JupyterLab's scripts for modules, as package.json here says of the widgets'
	@rm -rf .venv/crf
	@$(BIN)/python -m pip wheel --quiet --no-deps --require-hashes --wheel-dir .venv/crf --requirement requirements-crf.lock 2> .venv/crf.log & \
	  $(INSTALL) --require-hashes --requirement requirements.lock --requirement requirements-build.lock || { kill $$!; exit 1; }; \
	  $(INSTALL) --no-build-isolation --editable . || { kill $$!; exit 1; }; \
	  wait $$! && $(INSTALL) --no-index .venv/crf/*.whl && rm -r .venv/crf || \
	  echo "The CRF was not installed: it needs a C++ compiler and Python's headers (see .venv/crf.log). Everything else works."
	@rm -rf .venv/lib/python3*/site-packages/tensorflow/include
	@$(BIN)/python -m segxai fetch deeplab ade20k --seconds 3 || true
	@touch $(READY)

$(TOOLS): $(READY) requirements-test.lock
	@echo "Adding the tools for tests and checks (once; a minute) ..."
	@$(INSTALL) --require-hashes --requirement requirements-test.lock
	@touch $(TOOLS)

demo: $(READY)  ## explain two photographs: print a table and write demo/index.html
	$(BIN)/python -m segxai explain astronaut cat --target "football helmet" --target auto --segmenter slic --segmenter deep --out demo/index.html

# Two processes of one thread each: TensorFlow's threads would wait for each other's processor.
test: $(TOOLS)  ## run all tests
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(TOOLS)  ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ruff format --check --line-length 88 notebooks/src/[0-9]*.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory lint-js

lint-js:  ## check the widgets' JavaScript (needs Node.js)
	@if command -v npm > /dev/null; then $(MAKE) --no-print-directory $(NODE_TOOLS) && npm run --silent lint; \
	elif [ -n "$$SEGXAI_NO_SKIPS" ]; then echo "npm is missing: install Node.js 20 or newer." >&2; exit 1; \
	else echo "The JavaScript was not checked: npm is missing. Install Node.js 20 or newer for that."; fi

$(NODE_TOOLS): package-lock.json
	@npm ci --silent --ignore-scripts --no-audit --no-fund

bundles: $(NODE_TOOLS)  ## bundle the widgets' JavaScript into what is shipped (needs Node.js)
	@npm run --silent bundles

lab: $(READY)  ## open notebook 00 in JupyterLab (this machine only, with a token)
	$(BIN)/jupyter lab --ip=127.0.0.1 $(AS_ROOT) notebooks/00_ask_one_question.ipynb

app: $(READY)  ## open the explorer as a web page without code (Voilà, this machine only, with a token)
	JUPYTER_PATH="$(CURDIR)/binder/jupyter" JUPYTER_CONFIG_PATH="$(CURDIR)/binder/jupyter" \
	  $(BIN)/jupyter server --ip=127.0.0.1 $(AS_ROOT) --ServerApp.root_dir=notebooks --ServerApp.open_browser=True \
	  --ServerApp.default_url=/voila/render/app_explorer.ipynb

notebooks: $(READY)  ## build notebooks/*.ipynb from notebooks/src/*.py
	$(BIN)/python notebooks/src/build.py

picture: $(READY)  ## draw the picture in the README and those in docs/gallery.md
	$(BIN)/python notebooks/src/difference.py
	$(BIN)/python docs/gallery.py

html: $(READY)  ## build html/: the executed notebooks as web pages that need no Python
	$(BIN)/python notebooks/src/html_edition.py

slides: html  ## build html/slides/: the executed notebooks as slides (shown by reveal.js, which a browser fetches from the internet)
	$(BIN)/python notebooks/src/slides.py

docs: $(TOOLS)  ## build build/docs/: the reference of the package, from its docstrings
	$(BIN)/pdoc --docformat numpy --output-directory build/docs segxai segxai.data segxai.metrics segxai.plots segxai.explanation.surrogates segxai.widgets segxai.nets.upsampling

wheel: $(TOOLS)  ## build dist/: the source distribution, and the wheel from it
	$(BIN)/uv build --quiet --clear --build-constraints requirements-build.lock --require-hashes --out-dir dist

links:  ## set the repository's owner in the links to Binder and Colab: make links OWNER=name
	@$(PYTHON) .ci/links.py $(OWNER)

# libclang is for building TensorFlow's wrappers; no code that runs imports it.
UV_COMPILE := $(BIN)/uv pip compile --quiet --no-emit-package libclang --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

EXTRAS := --extra cpu --extra pascal --extra dask --extra lab

lock: $(TOOLS)  ## update the lock files (keeps locked versions where possible)
	$(UV_COMPILE) $(EXTRAS) --group contours pyproject.toml --output-file requirements.lock
	$(UV_COMPILE) $(EXTRAS) --extra test --group contours --constraint requirements.lock \
	  $$(sed -nE 's/^([A-Za-z0-9._-]+)==.*/--no-emit-package \1/p' requirements.lock) \
	  pyproject.toml --output-file requirements-test.lock
	{ sed -nE 's/^requires = \["(.*)"\].*/\1/p' pyproject.toml; echo "editables~=0.3  # of hatchling, for editable installations"; } | \
	  $(UV_COMPILE) --constraint requirements.lock - --output-file requirements-build.lock
	echo "pydensecrf2>=1.0" | $(UV_COMPILE) --no-deps - --output-file requirements-crf.lock

clean:  ## remove the .venv and all generated files
	rm -rf .venv demo html build dist node_modules screenshots test-results .cache/executed .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
