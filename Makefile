# Tributary. `make` alone prints this help.
GO ?= go
BIN := bin/tributary
FUZZTIME ?= 10s
STATICCHECK := $(GO) tool -modfile=tools.mod staticcheck

.PHONY: help bench-kafka pgregress bench-sql bench-restart bench-cold bench-size bench-steady compat build run test test-race test-s3 test-hostile test-kill test-damage test-faults test-history test-month test-long slt bench fuzz lint tidy vuln fmt generate docs clean bench-nexmark test-generated peers clients drivers
help: ## Print the targets.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

build: ## Build bin/tributary, the server, and bin/streamctl, the client tool.
	$(GO) build -o $(BIN) ./cmd/tributary
	$(GO) build -o bin/streamctl ./cmd/streamctl

run: build ## Build and start the server on ./tributary-data.
	./$(BIN)

test: ## Run the tests.
	$(GO) test ./...

test-race: ## Run the tests of the concurrent packages with the race detector.
	$(GO) test -race ./storage/log/... ./kafka/... ./session/... ./exec/...

compat: ## Run Kafka clients of other makes against the built server and write docs/clients.md; installs them where it may.
	.ci/with-clients $(GO) test -count=1 -timeout 30m -v -run TestClients ./test/compat -update

clients: ## Run clients of PostgreSQL of other makes against the built server and a PostgreSQL and write docs/sql-clients.md; installs them where it may.
	.ci/with-sql-clients $(GO) test -count=1 -timeout 30m -v -run TestClients ./test/sqlclients -update

test-s3: ## Run the object store's tests, and kills, recovery and backup with durability = object, against a real S3 server (built on first use).
	.ci/with-s3 $(GO) test -count=1 ./storage/objstore
	.ci/with-s3 $(GO) test -count=1 -timeout 20m -v -run RealS3 ./test/e2e

test-kill: ## Kill the server ten times under load, and forty times while sinks commit.
	TRIBUTARY_TEST_LONG=1 $(GO) test -count=1 -timeout 20m -v -run 'Kill' ./test/e2e

test-faults: ## End a database in every way at FAULTS (50,000) effects on files, object store and backup, and look what is left.
	TRIBUTARY_TEST_FAULTS=$(or $(FAULTS),50000) $(GO) test -count=1 -timeout 12h -v ./test/faults

test-history: ## Run sends, polls and transactions for FOR (1h) while the server is killed and paused, and look for anomalies in their history.
	TRIBUTARY_TEST_HISTORY=$(or $(FOR),1h) $(GO) test -count=1 -timeout 3h -v -run History ./test/kafkahistory

test-month: ## Run 30 virtual days of retention, compaction, levels and restarts at PARTITIONS (1,000) partitions.
	$(GO) test -count=1 -timeout 60m -v -run 'TestMonth$$' ./storage/log -monthpartitions $(or $(PARTITIONS),1000)

peers: ## Run the own suites of Kafka clients (PEERS, all) against the built server; UPDATE=-update takes what passes for the first time into the lists.
	TRIBUTARY_TEST_PEERS=$(or $(PEERS),all) $(GO) test -count=1 -timeout 90m -v -run TestPeers ./test/peers $(UPDATE)

drivers: ## Run the own suites of PostgreSQL's drivers (DRIVERS, all) on a PostgreSQL and here; SUITES=dir has checkouts of those that no registry has; UPDATE=-update writes docs/drivers.md.
	TRIBUTARY_TEST_DRIVERS='$(or $(DRIVERS),all)' TRIBUTARY_TEST_SUITES=$(if $(SUITES),$(abspath $(SUITES))) $(GO) test -count=1 -timeout 300m -v -run TestDrivers ./test/drivers $(UPDATE)

test-damage: ## Damage 1,000 times any file a server keeps, 500 times any object in a bucket, and start on it (TRIBUTARY_TEST_DAMAGES, _BUCKET_DAMAGES for more).
	TRIBUTARY_TEST_DAMAGES=$${TRIBUTARY_TEST_DAMAGES:-1000} TRIBUTARY_TEST_BUCKET_DAMAGES=$${TRIBUTARY_TEST_BUCKET_DAMAGES:-500} $(GO) test -count=1 -timeout 120m -v ./test/damage

test-hostile: ## Attack the server in every known way beside small clients; prints their times and its memory.
	TRIBUTARY_TEST_LONG=1 $(GO) test -count=1 -timeout 30m -v -run 'Hostile|Loris|BadRecords|HugeStatements' ./test/e2e

test-generated: ## Send the server STATEMENTS (50,000) statements of sqlsmith's, and as many of the project's own grammar.
	TRIBUTARY_TEST_STATEMENTS=$(or $(STATEMENTS),50000) $(GO) test -count=1 -timeout 10h -v ./test/generated

test-long: ## Run the end-to-end tests in their long form: ten kills, more records.
	TRIBUTARY_TEST_LONG=1 $(GO) test -count=1 -timeout 60m ./test/...

