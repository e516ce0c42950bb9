# The hostile callers' programs, by the rules and flags of the Makefile, which reads this file.

hostile_programs := $(BUILD)/hostile/hostile $(BUILD)/hostile/libbait.so

.PHONY: hostile-programs
hostile-programs: $(hostile_programs)

$(BUILD)/hostile/hostile: $(call objects,$(filter-out %/bait.c,$(wildcard tests/hostile/*.c)) \
        $(addprefix tests/hostile/owned/,attempts.c identity.c kernel.c files.c sockets.c processes.c) \
        common/error.c common/names.c common/request.c common/landlock.c) $(BUILD)/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^)

$(BUILD)/hostile/libbait.so: tests/hostile/bait.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -shared -o $@ $<

-include $(patsubst %.c,$(BUILD)/obj/%.d,$(wildcard tests/hostile/*.c))

# --- parts that have been taken over (tests/hostile/owned) ---------------------------------------

# The objects of gate, keeper and relay as they are installed, with a script put where each first
# reads hostile input: the linker's --wrap gives calls between two of them to the script. Each is
# made four times: with all that confines it, without seccomp, without Landlock, without both.
comma := ,
owned_libs_xwkeeper := -lvirt-qemu
owned_layers := all no-seccomp no-landlock permissions
owned_no-seccomp  := seccomp
owned_no-landlock := landlock
owned_permissions := seccomp landlock

owned_wrap_seccomp  := -Wl,--wrap=seccomp_load
owned_wrap_landlock := -Wl,--wrap=xw_landlock_enter
owned_wrap_xwhelper := $(addprefix -Wl$(comma)--wrap=,xw_policy_enter xw_gate_connect_and_drop audit_open)
owned_wrap_xwrelay  := -Wl,--wrap=xw_policy_enter
owned_wrap_xwkeeper := -Wl,--wrap=xw_reader_list,--wrap=xw_reader_status

owned := tests/hostile/owned
owned_attempts := $(addprefix $(owned)/,attempts.c identity.c kernel.c files.c sockets.c processes.c)
owned_xwhelper := $(xwhelper_sources) $(owned_attempts) $(owned)/gate.c
owned_xwrelay  := $(xwrelay_sources) $(owned_attempts) $(owned)/relay.c
owned_xwkeeper := $(xwkeeper_sources) $(owned_attempts) $(owned)/reader.c $(owned)/reader_calls.c

# owned_program PROGRAM,LAYERS
define owned_program
$(BUILD)/hostile/owned/$(1)-$(2): $(call objects,$(owned_$(1)) $(owned_$(2):%=$(owned)/without_%.c) $(sanitizer_options)) $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(LINK) $(owned_wrap_$(1)) $(foreach layer,$(owned_$(2)),$(owned_wrap_$(layer))) -o $$@ $$(filter %.o,$$^) $$($(1)_libs) $(owned_libs_$(1))
hostile_programs += $(BUILD)/hostile/owned/$(1)-$(2)
endef
$(foreach p,xwhelper xwkeeper xwrelay,$(foreach l,$(owned_layers),$(eval $(call owned_program,$(p),$(l)))))

# The keeper once more, with the script where a request would be parsed.
owned_wrap_parser := -Wl,--wrap=xw_child_serve,--wrap=xw_broker_start,--wrap=xw_request_parse
$(BUILD)/hostile/owned/xwkeeper-parser: $(call objects,$(xwkeeper_sources) $(owned)/parser.c $(sanitizer_options)) $(BUILD)/flags
	@mkdir -p $(@D)
	$(LINK) $(owned_wrap_parser) -o $@ $(filter %.o,$^) $(xwkeeper_libs)
hostile_programs += $(BUILD)/hostile/owned/xwkeeper-parser

$(BUILD)/hostile/owned/alone: $(call objects,$(owned_attempts) $(owned)/alone.c) $(BUILD)/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^)

$(BUILD)/hostile/owned/read_write: $(call objects,$(owned)/read_write.c $(owned)/reader_calls.c) $(BUILD)/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^) -lvirt -lvirt-qemu
hostile_programs += $(BUILD)/hostile/owned/alone $(BUILD)/hostile/owned/read_write

hostile-programs: $(hostile_programs)

-include $(patsubst %.c,$(BUILD)/obj/%.d,$(wildcard $(owned)/*.c))
