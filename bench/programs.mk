# The programs of "make bench", by the rules and flags of the Makefile, which reads this file.

bench_programs := $(BUILD)/bench/bare-deploy $(BUILD)/bench/bare-status \
                  $(BUILD)/bench/keystrokes

.PHONY: bench-programs
bench-programs: $(bench_programs)

$(BUILD)/bench/bare-deploy: $(call objects,bench/bare_deploy.c $(keeper_library) $(common)) $(BUILD)/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^) $(xwadm_libs)

$(BUILD)/bench/bare-status: $(call objects,bench/bare_status.c) $(BUILD)/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^) -lvirt

$(BUILD)/bench/keystrokes: $(call objects,bench/keystrokes.c) $(BUILD)/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^)

-include $(patsubst %.c,$(BUILD)/obj/%.d,$(wildcard bench/*.c))
