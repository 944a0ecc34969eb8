# Everything a fresh machine with Python and make needs: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test test-all test-browser lint types calibrate skeleton messages docs benchmark clean

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: $(VENV)/.ready
	$(BIN)/grade demo

test: $(VENV)/.ready
	$(BIN)/python -m pytest

test-all: $(VENV)/.ready
	$(BIN)/python -m pytest -m ""

test-browser: $(VENV)/.ready
	$(BIN)/python -m pytest -m browser

lint: $(VENV)/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.ready
	$(BIN)/mypy

skeleton: $(VENV)/.ready
	for lab in $$($(BIN)/grade labs --quiet); do $(BIN)/grade skeleton $$lab; done

messages: $(VENV)/.ready
	$(BIN)/python tests/messages.py

docs: $(VENV)/.ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

benchmark: $(VENV)/.ready
	$(BIN)/python -m benchmarks.one

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
