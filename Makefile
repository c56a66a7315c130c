# Every target works alone on a fresh clone with Python 3.11+ and make: the first one builds .venv from the lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := $(VENV)/.ready

# Where it is set, each of the hundreds of processes that tests start would compile all of rota anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run test check format man papers screenshots bench lock clean

help:  ## list what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: $(READY)  ## open the app on the simulator: no network, no account, nothing of yours touched
	@$(BIN)/rota demo

run: $(READY)  ## open the app on your own accounts
	@$(BIN)/rota

test: $(READY)  ## run every test, in parallel
	$(BIN)/python -m pytest -n auto --dist worksteal -q

check: $(READY)  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## write the code the way check wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

man: $(READY)  ## remake the man page and the completions that the wheel installs
	$(BIN)/python -m rota_tui.cli.manual share

papers: $(READY)  ## write the tables of README and docs/ anew, from the code
	$(BIN)/python -m tests.support.papers

screenshots: $(READY)  ## remake the pictures that README shows
	$(BIN)/python -m screenshots.take

bench: $(READY)  ## measure, print the table, write it to tests/bench/RESULTS.md
	$(BIN)/python -m tests.bench

lock: $(READY)  ## pin every dependency again (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements.lock

clean:  ## remove what make made
	rm -rf $(VENV) dist build
