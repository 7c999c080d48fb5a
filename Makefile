# What a person types in this project. `make` alone lists it; the texts behind `##` are that list.
# A Python of your choice:  make run PYTHON=/path/to/python3.13

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
JS := tests/live/javascript
COVERAGE := 95

.DEFAULT_GOAL := help
.PHONY: help run demo test check bench pictures migrate

help:
	@echo "make TARGET, where TARGET is one of"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.installed ## start ccproxy on 127.0.0.1:3456 (CCPROXY_PORT and the other settings: docs/settings.md)
	@PATH="$(CURDIR)/$(BIN):$$PATH" exec deploy/entrypoint.sh

demo: $(VENV)/.installed ## start ccproxy with a small real model behind it, all on this machine, no account needed
	@exec $(BIN)/python -m deploy.demo

# A process that dies ends the run: the one that xdist would start in its place may wait for tests for good.
test: $(VENV)/.installed-dev $(JS)/node_modules/.installed ## run all tests, and fail where translate and gateway are covered too little
	@$(BIN)/python -m deploy.demo --fetch || echo "Without the demo's model: its tests will be skipped." >&2
	@$(BIN)/python -m tests.live.claude_code.install || echo "Without Claude Code: its tests will be skipped." >&2
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --max-worker-restart 0 --dist loadfile --cov --cov-report=
	$(BIN)/python -m coverage report --include='ccproxy/translate/*,ccproxy/gateway/*' --fail-under=$(COVERAGE)

check: $(VENV)/.installed-dev ## lint, formatting, types, and who may import whom
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed ## measure the proxy on this machine and print a table
	@$(BIN)/python -m bench

pictures: $(VENV)/.installed-dev ## take the pictures of the console for docs/console.md anew (needs Chromium)
	@$(BIN)/python -m tests.live.console.pictures

migrate: $(VENV)/.installed ## bring the database up to date (`make run` does it too)
	@$(BIN)/python -m ccproxy migrate

# The stamps below make a second start quick: pip runs again only when a requirements file changed.

# The last line adds the `ccproxy` command, which runs the sources from here.
$(VENV)/.installed: requirements.txt | $(BIN)/pip
	@echo "Installing what ccproxy runs on (once) ..."
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements-otel.txt $(VENV)/.installed
	@echo "Installing what its tests and checks need (once) ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@

# pip is the last thing that goes into a new environment, so an interrupted one is made anew.
$(BIN)/pip:
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Making $(VENV) with $$python ..."; \
	        exec "$$python" -m venv --clear $(VENV); \
	    fi; \
	done; \
	echo "ccproxy needs Python 3.11 or newer; $(or $(PYTHON),python3 and python3.11 to python3.14) would not do." >&2; \
	echo "Install one, or name one: make $(or $(MAKECMDGOALS),run) PYTHON=/path/to/python3" >&2; \
	exit 1

# The JavaScript SDK, which one of the live tests drives the server with. No file is made where there is no npm, so that
# one installed later is found.
$(JS)/node_modules/.installed: $(JS)/package-lock.json
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
	    npm ci --silent --no-audit --no-fund --ignore-scripts --prefix $(JS) && touch $@; \
	else \
	    echo "No node and npm here: the JavaScript SDK's live test will be skipped."; \
	fi
