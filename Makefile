# What one can do here. `make` lists it; the work is done by scripts/.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

MODE ?= user
POLICY ?= fifo
DURATION ?= 10
CLOCK ?= real

# As typed: a dollar or a quote in them is for the shell, not for make. They travel in the environment.
override CMD := $(value CMD)
override ARGS := $(value ARGS)
override DESTDIR := $(value DESTDIR)
override PREFIX := $(value PREFIX)
override BENCH_SECONDS := $(if $(value BENCH_SECONDS),$(value BENCH_SECONDS),$(value SECONDS))
export DESTDIR PREFIX BENCH_SECONDS FUZZ_SECONDS FUZZ_TARGETS MODE POLICY KERNEL CPUS DURATION ARGS CMD TOPOLOGY KERNELS MEMORY CLOCK OUT CONFIG

.PHONY: help setup build install run test test-scripts test-scripts-guest test-swift test-output test-new-policy test-guest test-survival test-kernels test-newest conformance-deep prove test-prove mutants mutants-mechanism mutants-pairs test-mutants coverage bench bench-apps bench-conformance bench-pair fuzz guest guest-run lint format clean distclean

help: ## list the targets
	@printf 'make TARGET [VARIABLE=VALUE...]\n\n'
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1\t\2/p' Makefile | expand -t 22
	@printf '\nKERNEL is a series such as 6.18 (the default), 6.12 or 7.3. Guests are described in docs/GUEST.md.\n'

setup: ## install what is needed (Debian 12); KERNEL=
	@scripts/setup.sh

build: setup ## build sched-proto in release configuration
	@swift build -c release --product sched-proto

install: build ## install program, manual pages, completions and documents; DESTDIR= PREFIX=/usr/local
	@scripts/install.sh

run: ## build, and run a scheduler in a guest; MODE=user|bpf POLICY= KERNEL= CPUS= DURATION= ARGS= CONFIG=debug|release
	@scripts/run-in-guest.sh

test: setup ## run every test
	@scripts/test.sh test-scripts test-scripts-guest test-swift test-prove test-mutants test-output test-new-policy -- test-newest test-survival test-guest

test-scripts: ## test the scripts, on this machine only
	@scripts/tests/run.sh

test-output: setup ## test what the program prints, and what it does with streams that are full, closed or not read
	@swift build --product sched-proto
	@scripts/tests/run.sh --output

test-scripts-guest: setup ## test the scripts that start guests
	@scripts/tests/run.sh --guest

test-swift: setup ## unit and conformance tests; ARGS= for swift test
	@swift test $(ARGS)

test-new-policy: setup ## follow docs/NEW-POLICY.md to the letter, in a copy; SLOW=1
	@scripts/tests/new-policy.sh $(if $(SLOW),--all)

test-guest: setup ## tests in a kernel with sched_ext; KERNEL= CASES= (patterns)
	@Tests/Guest/run.sh --basic $(CASES)

test-survival: setup ## hostile loads, failing daemons, changing machines; KERNEL= CASES= (patterns)
	@Tests/Guest/run.sh --survival $(CASES)

test-kernels: setup ## both modes on every kernel series that can be had, as a table; KERNELS='6.12 7.3' WRITE=1
	@scripts/test-kernels.sh $(if $(WRITE),--write)

test-newest: setup ## the same on the newest kernel that docs/KERNELS.md has
	@scripts/test-kernels.sh --newest

conformance-deep: build ## every small world up to 5 events (> 10^8 decisions), then 10 minutes of random traces
	@program=$$(swift build -c release --show-bin-path)/sched-proto; \
		"$$program" conform --exhaustive 5 && "$$program" conform --for 10m $(ARGS)

prove: build ## prove for all inputs that Swift, C and the BPF objects decide the same; ARGS='--cases'
	@$$(swift build -c release --show-bin-path)/sched-proto prove $(ARGS)

test-prove: prove ## the same, and its evaluator against the native code on 100,000 inputs
	@SCHED_PROTO_SAMPLES=850 swift test --filter ProofTests

