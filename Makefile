# Tributary. `make` alone prints this help.
GO ?= go
BIN := bin/tributary

.PHONY: help build run test test-race test-s3 lint fmt generate slt bench clean
help: ## Print the targets.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

build: ## Build bin/tributary.
	$(GO) build -o $(BIN) ./cmd/tributary

run: build ## Build and start the server on ./tributary-data.
	./$(BIN)

test: ## Run the tests.
	$(GO) test ./...

lint: ## Formatting, vet, import order, file sizes.
	@test -z "$$(gofmt -l .)" || (gofmt -l .; exit 1)
	$(GO) vet ./...
	$(GO) test ./internal/lint

fmt: ## Format the code.
	gofmt -w .

clean: ## Remove what was built.
	rm -rf bin
