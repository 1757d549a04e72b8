# SPDX-License-Identifier: MIT
#
# sudo make demo      see it work, in a namespace of its own, nothing left behind
# sudo make check     build and test everything; installs what is missing
# make help           the other targets
#
# V=1 shows commands; CC=clang, SANITIZE=address,undefined, PREFIX=, DESTDIR= as usual.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

PREFIX ?= /usr/local
DESTDIR ?=
SANITIZE ?=
V ?= 0
ifeq ($(origin CC),default)
CC := gcc
endif
MUSL_CC ?= $(shell command -v musl-gcc 2>/dev/null)

comma := ,
BUILD := build$(if $(SANITIZE),/sanitize)
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-7s %s\n' $(1) $(2))

include tests/lint/layers.mk

# ---- flags -------------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Werror -Wvla -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wno-missing-field-initializers -Wformat=2
HARDENING := -fstack-protector-strong -fstack-clash-protection -fPIE \
        $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
# Inflates three times as fast as zlib; not for every processor, so that supd-image does without it, too.
HAVE_ISAL := $(shell pkg-config --exists libisal 2>/dev/null && echo -DHAVE_ISAL)
OPT ?= -O2
CFLAGS ?= $(OPT) -g
COMMON := -std=gnu17 $(WARNINGS) -D_GNU_SOURCE -Isupervisor -Iinclude -fno-strict-aliasing \
        -ffunction-sections -fdata-sections $(HAVE_ISAL)
SANITIZE_FLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
        -fno-omit-frame-pointer)
ALL_CFLAGS = $(COMMON) $(HARDENING) $(SANITIZE_FLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed $(SANITIZE_FLAGS) $(LDFLAGS)

LIBS_supd := -lsystemd -linih -lseccomp -lcap -lm
LIBS_supctl := -lsystemd -linih -ljansson
LIBS_supd-image := -lcurl -larchive -ljansson -lcrypto -lbtrfsutil -lsystemd $(if $(HAVE_ISAL),-lisal)

# ---- what is built -----------------------------------------------------------------------------
FOLDERS := base unitfile runtime log core install kinds recovery control daemon client ctl image
sources = $(wildcard supervisor/$(1)/*.c supervisor/$(1)/*/*.c)
objects = $(patsubst supervisor/%.c,$(BUILD)/obj/%.o,$(filter-out %/main.c,$(call sources,$(1))))
archive = $(BUILD)/lib/$(1).a

SUPD_FOLDERS := daemon control recovery kinds install core log runtime unitfile base
SUPCTL_FOLDERS := ctl client log unitfile base
IMAGE_FOLDERS := image base
PROGRAMS := $(addprefix $(BUILD)/bin/,supd supctl supinit supd-log supd-image)

.PHONY: all
all: $(PROGRAMS)

# Objects depend on the flags they were built with: a changed CC= or SANITIZE= rebuilds them.
FLAGS_TEXT = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(MUSL_CC)
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@printf '%s\n' '$(FLAGS_TEXT)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_TEXT)' >$@
.PHONY: FORCE
FORCE:

$(BUILD)/obj/%.o: supervisor/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define folder_rules
$(call archive,$(1)): $(call objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(Q)ar rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_rules,$(f))))

$(BUILD)/bin/supd: $(BUILD)/obj/daemon/main.o $(foreach f,$(SUPD_FOLDERS),$(call archive,$(f)))
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(foreach f,$(SUPD_FOLDERS),$(call archive,$(f))) $(LIBS_supd)

$(BUILD)/bin/supctl: $(BUILD)/obj/ctl/main.o $(foreach f,$(SUPCTL_FOLDERS),$(call archive,$(f)))
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(foreach f,$(SUPCTL_FOLDERS),$(call archive,$(f))) $(LIBS_supctl)

$(BUILD)/bin/supd-image: $(BUILD)/obj/image/main.o $(foreach f,$(IMAGE_FOLDERS),$(call archive,$(f)))
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(foreach f,$(IMAGE_FOLDERS),$(call archive,$(f))) $(LIBS_supd-image)

# Static programs of one folder each, tiny because many instances run; musl where there is one. Never
# sanitised: supinit is PID 1 in foreign roots. Not position-independent: relocated pages are private.
STATIC_FOLDERS := init logger
STATIC_CC = $(or $(MUSL_CC),$(CC))
STATIC_FLAGS := -Os -fno-pie -fstack-protector-strong -fno-asynchronous-unwind-tables -static \
        -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-z,noseparate-code -s
