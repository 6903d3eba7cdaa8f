# Two commands for a fresh machine with Python 3.11+ and make: `make figures` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out/figures
QUALITY ?= quick

.PHONY: figures test slow-tests docs mutants lint bench peers clean
.DEFAULT_GOAL := figures

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "regretlab needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V). Set PYTHON=..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,cluster]'
	@touch $@

figures: $(VENV)/installed
	$(BIN)/regretlab figures --quality $(QUALITY) --out $(OUT)

test: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

slow-tests: $(VENV)/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

$(VENV)/docs-installed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@

docs: $(VENV)/docs-installed
	$(BIN)/python -m sphinx -q -W --keep-going docs docs/_build/html
	@echo "site: $(CURDIR)/docs/_build/html/index.html"

mutants: $(VENV)/installed
	$(BIN)/python -m tests.mutants

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/installed
	$(BIN)/python benchmarks/run.py --quick

peers: $(VENV)/installed
	$(BIN)/python benchmarks/peers.py

clean:
	rm -rf $(VENV) out build *.egg-info docs/_build docs/api docs/figures docs/theorems docs/tutorials