slt: ## Run the sqllogictest suites and the corpus's eight files in all modes (about ten minutes).
	TRIBUTARY_TEST_SLT=1 TRIBUTARY_TEST_LONG=1 $(GO) test -count=1 -v -timeout 60m ./sqllogictest/...

pgregress: ## Run PostgreSQL's own regression suite, SUITE=src/test/regress of its sources, here and on a PostgreSQL; writes docs/postgresql-suite.md.
	TRIBUTARY_TEST_PGREGRESS=$(abspath $(SUITE)) $(GO) test -count=1 -timeout 60m -v -run TestSuite ./test/pgregress -update

bench: build ## Measure the built server and print one table; with S3 once make test-s3 has built a server.
	@tools=$${TRIBUTARY_TOOLS:-$${XDG_CACHE_HOME:-$$HOME/.cache}/tributary-tools}; \
	if ls $$tools/minio-* >/dev/null 2>&1; then .ci/with-s3 $(GO) run ./bench -binary $(BIN); \
	else $(GO) run ./bench -binary $(BIN); fi

bench-sql: build ## Measure the 22 queries of TPC-H beside PostgreSQL and DuckDB (installed on first use) at SCALE (1).
	@tools=$${TRIBUTARY_TOOLS:-$${XDG_CACHE_HOME:-$$HOME/.cache}/tributary-tools}; \
	test -x $$tools/duckdb/bin/python || { python3 -m venv $$tools/duckdb && $$tools/duckdb/bin/pip install -q duckdb; } || true; \
	$(GO) run ./bench -binary $(BIN) -only sql -python $$tools/duckdb/bin/python -scale $(or $(SCALE),1)

bench-kafka: build ## Measure producing and fetching by turns with Apache Kafka's broker, whose jars are installed where they may be.
	.ci/with-clients $(GO) run ./bench -binary $(BIN) -only 'beside Kafka' -seconds $(or $(SECONDS_EACH),5)

bench-nexmark: build ## Measure Nexmark's queries beside Apache Flink's, whose jars are installed where they may be, on EVENTS events (1 million); QUERIES=q0,q15 for some.
	.ci/with-flink $(GO) run ./bench -binary $(BIN) -only nexmark -events $(or $(EVENTS),1000000) -queries '$(QUERIES)'

bench-restart: build ## Measure checkpoints and restarts at size: ROWS rows (8 million), state_memory 512 MB.
	$(GO) run ./bench -binary $(BIN) -only restart -rows $(or $(ROWS),8000000)

bench-cold: build ## Measure reads of old records, MB (512) of them, and what a trickle costs, on an S3 server of its own that answers after 0 and 20 ms.
	$(GO) run ./bench -binary $(BIN) -only cold -cold $(or $(MB),512)
	$(GO) run ./bench -binary $(BIN) -only trickle

bench-size: build ## Measure state larger than memory: GROUPS groups (50 million), ROWS rows (20 million), state_memory 512 MB; PART=groups, join or text.
	$(GO) run ./bench -binary $(BIN) -only size -rows $(or $(ROWS),20000000) -groups $(or $(GROUPS),50000000) -part '$(PART)'

bench-steady: build ## Measure produce to view for MINUTES (10) at half of the maximum rate, beside checkpoints, merges and backfills of ROWS rows (2 million).
	$(GO) run ./bench -binary $(BIN) -only steady -for $(or $(MINUTES),10)m -rows $(or $(ROWS),2000000)

fuzz: ## Fuzz every fuzz test for FUZZTIME (10s) each.
	@grep -rl --include='*_test.go' '^func Fuzz' . | while read -r file; do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\).*/\1/p' $$file); do \
			echo "$$name ($$(dirname $$file))"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$(dirname $$file) || exit 1; \
		done; done

lint: ## Formatting, vet, import order, file sizes, staticcheck.
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) test ./internal/lint
	@if $(STATICCHECK) -version >/dev/null 2>&1; then echo "$(STATICCHECK) ./..."; $(STATICCHECK) ./...; \
		else echo "staticcheck is not available here: skipped"; fi

tidy: ## Check that go.mod lists what is used, as go mod tidy writes it.
	$(GO) mod tidy -diff

vuln: ## Check for known vulnerabilities, where the database of them can be reached.
	@if out=$$($(GO) tool -modfile=tools.mod govulncheck ./... 2>&1); then echo "$$out"; \
		elif echo "$$out" | grep -q 'fetching vulnerabilities: '; then echo "the vulnerability database cannot be reached: skipped"; \
		else echo "$$out"; exit 1; fi

fmt: ## Format the code.
	gofmt -w .

generate: ## Write generated code anew.
	$(GO) generate ./...

docs: ## Write the generated pages of docs/ anew.
	$(GO) test -count=1 ./test/docs ./internal/config -update

clean: ## Remove what was built.
	rm -rf bin
