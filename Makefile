# The commands of the project; `make help` lists them.
# Belongs here: making the environments and calling one program each. Does not belong here: what those programs do.
#
# Settings are environment variables (README, "Settings"). For make itself:
#   PYTHON  the interpreter that makes .venv (3.11 or later); the first fitting python3 by default
#   PORT    where `make dev` listens on 127.0.0.1; 3000 by default
#   ARGS    passed on to pytest, the benchmarks, or the sample's generator, e.g. make test ARGS="-k replay"

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
PORT ?= 3000
ARGS ?=
JSON ?=

VENV := .venv
BENCH_VENV := .venv-bench
CLIENT := $(VENV)/duckdb-1.2
# The packages that would report to others are told not to, here as well as in deploy/dagster.yaml.
DAGSTER_DISABLE_TELEMETRY := 1
GX_ANALYTICS_ENABLED := false
export DAGSTER_DISABLE_TELEMETRY GX_ANALYTICS_ENABLED

# Hashes for every system and Python, and no word of where the packages came from.
LOCK = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
    --no-annotate --no-header --no-emit-index-url --no-emit-find-links $(ARGS)
# uv installs in a tenth of pip's time. pip brings it, and what pip was told of an index and of certificates holds for uv.
PIP := -m pip install --quiet --disable-pip-version-check --require-hashes
INSTALL = index=$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(@D)/bin/python -m pip config get global.index-url 2>/dev/null)}}; \
    UV_DEFAULT_INDEX=$$index SSL_CERT_FILE=$${SSL_CERT_FILE:-$$PIP_CERT} \
    $(@D)/bin/uv pip install --quiet --require-hashes --python $(@D)/bin/python

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test long dev bench lint format sample docs lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/runtime.stamp ## Materialize every asset, publish, print the headline table
	@$(VENV)/bin/python -m pipelines run

test: $(VENV)/dev.stamp $(CLIENT).stamp ## Run the whole test suite (ARGS="-k replay" for a part)
	@$(VENV)/bin/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

long: $(VENV)/dev.stamp ## Run the long versions: 50,000 broken files, 200 killed runs, ten times the generated logs (long)
	@EXAMPLES=10 INGEST_FUZZ=50 KILLS=200 SOAK=50 EQUAL_LOGS=20 COVERAGE_LOGS=2000 $(VENV)/bin/python -m pytest --numprocesses auto --dist load \
	    -m "slow or hypothesis" $(ARGS)

dev: $(VENV)/runtime.stamp ## Serve the Dagster web UI and its daemon on http://127.0.0.1:3000
	@$(VENV)/bin/python -m pipelines dev --port $(PORT)

bench: $(BENCH_VENV)/bench.stamp ## Measure the speed ratios on generated data (JSON=1 for one JSON object)
	@$(BENCH_VENV)/bin/python -m tests.benchmarks $(if $(JSON),--json) $(ARGS)

lint: $(VENV)/dev.stamp ## Check format, lint, types and SQL
	@$(VENV)/bin/ruff format --check --quiet . || { echo "Format: run 'make format'." >&2; exit 1; }
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/sqlfluff lint --disable-progress-bar sql

format: $(VENV)/dev.stamp ## Put the Python code into its one format
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

sample: $(VENV)/runtime.stamp ## Write the sample data again, byte for byte
	@$(VENV)/bin/python -m tests.simulation $(ARGS)

docs: $(VENV)/runtime.stamp ## Write docs/tables.md from the SQL files
	@$(VENV)/bin/python -m pipelines.models.table_docs

lock: $(VENV)/dev.stamp ## Bring the locks in line with pyproject.toml (ARGS=--upgrade: with the newest versions)
	@$(LOCK) pyproject.toml --output-file requirements.lock
	@$(LOCK) pyproject.toml --group dev --constraints requirements.lock --output-file requirements-dev.lock
	@$(LOCK) pyproject.toml --group bench --constraints requirements.lock --output-file requirements-bench.lock
	@$(LOCK) --group client --output-file requirements-client.lock
	@$(LOCK) --group installer --output-file requirements-installer.lock

clean: ## Remove the environments and caches; what the pipeline wrote stays
	rm -rf $(VENV) $(BENCH_VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -type d -prune -exec rm -rf {} +

# Environments. A stamp says which lock was installed last: a changed lock installs again, else nothing happens.

$(VENV)/bin/python $(BENCH_VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: install it, or name it with PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -m venv $(patsubst %/bin/python,%,$@)

$(VENV)/runtime.stamp: requirements.lock requirements-installer.lock | $(VENV)/bin/python
	@echo "Installing the locked dependencies into $(VENV) (once) ..."
	@$(@D)/bin/python $(PIP) --requirement requirements-installer.lock
	@$(INSTALL) --requirement $<
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	@echo "Installing the locked development tools into $(VENV) (once) ..."
	@$(INSTALL) --requirement $<
	@touch $@

$(BENCH_VENV)/bench.stamp: requirements-bench.lock requirements-installer.lock | $(BENCH_VENV)/bin/python
	@echo "Installing the pipeline and the tools it is measured against into $(BENCH_VENV) (once) ..." >&2
	@$(@D)/bin/python $(PIP) --requirement requirements-installer.lock
	@$(INSTALL) --requirement $<
	@touch $@

# The oldest DuckDB that the published file must open in, in a folder of its own: tests run it in a process of its own.
$(CLIENT).stamp: requirements-client.lock | $(VENV)/bin/python
	@rm -rf $(CLIENT)
	@$(VENV)/bin/python $(PIP) --no-deps --target $(CLIENT) --requirement $<
	@touch $@
