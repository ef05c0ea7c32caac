# `make up` provisions, publishes and runs; `make test` tests. The rest is for those who change amlkit.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Set in many container images. Tests and runs start hundreds of processes; each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up down test check format lock clean

up: $(READY)
	@$(BIN)/amlkit local start
	@$(BIN)/amlkit up --yes --skip-preview
	@$(BIN)/amlkit invoke training

# Without `.amlkit` nothing was ever up. Exit code 6: the stack was not even made.
down: $(if $(wildcard .amlkit),$(READY))
	@if [ ! -e .amlkit ]; then echo 'Nothing is up'; exit 0; fi; \
	  $(BIN)/amlkit local start && \
	  { $(BIN)/amlkit destroy --yes --skip-preview || [ $$? -eq 6 ]; } && \
	  $(BIN)/amlkit local stop

test: check
	@echo 'Tests'
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(READY)
	@echo 'Checking style, types'
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

format: $(READY)
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

# New versions of everything, with hashes and without addresses.
lock: $(READY)
	@$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header --universal \
	  --python-version 3.11 --all-extras --group dev pyproject.toml --output-file requirements.lock
	@awk '/^uv==/ {on=1} /^[a-z]/ && !/^uv==/ {on=0} on' requirements.lock > bootstrap.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# bootstrap.lock holds uv alone, which then installs everything else in parallel. Without its last file, `.ready`, the
# folder is what an interrupted make left, with half of a package in it maybe: it is made from nothing.
$(READY): requirements.lock bootstrap.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'error: amlkit needs Python 3.11 or newer, and `$(PYTHON)` is older or missing' >&2; \
	  echo '  hint: name another one: make up PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'error: `$(PYTHON)` has no venv module' >&2; \
	  echo '  hint: on Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@if [ -e $@ ]; then echo 'Updating $(VENV)'; else \
	  echo 'Making $(VENV) (about 500 MB; a minute or two the first time)'; clear=--clear; fi; \
	  rm -f $@; $(PYTHON) -m venv $$clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement bootstrap.lock && \
	  $(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock && \
	  $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable . || { \
	  echo 'error: the packages of $(VENV) could not be installed; the lines above say why' >&2; \
	  echo '  hint: a mirror of PyPI is named by PIP_INDEX_URL and UV_DEFAULT_INDEX' >&2; exit 1; }
	@touch $@
