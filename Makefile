# Builds, runs and tests Signalbox. Needs Node.js and npm, which install Bun; Bun installs everything else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := node_modules/.bin
BUN := $(BIN)/bun
BINARY := dist/signalbox
SOURCES := $(shell find src views public -type f) package.json tsconfig.json

help: ## List all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The version of Bun is pinned in package.json, like all other dependencies.
node_modules/.installed: package.json bun.lock bunfig.toml
	@version=$$(node -p "require('./package.json').devDependencies.bun"); \
	if [ "$$(.toolchain/node_modules/.bin/bun --version 2>/dev/null || true)" != "$$version" ]; then \
	  npm install --prefix .toolchain --no-save --no-audit --no-fund --loglevel=error "bun@$$version"; \
	fi
	@.toolchain/node_modules/.bin/bun install --frozen-lockfile
	@touch $@

$(BINARY): node_modules/.installed $(SOURCES)
	@$(BUN) build src/main.ts src/store/store-thread.ts --compile --minify --bytecode --splitting --format=esm \
	  --no-compile-autoload-bunfig --no-compile-autoload-dotenv --outfile $@

build: $(BINARY) ## Compile the executable, dist/signalbox

run: $(BINARY) ## Start a hub and a local agent; prints the URL and the password
	@exec $(BINARY) up --pty

dev: node_modules/.installed ## Like run, but from source; restarts on changes
	@exec $(BUN) --watch src/main.ts up

# Installs Debian's Chromium for the browser tests.
chromium:
	@command -v chromium >/dev/null && exit 0; \
	sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null

# Installs Debian's PostgreSQL for the tests, which start a server of their own: no cluster is created, and one that exists
# is left as it is.
postgres:
	@for bin in /usr/lib/postgresql/15/bin "$$(pg_config --bindir 2>/dev/null)"; do [ ! -x "$$bin/initdb" ] || exit 0; done; \
	sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq; \
	$$sudo apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null; \
	echo "create_main_cluster = false" | $$sudo tee -a /etc/postgresql-common/createcluster.conf >/dev/null; \
	$$sudo apt-get install -y -qq --no-install-recommends postgresql >/dev/null

# Installs Debian's HAProxy for the tests, which start one of their own. The service is not started: it would have nothing
# to do. One that exists is left as it is.
haproxy:
	@if [ -x /usr/sbin/haproxy ] || command -v haproxy >/dev/null; then exit 0; fi; \
	sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq; \
	$$sudo env RUNLEVEL=1 apt-get install -y -qq --no-install-recommends haproxy >/dev/null

# Installs Debian's NATS server for the tests, which start one of their own. Without its unit, it is not started as a service.
nats:
	@command -v nats-server >/dev/null && exit 0; \
	sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq; \
	$$sudo apt-get install -y -qq --no-install-recommends \
	  -o DPkg::Options::=--path-exclude=/lib/systemd/system/nats-server.service nats-server >/dev/null

# Installs Debian's libfaketime, with which the clocks of hubs differ.
faketime:
	@! ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || exit 0; \
	sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	$$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends faketime >/dev/null

# Prints only failures, so that they are at the end of a log. Tests take longer while others run beside them, and those that
# measure how long something takes, or start a whole system, run alone.
TEST := $(BUN) test --only-failures --timeout 60000
ALONE = $(shell grep -rl -e support/latency.ts -e support/cluster.ts -e servers/database.ts -e measureLongestTask test --include='*.test.ts')
test: node_modules/.installed $(BINARY) chromium postgres nats haproxy ## Run all tests, two files at a time
	@failed=0; \
	$(TEST) --parallel=2 --no-isolate $(ALONE:%=--path-ignore-patterns='%') || failed=1; \
	$(TEST) $(ALONE) || failed=1; \
	exit $$failed

# Versions are pinned. The programs talk to a fake model server on loopback.
test-agents: node_modules/.installed $(BINARY) ## Test with the real AI programs, installed in .cache/agents
	@mkdir -p .cache/agents && cp test/real-agents/{package.json,bun.lock} .cache/agents/
	@cd .cache/agents && ../../$(BUN) install --frozen-lockfile
	@$(BUN) test ./test/real-agents/agents.real.ts

audit: node_modules/.installed ## Look up known vulnerabilities of the dependencies in the npm registry
	@$(BUN) audit

