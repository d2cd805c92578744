# Two commands do all set-up on a machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
MINUTES ?= 30

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench soak standins contract browser pictures dashboard api-fuzz peers peers-stream package lock clean

help: ## say what each command does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp ## play a simulated fleet for a minute and watch the alerts arrive
	@$(BIN)/tocsin demo $(ARGS)

test: $(VENV)/dev.stamp ## run every test
	@$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(VENV)/dev.stamp ## format, lint, types, imports, the template, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m infra.check
	@$(MAKE) --no-print-directory test

format: $(VENV)/dev.stamp ## put the code into its standard form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/dev.stamp ## print the figures
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/dev.stamp ## look for faults in the promise for MINUTES, ends with a table
	@$(BIN)/python -m tests.soak --minutes $(MINUTES) $(ARGS)

standins: .standins/stamp ## install stand-ins for AWS that others wrote, in an environment of their own (needs node)

contract: $(VENV)/dev.stamp .standins/stamp ## hold the AWS adapters to their contract on these stand-ins
	@TOCSIN_STANDINS="ministack ministack-table npm npm-table kinesalite" $(BIN)/python -m pytest tests/contract -k "ministack or npm or kinesalite" $(ARGS)

.standins/stamp: requirements/standins.txt requirements/standins/package-lock.json
	@echo "installing the stand-ins in .standins"
	@$(PYTHON) -m venv .standins
	@.standins/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/standins.txt
	@cp requirements/standins/package.json requirements/standins/package-lock.json .standins/
	@npm ci --prefix .standins --no-audit --no-fund --loglevel error
	@touch $@

browser: $(VENV)/run.stamp $(VENV)-browser/stamp ## test the dashboard in a headless Chromium that is on the machine
	@if command -v npm >/dev/null; then npm ci --prefix dashboard --no-audit --no-fund --loglevel error >/dev/null; fi
	@TOCSIN_BROWSER=required $(VENV)-browser/bin/python -m pytest tests/browser --confcutdir tests/browser -n 2 --dist loadfile --timeout 120 $(ARGS)

pictures: $(VENV)/run.stamp $(VENV)-browser/stamp ## take the pictures of the dashboard that the README shows
	@TOCSIN_PICTURES=docs/images TOCSIN_BROWSER=required $(VENV)-browser/bin/python -m pytest tests/browser/test_pictures.py --confcutdir tests/browser -q

api-fuzz: $(VENV)/run.stamp $(VENV)-schemathesis/stamp ## hold the query API against its OpenAPI document: 20,000 requests
	@$(BIN)/python -m tests.api.fuzz --tool $(VENV)-schemathesis/bin/schemathesis $(ARGS)

dashboard: ## copy what the dashboard uses of npm, as pinned, to where it is served from
	@npm ci --prefix dashboard --no-audit --no-fund --loglevel error
	@cp dashboard/node_modules/uplot/dist/uPlot.iife.min.js dashboard/node_modules/uplot/dist/uPlot.min.css dashboard/node_modules/uplot/LICENSE tocsin/api/static/vendor/uplot/

peers: $(VENV)-peers/stamp ## score the labelled series with other detectors, in an environment of their own
	@$(VENV)-peers/bin/python -m benchmarks.peers $(ARGS)

$(VENV)-peers/stamp: requirements/peers.txt
	@echo "installing the other detectors"
	@$(PYTHON) -m venv $(VENV)-peers
	@$(VENV)-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.txt
	@touch $@

peers-stream: $(VENV)/dev.stamp $(VENV)-peers-stream/stamp $(VENV)-peers-flink/stamp ## time other engines on the hot path's messages, in an environment of their own
	@$(BIN)/python -m benchmarks.stream_workload out/stream.jsonl
	@$(VENV)-peers-stream/bin/python -m benchmarks.stream_peers out/stream.jsonl $(ARGS)
	@command -v java > /dev/null && $(VENV)-peers-flink/bin/python -m benchmarks.stream_peers out/stream.jsonl $(ARGS) || echo "apache-flink not measured: it needs Java"

$(VENV)-peers-flink/stamp: requirements/peers-flink.txt
	@echo "installing Flink"
	@$(PYTHON) -m venv $(VENV)-peers-flink
	@$(VENV)-peers-flink/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers-flink.txt
	@touch $@

$(VENV)-peers-stream/stamp: requirements/peers-stream.txt
	@echo "installing the other engines"
	@$(PYTHON) -m venv $(VENV)-peers-stream
	@$(VENV)-peers-stream/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers-stream.txt
	@touch $@

package: $(VENV)/dev.stamp ## an archive for each function of the template; ARGS="--plan my.yaml --arch x86_64"
	@$(BIN)/python -m infra.package $(ARGS)

lock: $(VENV)/dev.stamp ## pin every version again, with hashes and without hosts
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra build --output-file requirements/run.txt pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra build --extra dev --output-file requirements/dev.txt pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file requirements/browser.txt requirements/browser.in
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file requirements/schemathesis.txt requirements/schemathesis.in
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file requirements/peers.txt requirements/peers.in
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file requirements/peers-stream.txt requirements/peers-stream.in
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file requirements/peers-flink.txt requirements/peers-flink.in

clean: ## remove what the commands made
	rm -rf $(VENV) .standins $(VENV)-browser $(VENV)-schemathesis $(VENV)-peers $(VENV)-peers-stream $(VENV)-peers-flink dashboard/node_modules dist build out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("tocsin needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@echo "making the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing what the demo needs"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	@echo "installing what the tests need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)-schemathesis/stamp: requirements/schemathesis.txt
	@echo "making the environment of the API's requests in $(VENV)-schemathesis"
	@$(PYTHON) -m venv $(VENV)-schemathesis
	@$(VENV)-schemathesis/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/schemathesis.txt
	@touch $@

$(VENV)-browser/stamp: requirements/browser.txt
	@echo "making the environment of the browser tests in $(VENV)-browser"
	@$(PYTHON) -m venv $(VENV)-browser
	@$(VENV)-browser/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/browser.txt
	@touch $@
