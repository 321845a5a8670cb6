# Two commands matter: `make run` and `make test`. Both set up what they need.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.setup-complete
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: run test test-browser bench bench-viewer fresh setup lint clean system

run: $(SETUP)
	$(BIN)/python manage.py serve --demonstration

setup: $(SETUP)

$(SETUP): requirements.txt tests/requirements.txt package.json package-lock.json docker/setup.sh
	PYTHON=$(PYTHON) sh docker/setup.sh $(VENV)
	touch $@

system:
	sh docker/system-packages.sh

test: $(SETUP)
	sh tests/run.sh

test-browser: $(SETUP)
	$(BIN)/python -m pytest -n 2 -m browser

lint: $(SETUP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports && $(BIN)/mypy analysis/pipeline studies/imaging studies/rules

bench: $(SETUP)
	$(BIN)/python -m tests.benchmarks

bench-viewer: $(SETUP)
	$(BIN)/python -m tests.benchmarks.bench_viewer --write

fresh:
	sh tests/fresh.sh

clean:
	rm -rf $(VENV) node_modules static/vendor var
