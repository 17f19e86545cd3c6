# `make` alone lists what there is. VENV, DATA, PORT and WORKERS may be given: make run DATA=/srv/demo PORT=9000
SHELL  := /bin/bash
PYTHON ?= python3
VENV   ?= .venv
DATA   ?= data
PORT   ?= 8470
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Half as many again as there are cores: a third of the suite's time is waiting, for disks, browsers and other programs.
WORKERS ?= $(shell expr 3 '*' $$(getconf _NPROCESSORS_ONLN) / 2)

# Hundreds of programs are started by the story and the tests: each would compile all of its modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test check lint types imports fix lock bench fuzz properties schemathesis dist verifier sbom preview-check words

help:  ## list the commands
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runtime  ## tell the whole story, then keep serving (ONCE=1: stop)
	@$(BIN)/sealtrace demo --data "$(DATA)" --port "$(PORT)" $(if $(ONCE),--once)

test: $(VENV)/.development  ## run the whole test suite, on every core
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

check: lint types imports test  ## all that continuous integration runs

lint: $(VENV)/.development  ## style, with a reason for every rule that is off
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.development  ## mypy, strict
	@$(BIN)/mypy && MYPYPATH=packaging $(BIN)/mypy --strict packaging/build_dist.py packaging/fraud_check.py

imports: $(VENV)/.development  ## who may import whom
	@$(BIN)/lint-imports --no-cache

fix: $(VENV)/.development  ## format, and repair what can be repaired safely
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(VENV)/.development  ## the measurements, each beside the machine's own limit
	@$(BIN)/python -m benchmarks --json benchmarks.json && $(BIN)/python -m benchmarks.page

fuzz: $(VENV)/fuzz/.ready  ## fuzz every parser, FUZZ_SECONDS each (60)
	@$(VENV)/fuzz/bin/python -m fuzz $(or $(FUZZ_SECONDS),60)

properties: $(VENV)/.development  ## a thousand examples of every property that the suite tries fifty of
	@$(BIN)/python -m pytest -m hypothesis --hypothesis-profile long --numprocesses auto --dist loadfile

schemathesis: $(VENV)/.development  ## a thousand questions to every call of /openapi.json
	@SEALTRACE_SCHEMATHESIS_EXAMPLES=1000 $(BIN)/python -m pytest tests/attacks/test_openapi.py

preview-check: $(VENV)/.development  ## ten thousand random profiles and lists: the preview against what every agency opens
	@SEALTRACE_PREVIEW_CASES=10000 $(BIN)/python -m pytest tests/clients/test_preview_matches.py --numprocesses auto

words: $(VENV)/.development  ## merge the desk's words into its catalogues, list what lacks
	@$(BIN)/python -m clients.desk.catalogues

setup: $(VENV)/.development  ## the environment, from the hash-locked requirements

lock: $(VENV)/.tools  ## compile both locks anew from pyproject.toml
	@for extra in "" "--extra=dev"; do \
	  CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/tools/bin/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $$extra \
	    --output-file=requirements$${extra:+-dev}.txt pyproject.toml || exit 1; done

dist: $(VENV)/.runtime  ## all that a machine without network needs, in one tar
	@$(BIN)/python packaging/build_dist.py --output dist

verifier: $(BIN)/python  ## the verifier alone: bundles and proofs of fraud, offline
	@$(BIN)/python packaging/build_dist.py --output dist --verifier

sbom: $(VENV)/.runtime  ## the bill of materials (CycloneDX) of that tar
	@$(BIN)/python packaging/build_dist.py --output dist --sbom

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sealtrace needs Python 3.11 or newer; name one with PYTHON=")'
	@$(PYTHON) -m venv "$(VENV)"

# --no-build-isolation: the build tool comes from the lock too, not from whatever is newest today.
$(VENV)/.runtime: $(BIN)/python requirements.txt pyproject.toml
	@echo "Installing the hash-locked packages into $(VENV) …"
	@$(PIP) install --require-hashes --requirement requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.txt
	@echo "Adding the packages that tests and checks need …"
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@touch $@

$(VENV)/.tools: $(BIN)/python
	@$(PYTHON) -m venv "$(VENV)/tools" && "$(VENV)/tools/bin/python" -m pip --quiet install pip-tools && touch $@

# The fuzzer comes as a binary for some machines only, and slows down what it instruments: an environment of its own.
$(VENV)/fuzz/.ready: requirements-dev.txt fuzz/requirements.txt
	@$(PYTHON) -m venv "$(VENV)/fuzz"
	@"$(VENV)/fuzz/bin/python" -m pip --quiet install --require-hashes --requirement requirements-dev.txt --requirement fuzz/requirements.txt
	@touch $@
