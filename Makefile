# Two commands do it all: `make run` shows a live board, `make test` runs every
# test. Each brings whatever is missing first. The work is in scripts/.

.DEFAULT_GOAL := help
.PHONY: help run test faults soak fuzz model measure dev build setup lint sizes screenshots clean-tools

help: ## Say what there is
	@echo "live-orders: takes food orders over HTTP and shows them live on a board"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: ## Set up, build and run the demo (ARGS="--speed 4" and the like go to it)
	@scripts/setup build
	@scripts/build
	@exec target/release/live-orders demo $(ARGS)

test: ## Set up and run every test (ARGS="board" runs the browser tests so named)
	@scripts/test $(ARGS)

faults: build ## Kill it, cut it off, fill its disk and jump its clock under load (ARGS="--seed 7")
	@scripts/faults $(ARGS)

fuzz: ## Try inputs that nobody has thought of (ARGS="--seconds 600 orders" for longer)
	@scripts/setup build
	@scripts/fuzz $(ARGS)

model: ## Play the hub's hand-over in every order (ARGS="--seconds 600" for longer)
	@scripts/setup build
	@scripts/model $(ARGS)

measure: ## Measure the board with 500 open orders: 20 changes a second, and one at a time
	@scripts/measure

soak: build ## Run it for an hour under load: does it hold more and more? (ARGS="--minutes 5")
	@scripts/soak $(ARGS)

dev: ## Serve while you work: code and styles reload in the browser
	@scripts/setup build
	@scripts/dev $(ARGS)

build: ## Build the one binary, target/release/live-orders
	@scripts/setup build
	@scripts/build

setup: ## Bring what building and testing need, and nothing else
	@scripts/setup ci

lint: ## Formatting, clippy, documentation, licences
	@scripts/lint

sizes: build ## Say how much a board has to fetch
	@scripts/check-sizes

screenshots: ## Take the pictures of the README and of docs/kitchen.md
	@scripts/screenshots

clean-tools: ## Throw the fetched tools away
	@scripts/clean-tools
