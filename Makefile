# 回应 Huiying. `make` alone lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -m venv --help >/dev/null 2>&1 || { echo "缺少 python3-venv：sudo apt-get install -y python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip "uv>=0.9"
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

setup: .venv/.ready ## set up .venv with the pinned dependencies, and nothing else

demo: setup ## live the demo city's five days, then leave the dashboard open at http://127.0.0.1:8600
	$(BIN)/huiying demo

test: setup ## lint, types, import contract and every test that can run here
	$(BIN)/python -m tests.run

test-services: setup ## the tests that need Elasticsearch or PostgreSQL (see: make services)
	$(BIN)/python -m tests.run --services

test-postgres: setup ## every test once more, on PostgreSQL
	$(BIN)/python -m tests.run --postgres

test-faults: setup ## the long form of the fault tests
	$(BIN)/python -m tests.run --faults

services: setup ## fetch and start Elasticsearch and PostgreSQL on loopback, data under .services/
	$(BIN)/python -m services start

services-stop:
	$(BIN)/python -m services stop

lock: setup ## resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --python-version 3.11 --extra postgres --extra scale --extra gazetteer --extra dev pyproject.toml -o requirements.lock

bundle: setup ## an offline bundle for a machine without internet, under dist/
	$(BIN)/python -m deploy.bundle

audit: setup
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.lock \
	  || { echo "pip-audit: not passed (advisories found, or not run: no advisory service answered)"; exit 1; }

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .import_linter_cache

.PHONY: help setup demo test test-services test-postgres test-faults services services-stop lock bundle audit clean
