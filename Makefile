# Jishi 基石. Two commands set up a bare Debian 12 machine: `make up` and `make test`; both say what they do.
# More words for the command behind a target go into ARGS: make up ARGS="--port 8123 --detach"

.PHONY: up down test check lint bench soak test-bare clean

JISHI  := .venv/bin/jishi
PYTHON := .venv/bin/python
ARGS   ?=

up:
	@deploy/bootstrap.sh --run
	@$(JISHI) up $(ARGS)

down:
	@if [ -x $(JISHI) ]; then $(JISHI) down; fi

test:
	@deploy/bootstrap.sh --test
	@TEST_ARTEFACTS="$(CURDIR)/var/screenshots" $(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not soak" $(ARGS)

lint:
	@deploy/bootstrap.sh --test
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy platform ingest api tests
	@.venv/bin/lint-imports

check: lint test

# Every benchmark prints a ratio against a named peer of the same run.
bench:
	@deploy/bootstrap.sh --bench
	@set -e; for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(PYTHON) "$$file" $(ARGS); done

soak:
	@deploy/bootstrap.sh --test
	@$(PYTHON) -m pytest -m soak $(ARGS)

# The two commands in a bare Debian 12 root made by debootstrap (root needed).
test-bare:
	@deploy/test_bare.sh

clean: down
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -path ./var -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "var/ (database, keys, landing zone) is kept; remove it yourself if you mean it"
