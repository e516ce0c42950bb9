# The hostile callers' programs, by the rules and flags of the Makefile, which reads this file.

hostile_programs := $(BUILD)/hostile/hostile $(BUILD)/hostile/libbait.so

.PHONY: hostile-programs
hostile-programs: $(hostile_programs)

$(BUILD)/hostile/hostile: $(call objects,$(filter-out %/bait.c,$(wildcard tests/hostile/*.c)) common/error.c common/names.c common/request.c) $(BUILD)/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^)

$(BUILD)/hostile/libbait.so: tests/hostile/bait.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -shared -o $@ $<

-include $(patsubst %.c,$(BUILD)/obj/%.d,$(wildcard tests/hostile/*.c))
