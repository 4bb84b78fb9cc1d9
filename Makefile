PYTHON ?= python3
BIN := .venv/bin

.PHONY: venv demo fast test test-slow test-compiled check audit-deps bench bench-audit bench-startup bench-peers fidelity fills evidence coverage mutants clean

venv: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("expected Python 3.11 or newer, found " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install -q --no-deps ob-analytics==0.1.0 gym-anytrading==2.0.0
	touch $@

demo: venv
	$(BIN)/genesis demo

# The hot part of the core, compiled into fast/ by the C compiler that is there, or by the one of a package: see docs/CLI.md.
fast: venv
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[fast]'
	$(BIN)/python compile_core.py fast

# A file's tests run in one process, two files at a time.
test: venv
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

# Test by test to whichever process is free: some take a quarter of an hour.
test-slow: venv
	$(BIN)/python -m pytest -m slow -vv -n 2 --dist load --maxschedchunk 1

check: venv
	$(BIN)/ruff check genesis tests benchmarks compile_core.py
	$(BIN)/ruff format --check genesis tests benchmarks compile_core.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -r genesis
	$(MAKE) --no-print-directory audit-deps

# Known holes of the packages in constraints.txt. The list of them is on the network alone: without one this says so, and nothing fails.
audit-deps: venv
	@if $(BIN)/python -m pip_audit -r constraints.txt --no-deps --disable-pip --progress-spinner off --timeout 5 > .venv/audit-deps 2>&1; then \
		echo "pip-audit: nothing known against $$(grep -c == constraints.txt) packages, $$(grep -c 'could not be audited' .venv/audit-deps) of which its index does not have"; \
	elif grep -qiE "connection|resolve|timed out|unreachable" .venv/audit-deps; then echo "pip-audit: not run: no network"; \
	else cat .venv/audit-deps; false; fi

# The whole fast suite once more, against a copy whose core is compiled.
test-compiled: venv
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[fast]'
	$(BIN)/python compile_core.py build/compiled
	mkdir build/compiled/benchmarks && cp benchmarks/*.* build/compiled/benchmarks/
	cp -R tests docs README.md pyproject.toml build/compiled/
	cd build/compiled && PYTHONPATH=$(CURDIR)/build/compiled GENESIS_TEST_DATA=$${GENESIS_TEST_DATA:-$(CURDIR)/../shared/data} $(CURDIR)/$(BIN)/python -m pytest -m "not slow"

bench: venv
	$(BIN)/python -m benchmarks.run --memory

bench-audit: venv
	$(BIN)/python -m benchmarks.audit .

bench-startup: venv
	$(BIN)/python -m benchmarks.startup .

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

# Branches of the gatekeeper that its tests reach; under 95 % of either room it fails.
GATEKEEPER := tests/unit/paper_trading tests/unit/evidence tests/unit/risk tests/simulation

coverage: venv
	$(BIN)/coverage run --branch --source=genesis/paper_trading,genesis/evidence -m pytest -q -m "not slow" $(GATEKEEPER)
	$(BIN)/coverage report --include='genesis/paper_trading/*' --fail-under=95
	$(BIN)/coverage report --include='genesis/evidence/*' --fail-under=95 -m --skip-covered

# Changes of what moves stages and capital that no test notices (an hour).
mutants: venv
	$(BIN)/python -m tests.kit.mutants

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache
