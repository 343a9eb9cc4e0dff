# Headcount. `make run` starts everything, `make test` proves it, `make help` lists the rest.
#
# One tree, several variants: release (default), asan, tsan, faults. Each has its own folder below build/, so
# that switching costs nothing. Flags of the caller come last: make CFLAGS=-O0.

VARIANT ?= release
USERS ?= 100000
OUT := build/$(VARIANT)
PYTHON ?= python3
SERVICES := services/headcount

DEPS := libmongoc-1.0 rdkafka hiredis json-c libutf8proc libsodium libxxhash libpcre2-8 zlib
# Asked once, and only when something is compiled: `make run` works before pkg-config is there.
LIB_CFLAGS = $(eval LIB_CFLAGS := $(shell pkg-config --cflags $(DEPS) | sed 's/-I/-isystem /g'))$(LIB_CFLAGS)
LIBS = $(eval LIBS := $(shell pkg-config --libs $(DEPS)) -lfcgi -lm -lpthread)$(LIBS)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
HARDEN := -fstack-protector-strong -fPIE
OPT_release := -O2 -g -D_FORTIFY_SOURCE=2
OPT_faults := -O2 -g -DHC_FAILPOINTS
OPT_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
OPT_tsan := -O1 -g -fsanitize=thread
LINK_release := -pie -Wl,-z,relro,-z,now
LINK_faults := $(LINK_release)
LINK_asan := -pie -fsanitize=address,undefined
LINK_tsan := -pie -fsanitize=thread

ALL_CFLAGS = -std=c17 -D_GNU_SOURCE $(WARN) $(if $(WERROR),-Werror) $(HARDEN) $(OPT_$(VARIANT)) \
	-Ilib -I$(OUT)/gen $(LIB_CFLAGS) -MMD -MP $(CFLAGS)
# Tests that put their own clock in the place of ours.
LDFLAGS_test_movement := -Wl,--wrap=hc_mono_ms
LDFLAGS_test_leader := -Wl,--wrap=hc_mono_ms
ALL_LDFLAGS = $(LINK_$(VARIANT)) $(LDFLAGS)

