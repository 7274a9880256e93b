# Signalbox. Everything is set up from Node and npm alone: npm fetches Bun, Bun does the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := node_modules/.bin
BUN := $(BIN)/bun
BINARY := dist/signalbox
SOURCES := $(shell find src views public -type f) package.json tsconfig.json

help: ## Print what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Bun's version stands in package.json, like that of everything else.
node_modules/.installed: package.json bun.lock bunfig.toml
	@version=$$(node -p "require('./package.json').devDependencies.bun"); \
	if [ "$$(.toolchain/node_modules/.bin/bun --version 2>/dev/null || true)" != "$$version" ]; then \
	  npm install --prefix .toolchain --no-save --no-audit --no-fund --loglevel=error "bun@$$version"; \
	fi
	@.toolchain/node_modules/.bin/bun install --frozen-lockfile
	@touch $@

$(BINARY): node_modules/.installed $(SOURCES)
	@$(BUN) build src/main.ts --compile --minify --bytecode --format=esm \
	  --no-compile-autoload-bunfig --no-compile-autoload-dotenv --outfile $@

build: $(BINARY) ## Compile the one executable, dist/signalbox

run: $(BINARY) ## Run a hub and one local agent; prints the address and the login
	@exec $(BINARY) up --data data

dev: node_modules/.installed ## The same from source, started anew at every change
	@exec $(BUN) --watch src/main.ts up --data data

# Chromium comes from Debian: the browser test drives the real one.
chromium:
	@command -v chromium >/dev/null && exit 0; \
	sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null

test: node_modules/.installed $(BINARY) chromium ## Run every test
	@$(BUN) test --timeout 20000

# Pinned: what was tested is what runs. They talk to a model of our own on loopback.
test-agents: node_modules/.installed $(BINARY) ## Test with the real AI programs, installed into .cache/agents
	@mkdir -p .cache/agents && cp test/real-agents/{package.json,bun.lock} .cache/agents/
	@cd .cache/agents && ../../$(BUN) install --frozen-lockfile
	@$(BUN) test ./test/real-agents/agents.real.ts

# The long way, whatever is installed: for a machine with an hour to spare.
weekly: check test-agents chaos bench ## Everything there is to run, the real programs and the faults too

lint: node_modules/.installed ## Lint, with types, and look for dead code
	@$(BIN)/oxlint --deny-warnings
	@$(BIN)/knip

types: node_modules/.installed
	@$(BIN)/tsc

fmt: node_modules/.installed ## Format everything
	@$(BIN)/oxfmt

fmt-check: node_modules/.installed
	@$(BIN)/oxfmt --check

# NAME describes the change: make migration NAME=add_labels
migration: node_modules/.installed ## Generate the SQL migration for a change of src/store/schema.ts
	@test -n "$(NAME)" || { echo "Usage: make migration NAME=add_labels" >&2; exit 1; }
	@$(BIN)/drizzle-kit generate --config src/store/drizzle.config.ts --name "$(NAME)"

check: fmt-check lint types build test ## What CI runs: format, lint, types, dead code, build, tests

# ROUNDS, SEED and PARALLEL may be given: make chaos ROUNDS=50
chaos: $(BINARY) ## Look for broken promises: seeded rounds of faults against the binary
	@$(BUN) test/chaos/main.ts --rounds $(or $(ROUNDS),500) --seed $(or $(SEED),1) --parallel $(or $(PARALLEL),2)

bench: $(BINARY) ## Measure what we claim about speed, beside the raw limit
	@$(BUN) bench/broadcast.ts

clean: ## Remove what was built and installed, but not the data
	@rm -rf dist node_modules .toolchain .cache

.PHONY: help build run dev chromium test test-agents weekly lint types fmt fmt-check migration check chaos bench clean
