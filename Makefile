# SPDX-License-Identifier: BSD-2-Clause
# make, make install, make demo, make check; V=1 shows the commands.

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/awstap
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
DOCDIR ?= $(PREFIX)/share/doc/awstap
USERUNITDIR ?= $(PREFIX)/lib/systemd/user
UDEVDIR ?= $(PREFIX)/lib/udev/rules.d
AUTOSTARTDIR ?= /etc/xdg/autostart
PKG_CONFIG ?= pkg-config
VERSION := 0.1.0

# SANITIZE=1 builds everything with AddressSanitizer and UndefinedBehaviorSanitizer, in folders of its own.
ifeq ($(SANITIZE),1)
SUFFIX := -sanitized
HARDEN := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# Each process looks for leaks in all that is mapped: half as long, where that is no libraries of the sanitizers. Bound at its
# start, as what is installed: who binds a function at its first call leaves registers on the stack, and secrets in them.
HARDEN_LINK := -fsanitize=address,undefined -static-libasan -static-libubsan -pie -Wl,-z,now
STATIC := $(HARDEN_LINK)
SANITIZER = $(OBJ)/tests/sanitizer.o
# With the red zones around what stands in a frame.
FRAME := 8192
else ifeq ($(FUZZ),1)
# What `make fuzz` builds: as above, by clang, with its fuzzer in the place of tests/fuzz/replay.c.
CC := clang
SUFFIX := -clang
HARDEN := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDEN_LINK := -fsanitize=fuzzer,address,undefined -pie
STATIC := $(HARDEN_LINK)
else
HARDEN := -O2 -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection
HARDEN_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
STATIC := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack
endif
FRAME ?= 4096
WARN := -Wall -Wextra -Werror -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wwrite-strings \
        -Wmissing-prototypes -Wframe-larger-than=$(FRAME)
OBJ := build/obj$(SUFFIX)
BIN := build/bin$(SUFFIX)
ROOT := build/testroot$(SUFFIX)
REPLAY := $(if $(filter 1,$(FUZZ)),,$(OBJ)/tests/fuzz/replay.o)
build/obj-sanitized/tests/sanitizer.o: CFLAGS += -fno-sanitize=all

CFLAGS ?= -g
ALL_CPPFLAGS = -D_GNU_SOURCE -DAWSTAP_VERSION='"$(VERSION)"' -Iproto $(CPPFLAGS)
ALL_CFLAGS = -std=c17 -fPIE $(HARDEN) $(WARN) $(CFLAGS)

ifneq ($(V),1)
Q := @
SAY = @printf '  %-6s %s\n'
else
SAY = @:
endif

all:

# A program: its folder, and what it links. objects() leaves out what is the seam of the other build.
PROGRAMS := awstap awstap-agent awstap-signer awstap-fido awstap-net awstap-prompt awstap-watch
DIR_awstap := client
DIR_awstap-agent := agent
DIR_awstap-signer := agent/signer
DIR_awstap-fido := agent/fido
DIR_awstap-net := agent/net
DIR_awstap-prompt := agent/prompt
DIR_awstap-watch := agent/watch
LIBS_awstap-agent = $(shell $(PKG_CONFIG) --libs libsodium)
LIBS_awstap-signer = $(shell $(PKG_CONFIG) --libs libsodium libcrypto libqrencode)
LIBS_awstap-fido = $(shell $(PKG_CONFIG) --libs libfido2 libcrypto) -pthread
LIBS_awstap-watch = $(shell $(PKG_CONFIG) --libs libsystemd)
LIBS_awstap-net = $(shell $(PKG_CONFIG) --libs libcurl expat)