# Takes about two hours.
weekly: check audit test-agents chaos chaos-hubs bench ## Run everything: check, audit, test-agents, both forms of chaos, and bench

lint: node_modules/.installed ## Lint, and find dead code
	@$(BIN)/oxlint --deny-warnings
	@$(BIN)/knip

types: node_modules/.installed
	@$(BIN)/tsc

fmt: node_modules/.installed ## Format all files
	@$(BIN)/oxfmt

fmt-check: node_modules/.installed
	@$(BIN)/oxfmt --check

# NAME describes the change: make migration NAME=add_labels
migration: node_modules/.installed ## Generate the SQL migration for a change to src/store/schema.ts
	@test -n "$(NAME)" || { echo "Usage: make migration NAME=add_labels" >&2; exit 1; }
	@$(BIN)/drizzle-kit generate --config src/store/drizzle.config.ts --name "$(NAME)"

pg-migration: node_modules/.installed ## The same for src/store/postgres/schema.ts
	@test -n "$(NAME)" || { echo "Usage: make pg-migration NAME=add_labels" >&2; exit 1; }
	@$(BIN)/drizzle-kit generate --config src/store/postgres/drizzle.config.ts --name "$(NAME)"

check: fmt-check lint types build test ## Run what CI runs: format, lint, types, build and tests

# Set ROUNDS, SEED and PARALLEL to override the defaults: make chaos ROUNDS=50. Several hubs: make chaos HUBS=3 STORE=postgres,
# with BUS=pg or BUS=nats. UNFENCED=1 removes the fencing of writes: then the run fails if it does not find violations.
chaos: $(BINARY) $(if $(STORE),postgres faketime) $(if $(filter nats,$(BUS)),nats) ## Inject faults in seeded, random rounds and verify the guarantees
	@$(BUN) test/chaos/main.ts --rounds $(or $(ROUNDS),500) --seed $(or $(SEED),1) --parallel $(or $(PARALLEL),2) \
	  $(if $(HUBS),--hubs $(HUBS)) $(if $(STORE),--store $(STORE)) $(if $(BUS),--bus $(BUS)) $(if $(UNFENCED),--unfenced)

# A part of `make weekly`. With fewer rounds, some kinds of faults never happen.
chaos-hubs:
	@for bus in pg nats; do $(MAKE) chaos HUBS=3 STORE=postgres BUS=$$bus ROUNDS=50 || exit 1; done

# Set HUBS and AGENTS to override the defaults: make cluster HUBS=2
cluster: $(BINARY) postgres nats haproxy ## Start several hubs on this machine, with all they need; Ctrl-C stops everything
	@exec $(BUN) test/cluster/main.ts --hubs $(or $(HUBS),3) --agents $(or $(AGENTS),2)

# Set FILES, SAMPLE and SEED to override the defaults: make mutation FILES=src/hub/agents SAMPLE=20
mutation: node_modules/.installed ## Change the hub one operator at a time and run its tests
	@$(BUN) test/mutation/main.ts --sample $(or $(SAMPLE),10) --seed $(or $(SEED),1) $(FILES)

# The peers that Signalbox is compared with. Versions are pinned.
bench-peers: node_modules/.installed
	@mkdir -p .cache/bench && cp bench/peers/* .cache/bench/
	@cd .cache/bench && ../../$(BUN) install --frozen-lockfile --silent

# Set ONLY and ROUNDS to override the defaults: make bench ONLY=fan-out ROUNDS=3
bench: $(BINARY) bench-peers $(if $(filter-out several-hubs%,$(ONLY)),,postgres nats haproxy) ## Measure performance beside raw Bun publish, ws and Socket.IO
	@$(BUN) bench/main.ts --rounds $(or $(ROUNDS),5) $(if $(ONLY),--only $(ONLY))

bench-quick: $(BINARY) bench-peers ## Measure a part of it in about two minutes
	@$(BUN) bench/main.ts --quick --rounds $(or $(ROUNDS),5) $(if $(ONLY),--only $(ONLY))

clean: ## Remove build output and installed dependencies, but not the data
	@rm -rf dist node_modules .toolchain .cache

.PHONY: help build run dev chromium postgres nats haproxy faketime cluster test test-agents audit weekly lint types fmt fmt-check migration pg-migration check chaos chaos-hubs mutation bench-peers bench bench-quick clean
