# Everything runs from a clean clone with Python and make; each target installs what it needs first.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install tools browser demo test test-stack test-rest faults lint bench comparison docs lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

install: ## make .venv from requirements.lock and fetch the jars (nothing to do: half a second)
	@$(PYTHON) fraud_assets/stack/install.py
	@$(BIN)/python -m fraud_assets.stack.jars

tools: ## the same from requirements-dev.lock: what tests and development need beside it
	@$(PYTHON) fraud_assets/stack/install.py --dev
	@$(BIN)/python -m fraud_assets.stack.jars

browser: tools ## a Chromium for the browser tests, where one can be had
	@$(BIN)/python -m fraud_assets.stack.browser

demo: install ## the whole lakehouse on simulated payments; ARGS=--exit stops after the summary
	@$(BIN)/fraud demo $(ARGS)

test: browser lint ## lint, type check and every test but the faults; ARGS go to pytest
ifeq ($(ARGS),)
	@$(MAKE) --no-print-directory -j 2 test-stack test-rest
else
	$(BIN)/pytest $(ARGS)
endif

test-stack: # a stack serves one test after the other
	$(BIN)/pytest -m "stack and not fault" $(APART:%=--ignore=%)

test-rest: # meanwhile, with the cores that Spark leaves; then a stack of its own serves what is left
	$(REST) -m "not stack and not fault"
	$(REST) -m "stack and not fault" $(APART)

APART := $(addprefix fraud_assets_tests/,decisions sources training models test_graph.py test_tutorial.py)
REST := env -u FRAUD_TEST_STACK $(BIN)/pytest -o cache_dir=.pytest_cache/rest

faults: tools ## the tests that kill parts of a stack and fill its disk (minutes)
	$(BIN)/pytest -m fault $(ARGS)

lint: tools ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: tools ## the benchmark suite; ARGS=NAME for one
	@$(BIN)/python -m bench $(ARGS)

comparison: install ## docs/model-comparison.md anew: every algorithm with every answer to imbalance (minutes)
	@$(BIN)/python -m bench.model_comparison > docs/model-comparison.tmp && mv docs/model-comparison.tmp docs/model-comparison.md

docs: install ## docs/data-dictionary.md anew from the declared tables and features
	@$(BIN)/python -m fraud_assets.declarations.tables.dictionary > docs/data-dictionary.md

COMPILE = $(BIN)/uv pip compile --universal --upgrade --generate-hashes --no-emit-index-url --quiet \
	--custom-compile-command "make lock"

lock: tools ## make requirements.lock and requirements-dev.lock anew from pyproject.toml
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean: ## stop the stack and remove what it wrote; the lake stays
	@if [ -x $(BIN)/fraud ]; then $(BIN)/fraud down; fi
	rm -rf .fraud .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
