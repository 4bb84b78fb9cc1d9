PYTHON ?= python3
BIN := .venv/bin

.PHONY: venv demo test test-slow test-compiled check audit-deps bench bench-audit bench-peers fidelity fills evidence clean

venv: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("expected Python 3.11 or newer, found " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install -q --no-deps ob-analytics==0.1.0 gym-anytrading==2.0.0
	touch $@

demo: venv
	$(BIN)/genesis demo

# A file's tests run in one process, two files at a time.
test: venv
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-slow: venv
	$(BIN)/python -m pytest -m slow -v

check: venv
	$(BIN)/ruff check genesis tests benchmarks compile_core.py
	$(BIN)/ruff format --check genesis tests benchmarks compile_core.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -r genesis
	$(MAKE) --no-print-directory audit-deps

# Known holes of the packages in constraints.txt. The list of them is on the network alone: without one this says so, and nothing fails.
audit-deps: venv
	@if $(BIN)/python -c 'import socket; socket.create_connection(("pypi.org", 443), 5).close()' 2>/dev/null; then \
		$(BIN)/python -m pip_audit -r constraints.txt --no-deps --disable-pip --progress-spinner off; \
	else \
		echo "pip-audit: not run: no network"; \
	fi

# The whole fast suite once more, against a copy whose core is compiled (needs a C compiler).
test-compiled: venv
	$(BIN)/python compile_core.py build/compiled
	mkdir build/compiled/benchmarks && cp benchmarks/*.* build/compiled/benchmarks/
	cp -R tests docs README.md pyproject.toml build/compiled/
	cd build/compiled && PYTHONPATH=$(CURDIR)/build/compiled GENESIS_TEST_DATA=$${GENESIS_TEST_DATA:-$(CURDIR)/../shared/data} $(CURDIR)/$(BIN)/python -m pytest -m "not slow"

bench: venv
	$(BIN)/python -m benchmarks.run --memory

bench-audit: venv
	$(BIN)/python -m benchmarks.audit .

bench-peers: venv
	$(BIN)/python -m benchmarks.peers --install
	$(BIN)/python -m benchmarks.peers

fidelity: venv
	$(BIN)/python -m benchmarks.fidelity

fills: venv
	$(BIN)/python -m benchmarks.peers --install --peers hftbacktest,nautilus
	$(BIN)/python -m benchmarks.fills_beside

# The error rates and delays of the statistics, measured anew into docs/EVIDENCE.md (minutes).
evidence: venv
	$(BIN)/python -m tests.kit.acceptance

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache
