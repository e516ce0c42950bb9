# The fuzz targets, by the rules of the unit tests, with clang's libFuzzer. The Makefile reads this.

FUZZ_CC      := clang
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(FUZZ_SOURCES))
FUZZ_FLAGS    = -std=c17 $(DEFINES) -I. $(WARNINGS) -MMD -MP -O1 -g -fno-omit-frame-pointer \
                -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FUZZ_LIBS    := -lyaml -lncursesw -ltinfo -lcrypto -luuid -laudit -lseccomp -lcap-ng -lvterm

fuzz_objects  = $(patsubst %.c,build/fuzz-obj/%.o,$(1))

define fuzz_target
build/fuzz/$(1): $(call fuzz_objects,tests/fuzz/$(1).c $(call links,tests/fuzz/$(1).c))
	@mkdir -p $$(@D)
	$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -Wl,--as-needed -o $$@ $$(filter %.o,$$^) $(FUZZ_LIBS)
FUZZ_OBJECTS += $(call fuzz_objects,tests/fuzz/$(1).c $(call links,tests/fuzz/$(1).c))
endef
$(foreach t,$(FUZZ_SOURCES),$(eval $(call fuzz_target,$(basename $(notdir $(t))))))

build/fuzz-obj/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -c -o $@ $<

.PHONY: fuzz fuzz-targets
fuzz-targets: $(FUZZ_TARGETS)

# Seconds for each target.
SECONDS ?= 60
fuzz: deps
	+$(MAKE) --no-print-directory fuzz-targets
	tests/fuzz/run --seconds $(SECONDS)

-include $(sort $(FUZZ_OBJECTS:.o=.d))
