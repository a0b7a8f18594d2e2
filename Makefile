# Needs Python 3.11 or newer, and makes its own environment in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
TOX := $(BIN)/python -m tox run

.PHONY: run test test-all bench dev proto clean

# Start the server on SQLite: make run ARGS="--port 9000"
run: $(VENV)/.run-installed
	@$(BIN)/bsr-scim serve $(ARGS)

# Check style and types, test the built wheel. What setuptools left in build/ would get into the wheel again.
test: $(VENV)/.tox-installed
	@rm -rf build
	@$(TOX) $(ARGS)

# The same with many more generated cases, and on sets of Redis servers.
test-all: $(VENV)/.tox-installed
	@rm -rf build
	@$(TOX) $(ARGS) -- --hypothesis-profile=thorough
	@$(TOX) -e redis-sets

# Measure beside other servers, and write docs/benchmarks.md: make bench ARGS="--quick"
bench: $(VENV)/.bench-installed
	@$(BIN)/python -m benchmarks.run $(ARGS)

# Install the package in place, with all that its tests need.
dev: $(VENV)/.dev-installed

# Make the code of the admin API's messages and services anew from its .proto files.
proto: $(VENV)/.dev-installed
	cd flask_bsr_scim/registry/api && PATH="$(abspath $(BIN)):$$PATH" buf generate

clean:
	rm -rf $(VENV) .tox build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.run-installed: setup.py | $(BIN)/python
	$(PIP) --editable ".[server]"
	@touch $@

$(VENV)/.bench-installed: setup.py | $(BIN)/python
	$(PIP) --editable ".[server,bench]"
	@touch $@

$(VENV)/.dev-installed: setup.py | $(BIN)/python
	$(PIP) --editable ".[all,test]"
	@touch $@

$(VENV)/.tox-installed: tox.ini | $(BIN)/python
	$(PIP) "tox>=4.22"
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