objects = $(patsubst %.c,$(OBJ)/%.o,$(filter-out $(2),$(wildcard $(1)/*.c)))
PROTO := $(call objects,proto,proto/clock_system.c proto/clock_test.c)
SYSTEM_CLOCK := $(OBJ)/proto/clock_system.o
TEST_CLOCK := $(OBJ)/proto/clock_test.o
SOFTKEY := $(call objects,tests/softkey,tests/softkey/pty.c tests/softkey/uhid.c tests/softkey/softkey_test.c tests/softkey/device.c \
	tests/softkey/keys.c)
SOFTKEY_LIBS = $(shell $(PKG_CONFIG) --libs libcbor 2>/dev/null || echo -lcbor) -lcrypto

# Tests may have large frames; programs may not.
$(OBJ)/tests/%.o: WARN += -Wno-frame-larger-than

$(OBJ)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(ALL_CPPFLAGS) -I$(dir $<) $(INCLUDE) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What knows where it will be installed is built anew when that changes.
PLACED := $(BIN)/awstap-agent.service $(BIN)/awstap-agent.desktop $(BIN)/awstap-rotate.service
$(OBJ)/client/start.o: INCLUDE += -DLIBEXECDIR='"$(LIBEXECDIR)"' -DUSERUNITDIR='"$(USERUNITDIR)"'
$(OBJ)/client/start.o $(PLACED): $(OBJ)/places
$(OBJ)/places: always
	@mkdir -p $(@D)
	@echo '$(BINDIR) $(LIBEXECDIR) $(USERUNITDIR)' | cmp -s - $@ || echo '$(BINDIR) $(LIBEXECDIR) $(USERUNITDIR)' >$@

$(BIN)/%: udev/%.in
	@mkdir -p $(@D)
	$(Q)sed 's|@LIBEXECDIR@|$(LIBEXECDIR)|; s|@BINDIR@|$(BINDIR)|' $< >$@

define program
$(BIN)/$(1): $$(call objects,$$(DIR_$(1)),) $$(PROTO) $$(SYSTEM_CLOCK)
	@mkdir -p $$(@D)
	$$(SAY) LD $$@
	$$(Q)$$(CC) $$(if $$(filter awstap,$(1)),$$(STATIC),$$(HARDEN_LINK)) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# The test build: the same objects, but for the clock, the software key in the place of USB and udev, and fault points
# (tests/faultpoint) around what changes files and what AWS is asked.
SOFT_awstap-fido = $(OBJ)/tests/softkey/device.o $(SOFTKEY)
SOFT_awstap-watch = $(OBJ)/tests/softkey/keys.o
FAULTS_awstap = write fsync ftruncate rename renameat2 unlink
FAULTS_awstap-agent = $(FAULTS_awstap)
FAULTS_awstap-signer = $(FAULTS_awstap) channel_send channel_receive agent_wait
FAULT_OBJECTS = $(call objects,tests/faultpoint,$(if $(filter channel_send,$(FAULTS_$(1))),,tests/faultpoint/requests.c))
define test_program
$(ROOT)/$(1): $$(call objects,$$(DIR_$(1)),agent/fido/device.c agent/watch/keys.c) $$(PROTO) $$(TEST_CLOCK) \
		$$(SOFT_$(1)) $$(if $$(FAULTS_$(1)),$$(call FAULT_OBJECTS,$(1))) $$(SANITIZER)
	@mkdir -p $$(@D)
	$$(SAY) LD $$@
	$$(Q)$$(CC) $$(if $$(filter awstap,$(1)),$$(STATIC),$$(HARDEN_LINK)) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1)) \
		$$(if $$(filter awstap-fido,$(1)),$$(SOFTKEY_LIBS)) $$(FAULTS_$(1):%=-Wl,--wrap=%)
endef
$(foreach p,$(PROGRAMS),$(eval $(call test_program,$(p))))
$(OBJ)/tests/softkey/%.o: INCLUDE := -Iagent/fido
$(OBJ)/tests/softkey/keys.o: INCLUDE := -Iagent/watch
$(OBJ)/tests/faultpoint/requests.o: INCLUDE := -Iagent/signer

$(ROOT)/softkey-%: $(SOFTKEY) $(OBJ)/tests/softkey/%.o
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) $(HARDEN_LINK) -o $@ $^ $(SOFTKEY_LIBS)

$(ROOT)/fakebus: $(OBJ)/tests/watch/fakebus.o
	$(SAY) LD $@
	$(Q)$(CC) $(HARDEN_LINK) -o $@ $^ $(LIBS_awstap-watch)

$(ROOT)/clock:
	@mkdir -p $(ROOT)/softkey
	@echo 0 > $@

all: $(PROGRAMS:%=$(BIN)/%) $(PLACED)
testroot: $(PROGRAMS:%=$(ROOT)/%) $(ROOT)/softkey-pty $(ROOT)/fakebus $(ROOT)/clock

# Unit tests and fuzz targets stand in folders named for the program whose objects they link, all but its main().
TEST_DIR_proto := proto
TEST_DIR_agent := agent
TEST_DIR_signer := agent/signer
TEST_DIR_fido := agent/fido
TEST_DIR_net := agent/net
TEST_DIR_prompt := agent/prompt
TEST_DIR_client := client
TEST_LIBS = $(LIBS_awstap-$*)

archive = $(OBJ)/$(1).a
define test_archive
$(call archive,$(1)): $$(call objects,$$(TEST_DIR_$(1)),$$(TEST_DIR_$(1))/main.c) $$(PROTO) $$(SYSTEM_CLOCK) \
		$$(patsubst %.c,$(OBJ)/%.o,$$(wildcard tests/unit/$(1)/*_fixture.c tests/unit/*_fixture.c))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$(sort $$^)
build/unit$$(SUFFIX)/$(1)/%: $(OBJ)/tests/unit/$(1)/%.o $$(call archive,$(1))
	@mkdir -p $$(@D)
	$$(SAY) LD $$@
	$$(Q)$$(CC) $$(HARDEN_LINK) $$(UNIT_LDFLAGS) -o $$@ $$^ -lcmocka $$(LIBS_awstap-$(1))
build/fuzz$$(SUFFIX)/$(1)/%: $(OBJ)/tests/fuzz/$(1)/%.o $(REPLAY) $$(call archive,$(1))
	@mkdir -p $$(@D)
	$$(SAY) LD $$@
	$$(Q)$$(CC) $$(HARDEN_LINK) -o $$@ $$^ $$(LIBS_awstap-$(1))
$(OBJ)/tests/unit/$(1)/%.o: INCLUDE := -I$$(TEST_DIR_$(1)) -Itests/unit
$(OBJ)/tests/fuzz/$(1)/%.o: INCLUDE := -I$$(TEST_DIR_$(1))
endef
$(foreach d,proto agent signer fido net prompt client,$(eval $(call test_archive,$(d))))

# This one interrupts every write.
build/unit$(SUFFIX)/signer/vault_write_test: UNIT_LDFLAGS := -Wl,--wrap=write,--wrap=fsync,--wrap=rename,--wrap=unlink

UNIT_TESTS := $(patsubst tests/unit/%.c,build/unit$(SUFFIX)/%,$(wildcard tests/unit/*/*_test.c))
FUZZERS := $(patsubst tests/fuzz/%.c,build/fuzz$(SUFFIX)/%,$(wildcard tests/fuzz/*/*.c))

build/unit$(SUFFIX)/softkey/softkey_test: $(SOFTKEY) $(OBJ)/tests/softkey/device.o $(OBJ)/tests/softkey/softkey_test.o
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) $(HARDEN_LINK) -o $@ $^ -lcmocka $(LIBS_awstap-fido) $(SOFTKEY_LIBS)

tests-built: testroot $(UNIT_TESTS) $(FUZZERS) build/unit$(SUFFIX)/softkey/softkey_test

check: packages-check
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all tests-built
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) tests-built SANITIZE=1
	$(Q)tests/check

# All that is sanitized; `make check` has a part of it.
check-sanitized: packages-check
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) tests-built SANITIZE=1
	$(Q)tests/check sanitized

fuzzers: $(FUZZERS)

# FUZZ_SECONDS=60 for each target; needs clang.
fuzz:
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) fuzzers FUZZ=1
	$(Q)tests/fuzz/run build/fuzz-clang/*/*

demo: packages-demo
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) testroot
	$(Q)tests/demo

bench: packages-check
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) testroot
	$(Q)tests/bench/run

# Every operation, interrupted everywhere (tests/matrix/README.md): an hour and a half. MATRIX: options and operations.
kill-matrix: packages-check
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) testroot
	$(Q)tests/matrix/run $(MATRIX)

