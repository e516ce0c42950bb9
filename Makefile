# xworlds: one makefile for everything; objects and programs are made below $(BUILD).
#
#   make                 the programs
#   make install         PREFIX=/usr/local DESTDIR= PAMDIR=; see contrib/install-host for what root adds
#   make deps            the Debian packages that building and testing take
#   make uninstall       takes it off this host again; see INSTALL
#   make check           builds and runs the tests; check-full adds the long ones
#   make fuzz            SECONDS=60 for each parser; make check runs each for a fixed number of executions
#   make check-sanitized the hostile callers' and the integration tests on programs with sanitizers
#   make check-vm        follows INSTALL in a virtual machine and tests what it made
#   make lint            formatting, static analysis, scripts, manual pages; -j runs it in parallel
#   make compilers       gcc and clang at several levels: no warning
#
# BUILD=DIR builds elsewhere. SANITIZE=1 gives the programs the address and undefined behaviour
# sanitizers, in build/sanitized; both can be set in the environment, for what runs make itself.
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX     ?= /usr/local
DESTDIR    ?=
CFLAGS     ?= -O2 -g
SYSCONFDIR := /etc
PAMDIR     ?= /usr/lib/$(shell dpkg-architecture -qDEB_HOST_MULTIARCH)/security
BUILD      ?= $(if $(SANITIZE),build/sanitized,build)

WARNINGS  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 \
             -Wstrict-prototypes -Wmissing-prototypes
HARDENING := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
             -fstack-clash-protection -fcf-protection -fPIE
# The sanitizers replace the functions that fortification would check.
SANITIZERS := -U_FORTIFY_SOURCE -fsanitize=address,undefined -fno-sanitize-recover=undefined \
              -fno-omit-frame-pointer
MODULE_HARDENING := $(subst -fPIE,-fPIC,$(HARDENING)) -fvisibility=hidden
DEFINES    := -D_GNU_SOURCE -DXW_LIBEXECDIR='"$(PREFIX)/libexec/xworlds"'
ifneq ($(SANITIZE),)
HARDENING := -fPIE $(SANITIZERS)
endif

BASE_FLAGS = -std=c17 $(DEFINES) -I. $(WARNINGS) $(WERROR) -MMD -MP
COMPILE    = $(CC) $(CPPFLAGS) $(CFLAGS) $(BASE_FLAGS) $(HARDENING)
LINK       = $(CC) $(CFLAGS) $(LDFLAGS) $(if $(SANITIZE),$(SANITIZERS)) -pie -Wl,-z,relro,-z,now \
             -Wl,--as-needed
COMPILE_TEST = $(CC) $(CPPFLAGS) $(CFLAGS) $(BASE_FLAGS) $(SANITIZERS)
LINK_TEST    = $(CC) $(CFLAGS) $(LDFLAGS) $(SANITIZERS) -Wl,--as-needed

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all install uninstall deps check check-full check-sanitized check-vm demo bench mutants lint clean unit-tests \
        gate-sources FORCE

# --- programs ---------------------------------------------------------------------------------

