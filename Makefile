# PixCrawler on one machine. `make help` lists what there is; every target sets up what it needs first.

.DEFAULT_GOAL := help
.PHONY: help setup run up test lint types lock bench bench-api cost simulate smoke histories clean
SHELL := /bin/sh
PYTHON_BIN := .venv/bin/python
STAMP := .venv/.set-up

# Taken as they are typed: neither make nor the shell looks inside.
override KEYWORDS := $(value KEYWORDS)
override IMAGES := $(value IMAGES)
override PHOTOS := $(value PHOTOS)
override ROUNDS := $(value ROUNDS)
override ONLY := $(value ONLY)
override COUNT := $(value COUNT)
override REQUESTS := $(value REQUESTS)
override URL := $(value URL)
export KEYWORDS IMAGES PHOTOS ROUNDS ONLY COUNT REQUESTS URL

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' $(firstword $(MAKEFILE_LIST)) | while read -r name what; do printf '  make %-9s  %s\n' "$$name" "$$what"; done

setup: $(STAMP) ## install everything into .venv and node_modules (PYTHON=... names the interpreter)

$(STAMP): requirements-dev.txt package.json package-lock.json tools/infra/checkov.txt tools/setup.sh tools/find-python.sh
	@sh tools/setup.sh
	@touch $@

run: $(STAMP) ## build a dataset into out/ (KEYWORDS="red panda, snow leopard" IMAGES=200 use the web)
	@set --; \
	if [ -n "$$KEYWORDS" ]; then set -- "$$@" "--keywords=$$KEYWORDS"; fi; \
	if [ -n "$$IMAGES" ]; then set -- "$$@" "--images=$$IMAGES"; fi; \
	exec $(PYTHON_BIN) -m local run "$$@"

up: $(STAMP) ## keep the local stack running: storage, database, gallery, Functions host
	@exec $(PYTHON_BIN) -m local up

test: lint types ## every lint, type check and test
	@$(PYTHON_BIN) -m pytest -q -n 2
	@$(PYTHON_BIN) tools/import_time.py

lint: $(STAMP) ## formatting, lint and import contracts
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports

types: $(STAMP) ## type checks
	@.venv/bin/mypy

COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.13 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(STAMP) ## pin what requirements*.in ask for (UPGRADE=1 takes newer versions)
	@for name in requirements requirements-dev tools/infra/checkov; do $(COMPILE) $(if $(UPGRADE),--upgrade) $$name.in -o $$name.txt || exit 1; done

bench: $(STAMP) ## measure the builder beside img2dataset and CleanVision (PHOTOS=DIR ROUNDS=5 ONLY=resize,... COUNT=5000)
	@set --; \
	if [ -n "$$PHOTOS" ]; then set -- "$$@" "--photos=$$PHOTOS"; fi; \
	if [ -n "$$ROUNDS" ]; then set -- "$$@" "--rounds=$$ROUNDS"; fi; \
	if [ -n "$$COUNT" ]; then set -- "$$@" "--count=$$COUNT"; fi; \
	if [ -n "$$ONLY" ]; then set -- "$$@" "--only=$$ONLY"; fi; \
	if [ -z "$$ONLY$$ROUNDS$$COUNT" ]; then set -- "$$@" --page=docs/benchmarks.md; fi; \
	exec $(PYTHON_BIN) -m bench "$$@"

bench-api: $(STAMP) ## measure the API of the whole stack at 1, 16 and 64 clients (REQUESTS=64 for a quick look)
	@set --; \
	if [ -n "$$REQUESTS" ]; then set -- "$$@" "--requests=$$REQUESTS" "--memory-requests=$$REQUESTS"; else set -- "$$@" --page=docs/benchmarks-api.md; fi; \
	exec $(PYTHON_BIN) -m bench.api "$$@"

cost: $(STAMP) ## count what a build costs on the local stack, and price it: docs/cost.md
	@exec $(PYTHON_BIN) -m bench.cost --page=docs/cost.md

simulate: $(STAMP) ## simulate builds of a million images: docs/scale.md
	@exec $(PYTHON_BIN) -m bench.simulate --page=docs/scale.md

smoke: $(STAMP) ## look at a deployment, and have it build a tiny dataset (URL=https://..., key in PIXCRAWLER_API_KEY)
	@exec $(PYTHON_BIN) -m tools.smoke "$$URL"

histories: $(STAMP) ## record histories of the orchestrators for a new version
	@exec $(PYTHON_BIN) -m tools.histories

clean: ## remove what was installed, built and stored here, but not out/
	rm -rf .venv node_modules .local .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