mutants: setup ## wrong twins made mechanically, judged by the harness and the prover; ARGS='--only c --every 10'
	@swift build -c release --product mutants
	@$$(swift build -c release --show-bin-path)/mutants $(ARGS)

mutants-mechanism: setup ## wrong backends and loops of the daemon, judged by the simulated kernel; ARGS='--every 10 --shard 1/4'
	@swift build -c release --product mutants
	@$$(swift build -c release --show-bin-path)/mutants mechanism $(ARGS)

mutants-pairs: setup ## wrong versions of what only pairs use, judged by the campaigns of Examples/; ARGS='--machines 100 WORD'
	@scripts/mutants-pairs.sh $(ARGS)

# A debug build, in which what counts is optimised too, and which test-swift has made.
test-mutants: setup ## some of the table of wrong mechanisms: each has to be noticed
	@swift build --product mutants
	@$$(swift build --show-bin-path)/mutants mechanism --shard 4/24 --seeds 2000

coverage: setup ## branches of the C policy that the traces take; sanitizers
	@scripts/coverage.sh

bench: build ## measure every scheduler against EEVDF; VARIANT=real BENCH_SCHEDULERS= BENCH_LOADS= ON=host
	@scripts/bench.sh

bench-apps: $(if $(BENCH_PROGRAM),setup,build) ## the same under PostgreSQL, nginx, ffmpeg, Apache; BENCH_SCHEDULERS= BENCH_APPS= REPS=3 SECONDS=5 CPUS=4
	@scripts/bench-apps.sh

bench-conformance: setup ## events a second of each execution and of the comparison, on one core
	@swift build -c release --product bench-conformance
	@taskset -c 0 $$(swift build -c release --show-bin-path)/bench-conformance $(ARGS)

bench-pair: setup ## whether a pair in its own package decides as fast as inside this project; ARGS='stride 9'
	@scripts/bench-pair.sh $(ARGS)

fuzz: setup ## feed the readers of traces and descriptions with nonsense; FUZZ_SECONDS=60 FUZZ_TARGETS=
	@scripts/fuzz.sh

lint: ## check the formatting of Swift, C and scripts
	@scripts/lint.sh

format: ## format Swift and C
	@scripts/lint.sh --fix

clean: ## remove what was built
	@rm -rf .build out

distclean: ## remove the cache's contents as well: QEMU, virtiofsd, guest kernels
	@scripts/distclean.sh
	@$(MAKE) clean

guest: guest-run ## run a command in a guest; CMD= CPUS= TOPOLOGY= KERNEL= MEMORY= CLOCK=real|virtual OUT=
	@$(if $(cache),$(call end_with,$(shell cat '$(guest_status)' 2>/dev/null; rm -f '$(guest_status)')))

guest-run: setup
	@scripts/make-guest.sh '$(guest_status)'

# make itself has to find these, and its text knows no safe quoting: a cache with an unusual name goes without.
cache := $(shell cache=$${SCHED_PROTO_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/sched-proto}; \
	[[ ! $$cache =~ ^/[A-Za-z0-9/._+@%,=-]+$$ ]] || printf %s "$$cache")
guest_status = $(if $(cache),$(cache)/guest-status.$(make_id))
end_with = $(if $(filter-out 0,$1),$(exit-with $1)exit $1,true)

# make ends with 2 whatever a recipe's status was. For `make guest` alone, a function loaded into make ends
# it with the guest's own; without a C compiler it is 2 again, and scripts/guest.sh still has the true one.
ifeq ($(MAKECMDGOALS)$(if $(cache),,-),guest)
make_id := $(shell echo $$PPID)
exit_with := $(cache)/make-exit.so
-load $(exit_with)(make_exit_setup)
$(exit_with): scripts/make-exit.c
	@mkdir -p '$(@D)'; cc -shared -fPIC -o '$@' $< 2>/dev/null || clang -shared -fPIC -o '$@' $< 2>/dev/null || true
endif
