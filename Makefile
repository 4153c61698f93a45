SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

RUNS ?= 5
BIN := .venv/bin
INSTALLED := .venv/.installed
UV := $(or $(shell command -v uv),.run/cache/uv/bin/uv)
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url
QUICK := $(wildcard tests/unit tests/contracts tests/model)
AT_ONCE ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.PHONY: help setup demo test check up down status security containers faults planted year bench contracts lock clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Build .venv from the lock, with .venv/bin/olcare

demo: setup ## Play a week of support in two minutes on a real Kafka and PostgreSQL, and balance the books
	@$(BIN)/olcare demo

test: setup ## Run the whole test suite on a real Kafka and PostgreSQL
	@$(BIN)/python -m pytest --numprocesses=$(AT_ONCE) --dist=loadfile tests --ignore=tests/bench

check: setup ## Format, lint, types, imports, unit tests, contracts and some generated cases, in under a minute
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@OLCARE_SEEDS=50 $(BIN)/python -m pytest --quiet --numprocesses=auto -m "not thorough" $(QUICK)

up: setup ## Start everything and leave it running for play
	@$(BIN)/olcare up

down: setup ## End what `make up` started and remove its data
	@$(BIN)/olcare down

status: setup ## Say what `make up` runs, and where
	@$(BIN)/olcare status

security: setup ## Run the tests that docs/security.md names
	@$(BIN)/python -m pytest $$(grep --only-matching 'tests/[a-z_/]*\.py' docs/security.md | sort --unique)

containers: setup ## Build the image and try the whole product as containers (needs a Docker engine)
	@STACK=docker $(BIN)/python -m pytest tests/containers

faults: setup ## Kill, stall and cut off processes RUNS times and balance the books after each
	@$(BIN)/python -m tests.faults.campaign --runs $(RUNS)

planted: setup ## Plant known bugs, one at a time, and see that a test fails for each
	@$(BIN)/python -m tests.planted

year: setup ## Play a year of contracts of 2,000 customers, and reckon everything once more
	@$(BIN)/python -m tests.year --customers 2000

bench: setup ## Measure speed as ratios, with nothing else on the machine
	@$(BIN)/python -m tests.bench

contracts: setup ## Write the schemas and the AsyncAPI document of everything on the wire
	@$(BIN)/python -m tests.contracts.write

lock: $(UV) ## Resolve the dependencies anew (ARGS=--upgrade takes newer ones)
	@$(COMPILE) --extra dev $(ARGS) pyproject.toml -o requirements.lock
	@$(COMPILE) --constraint requirements.lock --extra stack pyproject.toml -o requirements-image.lock
	@for wheel in compose java postgres uv; do \
	    $(COMPILE) --no-deps $(ARGS) libs/stack/wheels/$$wheel.in -o libs/stack/wheels/$$wheel.lock; \
	done
	@for folder in tests/bench tests/acceptance/clients; do \
	    (cd $$folder && UV_CUSTOM_COMPILE_COMMAND="make lock" $(abspath $(UV)) pip compile --quiet --universal \
	        --generate-hashes --python-version 3.11 --no-emit-index-url $(ARGS) requirements.in -o requirements.lock) \
	    || exit 1; \
	done

clean: ## Remove what was installed, fetched and cached
	@test ! -e .run/up.json || { echo "The stack is up: make down first." >&2; exit 1; }
	@rm -rf .venv .run .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): pyproject.toml requirements.lock | $(UV)
	@test -x $(BIN)/python || $(UV) venv --quiet --no-python-downloads --python 3.11 .venv 2>/dev/null \
	    || $(UV) venv --quiet --python '>=3.11' .venv
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q libs services
	@touch $@

.run/cache/uv/bin/uv: libs/stack/wheels/uv.lock
	@PIP_USER=0 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --require-hashes --upgrade --target .run/cache/uv -r $< \
	    || { echo "uv is missing and pip could not fetch it: install uv, or python3 with pip." >&2; exit 1; }
	@touch $@
