# Everything a newcomer, a developer or a build machine runs. Needs make and Python 3.11 or newer, nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
ARGS ?=
WORKERS ?= 2

.PHONY: help setup run test lint types format migrations messages bench lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv with Pult and its locked dependencies in it
	@sh tools/setup.sh
	@$(BIN)/python tools/messages.py compile

run: setup ## Start the demo: shops that sell, pages at http://127.0.0.1:8000 (Ctrl-C stops it)
	@export PULT_DATA_DIR=./var/demo PULT_DEMO=1; unset PULT_DATABASE_URL PULT_DATABASE_URL_FILE; \
	$(BIN)/pult migrate && $(BIN)/pult demo && exec $(BIN)/pult serve

test: setup ## Run every test, the browser tests included (ARGS="-k name" chooses)
	@$(BIN)/python -m pult.testing.browser
	$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: setup ## Check style and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: setup ## Check the types
	$(BIN)/mypy

format: setup ## Put the code into its one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

migrations: setup ## Write the migrations the models need (NAME=add_hold_reason)
	$(BIN)/python manage.py makemigrations $(if $(NAME),--name $(NAME))

messages: setup ## Collect the texts into locale/hu and say which lack a translation
	$(BIN)/python tools/messages.py update
	$(BIN)/python tools/messages.py check

bench: setup ## Run the benchmarks
	$(BIN)/pult bench ingest
	$(BIN)/pult bench orders

lock: setup ## Resolve the dependencies of pyproject.toml anew into requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-annotate --no-header --extra dev pyproject.toml -o requirements.lock

clean: ## Remove what can be made again; the data in var stays
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find locale -name '*.mo' -delete