# Under a real kernel, in a virtual machine; VM_SECONDS=900 it may take.
vm-check: packages-vm
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(ROOT)/softkey-uhid
	$(Q)tests/vm/run

packages-demo packages-check packages-vm: packages-%:
	@tests/packages $*

install: all
	install -d -m 0755 "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(LIBEXECDIR)" "$(DESTDIR)$(MANDIR)/man1" \
		"$(DESTDIR)$(BASHCOMPDIR)" "$(DESTDIR)$(DOCDIR)" "$(DESTDIR)$(USERUNITDIR)" \
		"$(DESTDIR)$(UDEVDIR)" "$(DESTDIR)$(AUTOSTARTDIR)"
	install -m 0755 $(BIN)/awstap "$(DESTDIR)$(BINDIR)/awstap"
	install -m 0711 $(filter-out $(BIN)/awstap,$(PROGRAMS:%=$(BIN)/%)) "$(DESTDIR)$(LIBEXECDIR)/"
	install -m 0644 client/awstap.1 "$(DESTDIR)$(MANDIR)/man1/awstap.1"
	install -m 0644 client/awstap.bash "$(DESTDIR)$(BASHCOMPDIR)/awstap"
	install -m 0644 LICENSE "$(DESTDIR)$(DOCDIR)/"
	install -m 0644 udev/awstap-agent.socket $(BIN)/awstap-agent.service udev/awstap-rotate.timer \
		$(BIN)/awstap-rotate.service "$(DESTDIR)$(USERUNITDIR)/"
	install -m 0644 $(BIN)/awstap-agent.desktop "$(DESTDIR)$(AUTOSTARTDIR)/"
	install -m 0644 udev/70-awstap.rules "$(DESTDIR)$(UDEVDIR)/"

uninstall:
	rm -f "$(DESTDIR)$(BINDIR)/awstap" "$(DESTDIR)$(MANDIR)/man1/awstap.1" "$(DESTDIR)$(BASHCOMPDIR)/awstap" \
		$(PROGRAMS:%="$(DESTDIR)$(LIBEXECDIR)/%") "$(DESTDIR)$(DOCDIR)/LICENSE" \
		"$(DESTDIR)$(USERUNITDIR)/awstap-agent.socket" "$(DESTDIR)$(USERUNITDIR)/awstap-agent.service" \
		"$(DESTDIR)$(USERUNITDIR)/awstap-rotate.timer" "$(DESTDIR)$(USERUNITDIR)/awstap-rotate.service" \
		"$(DESTDIR)$(AUTOSTARTDIR)/awstap-agent.desktop" "$(DESTDIR)$(UDEVDIR)/70-awstap.rules"
	-rmdir "$(DESTDIR)$(LIBEXECDIR)" "$(DESTDIR)$(DOCDIR)"

clean:
	rm -rf build

.PHONY: always all testroot tests-built check check-sanitized fuzz fuzzers kill-matrix vm-check demo bench \
	packages-demo packages-check packages-vm install uninstall clean
.SECONDARY:

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
