# Run "make" or "make help" for what there is to do.
#
# Variables that change what a target does, on the command line or in the
# environment:
#
#   PKG=./internal/scan/...   the packages of test, bench and fuzz
#   RUN=TestName              the tests of test
#   RACE=1                    test with the race detector (needs a C compiler)
#   BENCH=Name BENCHTIME=1s   the benchmarks of bench, bench-store
#   DIR=folder RUNS=3         the images of bench-scan, and how often each is read
#   WORKLOADS=10000           the size of the estate of bench-collect
#   CONCURRENCY=32            the accounts at a time of bench-collect
#   PRINCIPALS=200000         the size of the estate of bench-access
#   FUZZTIME=10s              how long fuzz spends on each target
#   ENDOFLIFE=releases.json   what endoflife makes its table from
#   ROLES="page1.json ..."    what gcp-roles makes its table from, with
#   ROLES_SOURCE, ROLES_DATE  where and of which day these are; else the API
#   FLAGS="--verbose"         more flags for demo and up

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PKG       ?= ./...
RUN       ?=
RACE      ?=
BENCH     ?= .
BENCHTIME ?= 1s
FUZZTIME  ?= 10s
DIR       ?=
RUNS      ?= 3
FLAGS     ?=
ENDOFLIFE ?=
ROLES     ?=
ROLES_SOURCE ?=
ROLES_DATE   ?=

# The tools are pinned in a module of their own.
TOOL := go tool -modfile=internal/tools/go.mod
# The folders that hold generated files.
GENERATED := $(wildcard docs deploy)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/stowage and bin/cloudsim
	@mkdir -p bin
	go build -o bin/ ./cmd/stowage ./cmd/cloudsim

.PHONY: demo
demo: build postgres-note ## Build, and show the dashboard of a simulated estate; no cloud is needed
	bin/stowage up --demo $(FLAGS)

.PHONY: up
up: build postgres-note ## Build, and collect what your cloud credentials and kubeconfig reach
	bin/stowage up $(FLAGS)

.PHONY: test
test: postgres-note ## Run the tests (PKG, RUN, RACE=1)
	go test $(if $(RACE),-race) $(if $(RUN),-run '$(RUN)') -timeout 20m $(PKG)

.PHONY: e2e
e2e: postgres-note ## Run the real binaries against servers that were not written here (RUN)
	go test -tags e2e -count=1 -v -timeout 45m $(if $(RUN),-run '$(RUN)') ./e2e/...

.PHONY: check
check: vet staticcheck format-check archtest generate-check ## Run every check that a change has to pass, but the tests

.PHONY: vet
vet:
	go vet -tags e2e ./...

.PHONY: staticcheck
staticcheck:
	$(TOOL) staticcheck -tags e2e ./...

.PHONY: format-check
format-check:
	@unformatted=$$($(TOOL) gofumpt -l .); \
	if [[ -n "$$unformatted" ]]; then \
		printf 'not formatted (run "make format"):\n%s\n' "$$unformatted" >&2; exit 1; \
	fi

.PHONY: archtest
archtest:
	go test ./internal/archtest

# Compares with the files as they are, so it works on uncommitted changes too.
.PHONY: generate-check
generate-check:
	@before=$$(mktemp -d); trap 'rm -rf "$$before"' EXIT; \
	$(if $(GENERATED),cp -R $(GENERATED) "$$before"/;) \
	$(MAKE) generate; \
	for folder in $(GENERATED); do \
		diff -r "$$before/$$folder" "$$folder" || { \
			echo "generated files in $$folder were stale: commit what make generate changed" >&2; exit 1; }; \
	done

.PHONY: format
format: ## Format the Go files
	$(TOOL) gofumpt -l -w .

.PHONY: generate
generate: ## Write the generated pages and policies again
	go generate ./...

.PHONY: endoflife
endoflife: ## Write the table of ends of life again (ENDOFLIFE=file of endoflife.date's releases)
	go run ./internal/scan/endoflife/generate "$(ENDOFLIFE)" internal/scan/endoflife/table.tsv

.PHONY: gcp-roles
gcp-roles: ## Write the table of Google Cloud's predefined roles again (ROLES=pages of the API's roles.list; else asks it)
	go run ./internal/access/gcpiam/generate -o internal/access/gcpiam/roles.gz \
		-source "$(ROLES_SOURCE)" -date "$(ROLES_DATE)" $(ROLES)

.PHONY: bench
bench: postgres-note ## Run the benchmarks (PKG, BENCH, BENCHTIME)
	go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem -timeout 60m $(PKG)

.PHONY: bench-store
bench-store: ## Measure first load and re-sync of the store against raw COPY
	@$(MAKE) bench PKG=./internal/postgres BENCH=Store

.PHONY: bench-collect
bench-collect: postgres-note ## Collect a simulated estate twice and tell what it costs (WORKLOADS, CONCURRENCY)
	@$(if $(WORKLOADS),STOWAGE_E2E_WORKLOADS=$(WORKLOADS)) $(if $(CONCURRENCY),STOWAGE_E2E_CONCURRENCY=$(CONCURRENCY)) \
		go test -tags e2e -count=1 -run '^$$' -bench '^BenchmarkCollect$$' -benchtime 1x -timeout 3h ./e2e

.PHONY: bench-access
bench-access: ## Decide about a synthetic organization, and again after one policy changed (PRINCIPALS=200000)
	@STOWAGE_PRINCIPALS=$(or $(PRINCIPALS),200000) GOMEMLIMIT=$(or $(GOMEMLIMIT),1800MiB) \
		go test -count=1 -run '^$$' -bench '^BenchmarkEstate$$' -benchtime 1x -timeout 60m ./internal/access/awsiam

.PHONY: bench-scan
bench-scan: ## Measure reading the images of OCI layouts in DIR against the least that it can cost (DIR, RUNS=3)
	@mkdir -p bin
	@go build -o bin/bench-scan ./e2e/bench/scan
	@bin/bench-scan -runs $(RUNS) $(DIR)

.PHONY: fuzz
fuzz: ## Fuzz every parser of foreign bytes for a while (PKG, FUZZTIME)
	@for dir in $$(go list -f '{{.Dir}}' $(PKG)); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$dir"/*_test.go 2>/dev/null); do \
			echo "$$target in $${dir#$(CURDIR)/}"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$dir"; \
		done; \
	done

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin

# Says beforehand that PostgreSQL will be downloaded, when it will.
.PHONY: postgres-note
postgres-note:
	@if [[ -z "$${DATABASE_URL:-}$${TEST_DATABASE_URL:-}" ]] && ! command -v postgres >/dev/null \
		&& ! compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then \
		echo "No PostgreSQL server is installed here: a private one (24 MB) is downloaded into the cache once."; \
	fi