define static_program_rule
$(BUILD)/bin/$(1): $(wildcard $(addprefix supervisor/$(2)/,*.c *.h) include/supd/*.h) \
                supervisor/base/macro.h $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call say,STATIC,$$@)
	$$(Q)$$(STATIC_CC) $$(COMMON) $$(STATIC_FLAGS) -o $$@ $$(filter %.c,$$^)
endef
$(eval $(call static_program_rule,supinit,init))
$(eval $(call static_program_rule,supd-log,logger))

# ---- tests -------------------------------------------------------------------------------------
# tests/unit/test-FOLDER-MODULE.c links FOLDER and what FOLDER may include, nothing else. Tests of the
# static programs link neither: they run the program in $SUPD_BIN_DIR, build/bin if unset.
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/test/%,$(wildcard tests/unit/test-*.c))
test_folder = $(word 2,$(subst -, ,$(1)))
test_folders = $(filter-out $(STATIC_FOLDERS), \
        $(call test_folder,$(1)) $(call whole_folders,$(LAYER_$(call test_folder,$(1)))))
# A folder within a folder is in the archive of that one.
whole_folders = $(foreach f,$(1),$(if $(findstring /,$(f)),,$(f)))
define unit_test_rule
$(1): tests/unit/$(notdir $(1)).c $(foreach f,$(call test_folders,$(notdir $(1))),$(call archive,$(f)))
	@mkdir -p $$(@D)
	$$(call say,TEST,$$@)
	$$(Q)$$(CC) $$(ALL_CFLAGS) -MMD -MP -MF $$@.d -Itests $$(ALL_LDFLAGS) -o $$@ $$< \
		-Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $(LIBS_supd) -ljansson -lcmocka \
		$(if $(filter test-image-%,$(notdir $(1))),$(LIBS_supd-image))
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_test_rule,$(t))))
$(filter $(BUILD)/test/test-init-% %/test-runtime-exec,$(UNIT_TESTS)): | $(BUILD)/bin/supinit
$(filter $(BUILD)/test/test-logger-%,$(UNIT_TESTS)): | $(BUILD)/bin/supd-log

# What tests of supd-image pull from where a real registry would not lie.
TEST_SERVERS := $(BUILD)/test/lying-registry
$(BUILD)/test/lying-registry: tests/lib/lying-registry.c $(call archive,base)
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(call archive,base) \
		-lmicrohttpd -lsystemd -lpthread

# For roots where nothing else is: a service, and who calls it; who notifies.
TEST_SERVERS += $(BUILD)/test/socket-peer $(BUILD)/test/notify-send
$(BUILD)/test/socket-peer $(BUILD)/test/notify-send: $(BUILD)/test/%: tests/lib/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(STATIC_CC) $(COMMON) -O2 -static -o $@ $<

.PHONY: unit-tests
unit-tests: $(UNIT_TESTS) $(TEST_SERVERS)

# Fuzzers need clang; `make fuzz` runs each of them for FUZZ_SECONDS over its corpus.
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz-*.c))
FUZZ_SECONDS ?= 60
$(BUILD)/fuzz/fuzz-%: tests/fuzz/fuzz-%.c FORCE
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)clang $(COMMON) -O1 -g -fsanitize=fuzzer,address,undefined -o $@ $< \
		$(wildcard supervisor/unitfile/*.c supervisor/base/*.c) -linih -lsystemd

$(BUILD)/fuzz/fuzz-image-%: tests/fuzz/fuzz-image-%.c FORCE
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)clang $(COMMON) -Itests -O1 -g -fsanitize=fuzzer,address,undefined -o $@ $< \
		$(filter-out %/main.c,$(call sources,image)) $(call sources,base) $(LIBS_supd-image)

.PHONY: fuzz fuzzers
fuzzers: $(FUZZERS)
fuzz: fuzzers
	$(Q)tests/fuzz/run $(BUILD)/fuzz $(FUZZ_SECONDS)

.PHONY: deps
deps:
	$(Q)packaging/install-deps check

.PHONY: check
check: deps
	$(Q)$(MAKE) --no-print-directory all unit-tests SANITIZE=$(SANITIZE)
	$(Q)tests/run --build $(BUILD)

.PHONY: bench
bench:
	$(Q)packaging/install-deps bench
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/bench/run $(BUILD)

.PHONY: demo
demo:
	$(Q)packaging/install-deps demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/lib/demo $(BUILD)

.PHONY: lint
lint:
	$(Q)packaging/install-deps lint
	$(Q)tests/lint/run

.PHONY: format
format:
	$(Q)clang-format -i $(wildcard supervisor/*/*.[ch] supervisor/*/*/*.[ch] include/supd/*.h tests/*/*.[ch])

# ---- installation ------------------------------------------------------------------------------
BINDIR := $(DESTDIR)$(PREFIX)/bin
LIBEXECDIR := $(DESTDIR)$(PREFIX)/lib/supd
MANDIR := $(DESTDIR)$(PREFIX)/share/man

.PHONY: install uninstall
install: all
	$(Q)packaging/install-files install "$(BUILD)" "$(DESTDIR)" "$(PREFIX)"
uninstall:
	$(Q)packaging/install-files uninstall "$(BUILD)" "$(DESTDIR)" "$(PREFIX)"

.PHONY: clean
clean:
	$(Q)rm -rf build

.PHONY: help
help:
	@echo 'demo check all install uninstall lint format bench fuzz clean'

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/test/*.d)
