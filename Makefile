# Foothold's commands. `make help` lists them; everything they install stays inside this clone and your cache folder.
SHELL := /bin/sh
PY := .venv/bin/python
READY := .venv/.ready
.DEFAULT_GOAL := help
.PHONY: help demo up watch test test-fast test-faults check bench bench-doors coverage mutants lock generate format

help: ## This list
	@grep -hE '^[a-z-]+:.*##' Makefile | sort | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(READY): deploy/local/setup.sh requirements/dev.txt schemas/pyproject.toml runtime/pyproject.toml $(wildcard services/*/pyproject.toml)
	@sh deploy/local/setup.sh

demo: $(READY) ## 5,999 real households from the HTTP door to the inbox (ONCE=1 ends after the table, RATIO=0.25 sets the threshold)
	@$(PY) -m simulator.demo --ratio "$(or $(RATIO),0.10)" $(if $(filter 1,$(ONCE)),--once)

up: $(READY) ## Kafka, PostgreSQL and the three services until Ctrl-C, one log stream
	@$(PY) -m deploy.local up

watch: $(READY) ## Prometheus, if it is installed, for what `make up` runs, by the shipped rules (HURRY=1: seconds instead of minutes)
	@$(PY) -m deploy.local watch $(if $(HURRY),--hurry)

test: $(READY) ## Every check and every test, on embedded Kafka and PostgreSQL (WORKERS=4 at once)
	@$(MAKE) --no-print-directory check
	@$(PY) -m pytest --numprocesses $(or $(WORKERS),2) --dist loadscope --no-loadscope-reorder -m 'not long'

test-fast: $(READY) ## Only what needs no broker and no database
	@$(PY) -m pytest tests/schemas tests/runtime tests/ingest tests/risk tests/alerts tests/repository tests/local -m 'not kafka and not postgres'

check: $(READY) ## Format, lint, types, import contracts, declared dependencies, near copies, generated files
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-cache
	@for p in schemas runtime services/ingest services/risk services/alerts; do .venv/bin/deptry $$p --config $$p/pyproject.toml --no-ansi 2>/dev/null || exit 1; done
	@$(PY) -m deploy.near_copies
	@$(PY) -m tools.generate --check
	@$(PY) -m tools.contracts --check
	@$(PY) -m deploy.asyncapi --check
	@$(PY) -m deploy.openapi --check
	@$(PY) -m deploy.docs --check
	@$(PY) -m deploy.grafana.make --check

test-faults: $(READY) ## The fault tests, longer (SECONDS=120, HELD=1000 requests, SEED=a number replays a run, EXAMPLES=1000 ugly values a kind, LIVES=1000 random lives by two opinions)
	@FOOTHOLD_HELD_REQUESTS=$(or $(HELD),1000) FOOTHOLD_FAULT_SECONDS=$(or $(SECONDS),120) FOOTHOLD_FAULT_SEED=$(or $(SEED),20261125) \
		FOOTHOLD_UGLY_EXAMPLES=$(or $(EXAMPLES),1000) FOOTHOLD_LIVES=$(or $(LIVES),1000) FOOTHOLD_WALKS=$(or $(LIVES),1000) FOOTHOLD_RUNNING_CASES=9000 \
		$(PY) -m pytest tests/risk/lives/test_reference.py tests/risk/lives/test_reference_moves.py tests/faults tests/contract/risk/test_stopping.py tests/contract/ingest/doors/test_ugliest.py tests/contract/ingest/doors/test_routes_take_anything.py tests/contract/alerts/cases/test_deadlines.py tests/e2e/test_alarms.py tests/e2e/test_demo.py tests/local/test_strangers_port.py -s

bench: $(READY) ## How fast the path is on this machine; figures as JSON in var/
	@$(PY) -m bench.path
	@$(PY) -m bench.flood
	@$(PY) -m bench.size

bench-doors: $(READY) ## How fast ingest takes events and files of 200,000 rows; figures as JSON in var/
	@$(PY) -m bench.doors

coverage: $(READY) ## Run the tests, and say which lines and branches none of them reaches: rules all, the whole 90 % (pages in var/coverage)
	@rm -rf var/coverage && mkdir -p var/coverage
	@$(PY) -m coverage run -m pytest --numprocesses $(or $(WORKERS),2) --dist loadscope --no-loadscope-reorder -m 'not long'
	@$(PY) -m coverage combine -q && $(PY) -m coverage html -q -d var/coverage/pages
	@$(PY) -m coverage report --skip-covered --show-missing --include='*/rules/*' --fail-under=100
	@$(PY) -m coverage report --skip-covered --fail-under=90

mutants: $(READY) ## Change the rules one thing at a time: which change does no test notice? (MINUTES=240)
	@$(PY) -m bench.mutants --minutes $(or $(MINUTES),240)

format: $(READY) ## Let ruff write the layout and mend what it can
	@$(PY) -m ruff format --quiet .
	@$(PY) -m ruff check --fix --quiet .

generate: $(READY) ## Write the files that are made from code (JSON Schema, tables in the docs)
	@$(PY) -m tools.generate
	@$(PY) -m deploy.asyncapi
	@$(PY) -m deploy.openapi
	@$(PY) -m deploy.docs
	@$(PY) -m deploy.grafana.make

lock: $(READY) ## Make the hashed requirement files anew from the pyproject files
	@sh deploy/local/lock.sh
