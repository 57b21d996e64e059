# Every target installs what it needs: `install` comes first, and is quick when nothing changed.

BIN := .venv/bin
PYTEST := $(BIN)/pytest -q --no-header
CODE := src tests benchmarks examples $(wildcard demo) $(wildcard tools/*.py)

# Without a home that may be written to, a folder of ours stands in for it.
export HOME := $(shell tools/home.sh)
# `make install PYTHON=python3.14` chooses; what a shell exports for other programs doesn't.
ifneq ($(origin PYTHON),command line)
unexport PYTHON
endif
# The tests start thousands of Pythons. Without bytecode each would compile every library anew: half of all the CPU.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install tools-install check format unit integration faults faults-short scan e2e test demo up sam-local bench docs recording requirements

help: ## what there is to run
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

install: ## .venv with the project and its development tools
	@tools/install.sh

tools-install: install ## .tools with ministack and AWS SAM CLI
	@tools/install_sandbox.sh

check: install ## format, lint, types, imports, names, known vulnerabilities
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --no-error-summary
	@found=$$($(BIN)/lint-imports --no-logo) || { echo "$$found"; exit 1; }
	@found=$$($(PYTEST) tests/unit/test_names.py) || { echo "$$found"; exit 1; }
	@tools/audit.sh

format: install ## write what `check` would only ask for
	@$(BIN)/ruff check --fix --quiet $(CODE)
	@$(BIN)/ruff format $(CODE)

unit: install ## pure tests
	@$(PYTEST) -n 2 tests/unit

integration: install ## against a real PostgreSQL and PgBouncer, and moto's S3 and SQS
	@tools/install_pgbouncer.sh
	@$(PYTEST) -n 4 tests/integration

faults-short: tools-install ## the small part of `make faults`
	@$(PYTEST) -n 2 --dist loadfile tests/faults

faults: tools-install ## kills, crashes, outages, a bad network and load, for hours (FAULT_SECONDS, FAULT_KILLS, FAULT_FILES, FAULT_SEED)
	@FAULT_SECONDS=$${FAULT_SECONDS:-900} $(PYTEST) tests/faults

e2e: tools-install ## the handler, and the deployed template
	@$(PYTEST) -n 2 --dist loadfile tests/e2e

scan: tools-install ## cfn-lint and checkov over the templates
	@tools/scan.sh

test: unit integration faults-short scan e2e ## every test, and a part of the fault suite

demo: tools-install ## the whole path on this machine (KEEP=1: stays up)
	@KEEP=$(KEEP) $(BIN)/python -m demo.run

up: tools-install ## PostgreSQL, S3 and SQS for `sam local invoke` with events/env.json, until Ctrl-C
	@$(BIN)/python -m demo.up

sam-local: tools-install ## every event of events/ in Lambda's container image (needs Docker)
	@$(BIN)/python -m demo.sam_local

bench: install ## whole loads against copying the same rows already encoded
	@$(BIN)/python -m benchmarks.load_throughput

docs: install ## docs/reference from `--help`, the settings and the schema's comments
	@$(BIN)/python -m tools.reference

recording: tools-install ## docs/demo.svg: what `make demo` and `ingestor local` print
	@$(BIN)/python -m tools.recording

requirements: install ## src/requirements.txt from src/requirements.in (UPGRADE=1: newer versions)
	@tools/requirements.sh $(if $(UPGRADE),--upgrade)
