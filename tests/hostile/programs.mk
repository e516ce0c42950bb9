# The hostile callers' programs, by the rules and flags of the Makefile, which reads this file.

hostile_programs := build/hostile/hostile build/hostile/libbait.so

.PHONY: hostile-programs
hostile-programs: $(hostile_programs)

build/hostile/hostile: $(call objects,$(filter-out %/bait.c,$(wildcard tests/hostile/*.c)) common/error.c common/names.c common/request.c) build/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^)

build/hostile/libbait.so: tests/hostile/bait.c build/flags
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -shared -o $@ $<

-include $(patsubst %.c,build/obj/%.d,$(wildcard tests/hostile/*.c))