LIB_OBJ := $(patsubst %.c,$(OUT)/%.o,$(wildcard lib/*.c)) $(OUT)/gen/tables.o $(OUT)/gen/device_tables.o
# Threads that the thread sanitizer can follow, for every program of that variant.
EXTRA_OBJ_tsan := build/tsan/tests/support/tsan_threads.o
EXTRA_OBJ := $(EXTRA_OBJ_$(VARIANT))
FCGI_OBJ := $(patsubst %.c,$(OUT)/%.o,$(wildcard fcgi/*.c))
CONSUMER_OBJ := $(patsubst %.c,$(OUT)/%.o,$(wildcard consumer/*.c))
BENCH := $(patsubst bench/%.c,$(OUT)/bench/%,$(wildcard bench/*.c))
UNITS := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(wildcard tests/unit/test_*.c))
SOURCES := $(wildcard lib/*.c fcgi/*.c consumer/*.c tests/unit/*.c tests/support/*.c bench/*.c)
# What a program has besides its main, for the units of its files.
FCGI_PARTS := $(filter-out $(OUT)/fcgi/main.o,$(FCGI_OBJ))
CONSUMER_PARTS := $(filter-out $(OUT)/consumer/main.o,$(CONSUMER_OBJ))

.PHONY: all help setup run start stop status test test-full faults units benches bench warnings lint docs clean
.SECONDARY:

all: $(OUT)/headcount.fcgi $(OUT)/headcount-consumer ## Build both programs

help: ## This list
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*##/\t/' | expand -t 14

# ---- running ----

setup: ## Install and download what is missing
	@$(SERVICES) setup

run: setup ## Bring up everything, fill an empty database with USERS people, stay until Ctrl-C
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@HEADCOUNT_FILL=$(USERS) $(SERVICES) run

start: setup ## The same in the background, without people
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@$(SERVICES) start

stop: ## Stop everything, keep the data
	@$(SERVICES) stop

status: ## What runs, where
	@$(SERVICES) status

# ---- tests ----

test: ## Units, units under sanitizers, then everything over the real services
	@$(SERVICES) setup all
	@tests/run

test-full: ## The same and all that takes longer: thread sanitizer, every fault, a million users
	@$(SERVICES) setup all
	@tests/run --full

faults: ## Every fault, at length: kills, zombies, outages, lost replies (about 30 min); part of test-full
	@$(SERVICES) setup all
	@tests/run --full tests/faults

units: $(UNITS) ## Build the unit tests of VARIANT

benches: all $(BENCH) ## Build what bench/ measures with

bench: setup ## Measure what is promised about speed, PARTS="table lag" for some of it (needs wrk; an hour on 2 cores)
	@$(MAKE) --no-print-directory -s all benches
	@tests/run --venv bench/measure.py $(PARTS)

warnings: $(OUT)/gen/tables.c $(OUT)/gen/device_tables.c ## Let CC read everything and keep nothing: CC=clang
	@printf '%s\n' $(SOURCES) $^ | xargs -n 8 -P "$$(nproc)" \
		$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) -Ifcgi -Iconsumer -Werror -fsyntax-only

lint: ## Layout, shell scripts
	@tests/run --layout
	@shellcheck $$(git ls-files '*.sh') services/headcount tests/run .ci/run

# ---- building ----

$(OUT)/headcount.fcgi: $(FCGI_OBJ) $(OUT)/libheadcount.a $(EXTRA_OBJ)
	@echo "  link  $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $(FCGI_OBJ) $(OUT)/libheadcount.a $(EXTRA_OBJ) $(LIBS)

$(OUT)/headcount-consumer: $(CONSUMER_OBJ) $(OUT)/libheadcount.a $(EXTRA_OBJ)
	@echo "  link  $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $(CONSUMER_OBJ) $(OUT)/libheadcount.a $(EXTRA_OBJ) $(LIBS)

$(OUT)/libheadcount.a: $(LIB_OBJ)
	@rm -f $@
	@$(AR) rcs $@ $^

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(OUT)/gen/%.o: $(OUT)/gen/%.c
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(OUT)/gen/tables.c: lib/data/tables.py $(wildcard lib/data/*.tsv lib/data/names/*.tsv)
	@mkdir -p $(@D)
	@echo "  gen   $@"
	@$(PYTHON) lib/data/tables.py $(@D)

$(OUT)/gen/device_tables.c: lib/data/device_tables.py $(wildcard lib/data/*.tsv lib/data/uap/*.py) lib/data/uap/regexes.yaml
	@mkdir -p $(@D)
	@echo "  gen   $@"
	@$(PYTHON) lib/data/device_tables.py $(@D)

$(OUT)/unit/%: tests/unit/%.c $(OUT)/libheadcount.a $(FCGI_PARTS) $(CONSUMER_PARTS) $(EXTRA_OBJ)
	@mkdir -p $(@D)
	@echo "  unit  $@"
	@$(CC) $(ALL_CFLAGS) -Ifcgi -Iconsumer $(ALL_LDFLAGS) $(LDFLAGS_$(@F)) -o $@ $< $(filter-out %.c %.a,$^) \
		$(OUT)/libheadcount.a $(LIBS) -lcmocka

$(OUT)/bench/%: bench/%.c $(OUT)/libheadcount.a
	@mkdir -p $(@D)
	@echo "  bench $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(OUT)/libheadcount.a $(LIBS)

# ---- the tree ----

docs: $(OUT)/headcount.fcgi ## Write docs/settings.md from the table of settings
	@$(OUT)/headcount.fcgi --print-settings-markdown > docs/settings.md

clean: ## Remove what was built; data and downloads stay
	@rm -rf build

-include $(LIB_OBJ:.o=.d) $(FCGI_OBJ:.o=.d) $(CONSUMER_OBJ:.o=.d) $(UNITS:=.d) $(BENCH:=.d)