# Of builds with sanitizers only.
sanitizer_sources := common/sanitizer_rules.c tests/sanitizer_options.c
common         := $(filter-out $(sanitizer_sources),$(wildcard common/*.c))
keeper_library := $(wildcard $(addprefix xwhelper/keeper/,plan.c image.c host.c machine.c \
                    machine_xml.c notice.c lock.c world.c world_deploy.c world_destroy.c bridge.c overlay.c owner_record.c \
                    partition.c quota.c))

xwsh_main     := xwsh/main.c
topology      := $(addprefix xwsh/,topology.c topology_wiring.c topology_layout.c topology_draw.c \
                    picture.c safe_text.c)
xwsh_sources  := $(wildcard xwsh/*.c) xwadm/address.c xwadm/extension.c xwadm/local_time.c \
                 $(addprefix common/,clock.c config.c config_file.c copy_frame.c error.c lines.c names.c request.c)
xwsh_libs     := -lncursesw -ltinfo -ljson-c -lpam -lvterm

xwhelper_main    := xwhelper/gate/main.c
xwhelper_sources := $(wildcard xwhelper/gate/*.c \
                      $(addprefix common/,error.c names.c request.c record.c access.c clock.c lines.c policy.c landlock.c))
xwhelper_libs    := -laudit -lseccomp

xwkeeper_main    := xwhelper/keeper/main.c
xwkeeper_sources := $(wildcard xwhelper/keeper/*.c xwhelper/reader/*.c) $(common)
xwkeeper_libs    := -lvirt -lcrypto -luuid -lseccomp -lcap-ng -laudit

xwrelay_main    := xwhelper/relay/main.c
xwrelay_sources := $(wildcard xwhelper/relay/*.c common/copy_frame.c common/policy.c common/landlock.c)
xwrelay_libs    := -lseccomp

xwadm_main    := xwadm/main.c
xwadm_sources := $(wildcard xwadm/*.c xwsh/lines.c xwsh/suggest.c) $(topology) $(keeper_library) $(common) \
                   $(wildcard $(addprefix xwhelper/keeper/,stop.c lifecycle.c job.c reply.c suspend.c admission.c admission_rule.c))
xwadm_libs    := -lyaml -ljson-c -lvirt -lcrypto -lnettle -luuid -lseccomp -lcap-ng -lauparse -lsystemd -pthread

# A program is built if its main.c is in the tree.
PROGRAMS := $(foreach p,xwsh xwhelper xwkeeper xwrelay xwadm,$(if $(wildcard $($(p)_main)),$(p)))

all: $(addprefix $(BUILD)/,$(PROGRAMS))

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
sanitizer := $(if $(SANITIZE),$(sanitizer_sources))

define program
$(BUILD)/$(1): $(call objects,$($(1)_sources) $(sanitizer)) $(BUILD)/flags
	$$(LINK) -o $$@ $$(filter %.o,$$^) $($(1)_libs)
ALL_OBJECTS += $(call objects,$($(1)_sources) $(sanitizer))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# The PAM module is loaded into programs of others, which have no sanitizers.
pam_sources := $(wildcard pam/*.c) xwsh/lines.c xwsh/when.c xwsh/prepared.c \
                 $(addprefix common/,config.c error.c names.c request.c record.c access.c lines.c)
pam_objects := $(patsubst %.c,$(BUILD)/pam-obj/%.o,$(pam_sources))
ALL_OBJECTS += $(pam_objects)
LINK_MODULE  = $(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-z,relro,-z,now,-z,defs -Wl,--as-needed

all: $(BUILD)/pam_xworlds.so

$(BUILD)/pam_xworlds.so: $(pam_objects) $(BUILD)/flags
	$(LINK_MODULE) -o $@ $(filter %.o,$^) -lpam

$(BUILD)/pam-obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(BASE_FLAGS) $(MODULE_HARDENING) -c -o $@ $<

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

# Other flags or another PREFIX make everything anew.
define FLAGS_TEXT
$(COMPILE)
$(LINK)
$(COMPILE_TEST)
$(MODULE_HARDENING) $(LINK_MODULE)
endef
export FLAGS_TEXT
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS_TEXT" | cmp -s - $@ || printf '%s\n' "$$FLAGS_TEXT" >$@

# --- unit tests -------------------------------------------------------------------------------

# The first line of a test says what is linked into it: /* links: common/names.c ... */
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS   := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
UNIT_LIBS    := -lcmocka -lncursesw -ltinfo -ljson-c -lyaml -lseccomp -laudit -lcap-ng -lcrypto -lnettle \
                -luuid -lvirt -lauparse -lsystemd -lvterm -pthread

links        = $(shell sed -n '1s|^/\* links: \(.*\) \*/$$|\1|p' $(1))
test_objects = $(patsubst %.c,$(BUILD)/test-obj/%.o,$(1))

define unit_test
$(BUILD)/tests/$(1): $(call test_objects,tests/unit/$(1).c $(call links,tests/unit/$(1).c)) $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(LINK_TEST) -o $$@ $$(filter %.o,$$^) $$(UNIT_LIBS)
ALL_OBJECTS += $(call test_objects,tests/unit/$(1).c $(call links,tests/unit/$(1).c))
endef
$(foreach t,$(UNIT_SOURCES),$(eval $(call unit_test,$(basename $(notdir $(t))))))

$(BUILD)/test-obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE_TEST) -c -o $@ $<

unit-tests: $(UNIT_TESTS)

# What the gate is made of, for the test that counts its lines.
gate-sources:
	@printf '%s\n' $(xwhelper_sources)

include bench/programs.mk
include tests/fuzz/fuzz.mk
include tests/faults/faults.mk
include tests/pam/pam.mk
include tests/hostile/programs.mk
-include $(sort $(ALL_OBJECTS:.o=.d))

# --- tests ------------------------------------------------------------------------------------

deps:
	contrib/deps

# A make of its own for what is compiled: the compiler itself may have come with deps. On all
# processors, unless somebody has said how many.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

check: deps
	+$(SUBMAKE) all unit-tests fuzz-targets hostile-programs
	tests/run $(if $(WITHOUT),--without $(WITHOUT))

check-full: deps
	+$(SUBMAKE) all unit-tests fuzz-targets hostile-programs
	tests/full

# The programs confined as ever, with what the sanitizers need besides (common/sanitizer_rules.c).
check-sanitized: deps
	+$(SUBMAKE) all hostile-programs
	+$(SUBMAKE) SANITIZE=1 all
	SANITIZE=1 tests/run hostile integration

# A real host with systemd, as INSTALL makes it, in a virtual machine.
check-vm: deps
	+$(SUBMAKE) all hostile-programs
	tests/vm/check

demo: deps
	+$(SUBMAKE) all
	tests/demo

bench: deps
	+$(SUBMAKE) all bench-programs
	bench/run

SCRIPTS = $(shell git ls-files -co --exclude-standard | \
            while read -r f; do test -f "$$f" && head -n 1 "$$f" 2>/dev/null | \
            grep -qaE '^(\#!.*[/ ]bash|\# shellcheck shell=)' && printf '%s\n' "$$f"; done)
C_FILES = $(wildcard $(addsuffix /*.[ch],common pam xwsh xwadm xwhelper/gate xwhelper/keeper \
            xwhelper/reader xwhelper/relay images/copy bench tests/unit tests/pam tests/fuzz tests/hostile \
            tests/hostile/owned))

# Every check of gate and keeper broken in turn; resumes where it was ended.
mutants: deps
	+$(SUBMAKE) all unit-tests
	tests/mutants/run

# A finding of a checker is corrected, or left out here with the reason.
#   clang-tidy, easily-swappable-parameters: two strings beside each other are C's way.
#   clang-tidy, DeprecatedOrUnsafeBufferHandling: asks for Annex K, which no libc here has.
#   clang-tidy, reserved-identifier: _GNU_SOURCE.
#   gcc, null-dereference and malloc-leak: gcc 12 forgets what a called function has stored through
#   a pointer to a pointer; clang's analyzer follows those, over the same files.
LINT_C      = $(filter-out tests/%,$(filter %.c,$(C_FILES)))
TIDY_CHECKS := -*,clang-analyzer-*,bugprone-*,-bugprone-easily-swappable-parameters,$\
               -clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,$\
               -bugprone-reserved-identifier
ANALYZER    := -fanalyzer -Werror -Wno-analyzer-null-dereference -Wno-analyzer-malloc-leak

LINTS := format cppcheck tidy analyzer scripts man
.PHONY: $(addprefix lint-,$(LINTS)) compilers
lint: $(addprefix lint-,$(LINTS))

lint-format:
	@clang-format --dry-run -Werror $(C_FILES)

# cppcheck knows no C17; nothing here depends on the difference.
lint-cppcheck:
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability \
	    --suppress=missingIncludeSystem -D_GNU_SOURCE -I. $(LINT_C)

# One file in each run: clang-tidy 14 takes the va_list of a second file for uninitialized. What
# has passed is checked again when it, a header or a rule has changed.
lint-tidy: $(patsubst %.c,$(BUILD)/lint/%.tidy,$(LINT_C))
lint-analyzer: $(patsubst %.c,$(BUILD)/lint/%.analyzer,$(LINT_C))

$(BUILD)/lint/%.tidy: %.c $(filter %.h,$(C_FILES)) Makefile
	@mkdir -p $(@D)
	@clang-tidy --quiet --warnings-as-errors='*' --checks='$(TIDY_CHECKS)' $< -- \
	    -std=c17 $(DEFINES) -I. 2>$@.log || { cat $@.log >&2; exit 1; }
	@touch $@

$(BUILD)/lint/%.analyzer: %.c $(filter %.h,$(C_FILES)) Makefile
	@mkdir -p $(@D)
	@gcc -std=c17 $(DEFINES) -I. -O2 $(ANALYZER) -S -o /dev/null $<
	@touch $@

lint-scripts:
	@shellcheck --external-sources $(SCRIPTS)

lint-man:
	@mandoc -T lint -W warning $(wildcard docs/man/*.[1-8])

# gcc at -O2 is what "make" runs.
compilers:
	+$(SUBMAKE) BUILD=build/clang CC=clang WERROR=-Werror all unit-tests
	+$(SUBMAKE) BUILD=build/gcc-O3 CC=gcc CFLAGS=-O3 WERROR=-Werror all
	+$(SUBMAKE) BUILD=build/gcc-Og CC=gcc CFLAGS=-Og WERROR=-Werror all

clean:
	rm -rf build

# --- installation -----------------------------------------------------------------------------

LIBEXEC := $(PREFIX)/libexec/xworlds
UNITS   := $(PREFIX)/lib/systemd/system
MAN     := $(wildcard docs/man/*.[1-8])
UNIT_DROP_INS := $(wildcard contrib/systemd/*.d/xworlds.conf)
BASH_COMPLETION := $(wildcard contrib/bash-completion/*)
PAM_EXAMPLES := $(wildcard contrib/pam.d/*)
SUBSTITUTE := sed 's|@PREFIX@|$(PREFIX)|g'

# put MODE,SOURCE,TARGET
put = install -D -m $(1) $(2) '$(DESTDIR)$(3)'
# put_text SOURCE,TARGET: with @PREFIX@ replaced
put_text = install -d '$(DESTDIR)$(dir $(2))' && $(SUBSTITUTE) $(1) >'$(DESTDIR)$(2).new' && \
           chmod 0644 '$(DESTDIR)$(2).new' && mv -f '$(DESTDIR)$(2).new' '$(DESTDIR)$(2)'
# put_program NAME,DIRECTORY: nothing, as long as the program has no main.c
put_program = $(if $(filter $(1),$(PROGRAMS)),$(call put,0755,$(BUILD)/$(1),$(2)/$(1)))

install: all
	contrib/install-host --before --prefix '$(PREFIX)' --destdir '$(DESTDIR)'
	$(call put,0644,contrib/sysusers.d/xworlds.conf,$(PREFIX)/lib/sysusers.d/xworlds.conf)
	$(call put,0644,contrib/tmpfiles.d/xworlds.conf,$(PREFIX)/lib/tmpfiles.d/xworlds.conf)
	$(call put_program,xwsh,$(PREFIX)/bin)
	$(call put_program,xwadm,$(PREFIX)/sbin)
	$(call put_program,xwkeeper,$(LIBEXEC))
	$(call put_program,xwrelay,$(LIBEXEC))
	$(call put_program,xwhelper,$(LIBEXEC))
	$(call put,0644,$(BUILD)/pam_xworlds.so,$(PAMDIR)/pam_xworlds.so.new)
	mv -f '$(DESTDIR)$(PAMDIR)/pam_xworlds.so.new' '$(DESTDIR)$(PAMDIR)/pam_xworlds.so'
	set -e; for file in $(PAM_EXAMPLES); do install -D -m 0644 "$$file" \
	    "$(DESTDIR)$(PREFIX)/share/doc/xworlds/pam.d/$${file##*/}"; done
	$(call put,0644,contrib/xworlds.nft,$(SYSCONFDIR)/xworlds/xworlds.nft)
	test -e '$(DESTDIR)$(SYSCONFDIR)/xworlds/xworlds.conf' || \
	    $(call put,0644,contrib/xworlds.conf,$(SYSCONFDIR)/xworlds/xworlds.conf)
	install -d -m 0755 '$(DESTDIR)$(SYSCONFDIR)/xworlds/labs.d'
	$(call put_text,contrib/systemd/xworlds-keeper.service,$(UNITS)/xworlds-keeper.service)
	$(call put_text,contrib/systemd/xworlds-nft.service,$(UNITS)/xworlds-nft.service)
	$(call put_text,contrib/systemd/xworlds-tick.service,$(UNITS)/xworlds-tick.service)
	$(call put_text,contrib/systemd/xworlds-tick.timer,$(UNITS)/xworlds-tick.timer)
	set -e; for file in $(UNIT_DROP_INS); do \
	    install -D -m 0644 "$$file" "$(DESTDIR)$(UNITS)/$${file#contrib/systemd/}"; done
	$(call put,0644,INSTALL,$(PREFIX)/share/doc/xworlds/INSTALL)
	$(call put_text,contrib/sshd_config.d/60-xworlds.conf,$(PREFIX)/share/xworlds/60-xworlds.conf)
	set -e; for page in $(MAN); do \
	    install -D -m 0644 "$$page" "$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}"; done
	set -e; for file in $(BASH_COMPLETION); do install -D -m 0644 "$$file" \
	    "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$${file##*/}"; done
	contrib/install-host --prefix '$(PREFIX)' --destdir '$(DESTDIR)'

# Needs no build of its own: what install would put there is what goes.
uninstall:
	contrib/uninstall --prefix '$(PREFIX)'
