# make demo    render four clips in built-in homes and show them on a page
# make test    style, layers and all tests but the slow ones
# make help    the rest

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
WORKERS ?= 2
COMMA := ,
# The engine of SoundSpaces 2.0 is compiled when it is installed, for Linux on x86-64 only. Where that
# cannot be, its tests skip.
INCLUDE = $(shell $(PYTHON) -c "import sysconfig; print(sysconfig.get_path('include'))")
SOUNDSPACES = $(if $(filter x86_64,$(shell \
    c++ -E -I "$(INCLUDE)" -include Python.h -x c++ /dev/null >/dev/null 2>&1 && uname -m)),$(COMMA)soundspaces)

.PHONY: help demo install test lint test-slow bench pictures proof clean

help:
	@echo "make demo        render four 10-second clips into demo/ and print the preview's path"
	@echo "make install     make $(VENV) with the four commands"
	@echo "make test        style, layers, tests"
	@echo "make test-slow   tests that take minutes"
	@echo "make bench       speed and memory"
	@echo "make pictures    the pictures of the README"
	@echo "make proof       a short training that beats its baselines; half an hour"
	@echo "make clean       remove what was made, but the data sets"

demo: install
	@$(BIN)/simbinaural render --scenes procedural:80 --videos 4 --duration 10 \
	    --shard-clips 2 --workers $(WORKERS) --out demo
	@$(BIN)/simbinaural verify demo
	@$(BIN)/simbinaural preview demo

install: $(VENV)/installed

test: lint
	$(BIN)/python -m pytest

test-slow: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

bench: $(VENV)/installed-dev
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only

pictures: $(VENV)/installed-dev
	$(BIN)/python tests/make_pictures.py

proof: $(VENV)/installed-dev
	$(BIN)/python tests/benchmarks/short_training.py proof --workers $(WORKERS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	    || { echo "simbinaural needs Python 3.11 or newer: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python setup.cfg constraints.txt
	$(INSTALL) -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python setup.cfg constraints.txt
	$(INSTALL) -e ".[dev,cluster,train,annotate$(SOUNDSPACES)]"
	@touch $@
