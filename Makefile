# Velum: what a person types. `make help` lists it.
# The build itself, one graph for one variant and one compiler, is config/build.mk.

ifeq ($(origin CC),default)
CC := gcc
endif
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
SECONDS ?= 60
export CC V SQLCIPHER_DIR PREFIX DESTDIR

# $(call graph,VARIANT): make, on the graph of that variant. One build at a time in a variant;
# a second one waits. A jobserver that make was started with is passed on.
jobs = $(if $(findstring --jobserver,$(MAKEFLAGS)),,-j$(JOBS))
graph = tools/one-at-a-time.sh build/.lock-$(1) $(MAKE) --no-print-directory $(jobs) -f config/build.mk VARIANT=$(1)

# $(call tested,VARIANT): build what the tests under ONLY need, then run them.
tested = $(call graph,$(1)) test-programs ONLY='$(ONLY)' && \
	$(MAKE) --no-print-directory -f config/build.mk VARIANT=$(1) run-tests ONLY='$(ONLY)'

.DEFAULT_GOAL := build
.PHONY: help build run deps test check-asan check-tsan check-clang check-long check-fresh bench fuzz \
	layers format format-check lint abi-baseline install uninstall clean distclean

##: Build and run
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^##: / { print "\n" substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile
	@printf '\nSettings: CC=gcc|clang  V=1 (show commands)  ONLY=word (tests whose path has it)\n'
	@printf '          JOBS=n  PREFIX=/usr/local  DESTDIR=  SQLCIPHER_DIR=folder (build offline)\n'

build: ## release library, daemon and command in build/release/
	+@$(call graph,release) products

run: deps ## try it: a sample retailer, velumd, three commands (PORT= FRESH=1 CUSTOMERS=)
	+@$(call graph,release) products
	@exec tools/run.sh

deps: ## install what the build and the tests need (Debian 12, 13, Ubuntu 24.04)
	@tools/deps.sh build

##: Check
test: deps ## unit, property, build and end-to-end tests; ends with one line of totals
	+@$(call tested,test)

check-asan: deps ## the same tests under AddressSanitizer and UndefinedBehaviorSanitizer
	+@$(call tested,asan)

check-tsan: deps ## the same tests under ThreadSanitizer
	+@$(call tested,tsan)

check-clang: deps ## the same tests, compiled by clang
	+@$(MAKE) --no-print-directory CC=clang test ONLY='$(ONLY)'

check-long: deps ## the long tests: kills, power loss, exhaustive faults
	+@$(call graph,test) test-programs SUITE=long ONLY='$(ONLY)' && \
	TEST_TIMEOUT=$${TEST_TIMEOUT:-3600} $(MAKE) --no-print-directory -f config/build.mk VARIANT=test run-tests SUITE=long ONLY='$(ONLY)'

check-fresh: ## both commands of the README in minimal roots (root; RELEASES=noble for one)
	@tools/deps.sh fresh
	@tools/check-fresh.sh $(RELEASES)

bench: ## measure the release build with a load generator
	@tools/deps.sh bench
	+@$(call graph,release) products
	@if [ -x tests/bench/run ]; then VELUM_BUILD=$(CURDIR)/build/release tests/bench/run; \
	else echo 'make bench: no benchmark yet'; fi

fuzz: ## fuzz every target with libFuzzer for SECONDS=60 each
	+@$(call graph,fuzz) fuzzers CC=clang
	@tools/fuzz.sh build/fuzz-clang $(SECONDS)

layers: ## no folder includes from a row above it
	@tools/layers.sh

format: ## put every C file in the house format
	@tools/format.sh fix || [ $$? -eq 77 ]

format-check: ## fail where a C file is not in the house format
	@tools/format.sh check || [ $$? -eq 77 ]

lint: ## house rules, then clang-tidy
	@tools/lint-house.sh
	@tools/tidy.sh || [ $$? -eq 77 ]

abi-baseline: ## the ABI as it is now is the one that tests hold to
	+@$(call graph,release) products
	@tools/abi.sh build/release/libvelum.so.0 tests/build/abi/libvelum.abi

##: Install
install: ## to DESTDIR/PREFIX
	+@$(call graph,release) install

uninstall: ## remove what install put there
	+@$(call graph,release) uninstall

clean: ## remove what was built, keep what was fetched
	@find build -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} + 2>/dev/null || true

distclean: ## remove what was built and fetched
	@rm -rf build
