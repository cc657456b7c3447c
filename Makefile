# Everything here starts from a bare machine with Python >= 3.11, make and a package index.
.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint format bench docs lock clean

PYTHON ?= python3
VENV   ?= .venv
PEERS  := $(VENV)-peers
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

help: ## show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

demo: $(VENV)/demo.stamp ## set everything up, play the story on real city data, keep serving
	$(BIN)/torvet demo $(ARGS)

test: $(VENV)/dev.stamp ## run all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-fast: $(VENV)/dev.stamp ## run what a developer runs after every edit
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" --hypothesis-profile fast -p no:schemathesis $(ARGS)

lint: $(VENV)/dev.stamp ## hold the house's rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src

format: $(VENV)/dev.stamp ## write the code as ruff writes it
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

bench: $(VENV)/dev.stamp $(PEERS)/peers.stamp ## measure every speed claim, with its peers in the same run
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/dev.stamp ## write docs/reference from the code
	$(BIN)/python -m docs.generate

lock: ## pin every dependency anew (needs uv)
	uv pip compile pyproject.toml --all-extras --group build --group test --group lint $(COMPILE) -o locks/dev.lock
	uv pip compile pyproject.toml --extra demo --group build -c locks/dev.lock $(COMPILE) -o locks/demo.lock
	uv pip compile --group peers $(COMPILE) -o locks/peers.lock

COMPILE := --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --quiet

$(BIN)/python:
	@echo "Making a virtual environment in $(VENV) …"
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: locks/demo.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the exchange needs: one to two minutes the first time …"
	@test -e $(VENV)/dev.stamp || $(PIP) install --require-hashes -r locks/demo.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: locks/dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the exchange and its tests need: two to three minutes the first time …"
	@$(PIP) install --require-hashes -r locks/dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/demo.stamp

$(PEERS)/peers.stamp: locks/peers.lock
	@echo "Installing what the benchmarks are measured against …"
	@test -e $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r locks/peers.lock
	@touch $@

clean: ## remove the environment and all caches, never any data
	rm -rf $(VENV) $(PEERS) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
