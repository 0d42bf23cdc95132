# make app | make test | make bench; PORT=5006, PIP_ARGS=… go to the server and to pip.
PYTHON ?= python3
PORT ?= 5006
PIP_ARGS ?=
BIN := .venv/bin
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile

.PHONY: app test lint unit test-gpu bench clean

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'stellar_gui needs Python 3.11 or newer; call: make PYTHON=/path/to/python3.11 ...')"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e .
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e ".[test]"
	touch $@

.venv/installed-bench: .venv/installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e ".[bench]"
	touch $@

app: .venv/installed
	$(BIN)/stellar-gui serve --port $(PORT)

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test: lint
	$(BIN)/python tests/find_browser.py --install
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not ui"
	$(BIN)/python -m pytest -n 2 --dist loadfile -m ui

unit: .venv/installed-test
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not ui"

test-gpu: .venv/installed-test
	$(BIN)/python -m pytest tests/gpu

bench: .venv/installed-bench
	$(BIN)/python -m tests.benchmarks

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache
