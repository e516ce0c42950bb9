# The programs of "make bench", by the rules and flags of the Makefile, which reads this file.

bench_programs := build/bench/bare-deploy build/bench/keystrokes

.PHONY: bench-programs
bench-programs: $(bench_programs)

build/bench/bare-deploy: $(call objects,bench/bare_deploy.c $(keeper_library) $(common)) build/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^) $(xwadm_libs)

build/bench/keystrokes: $(call objects,bench/keystrokes.c) build/flags
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^)

-include $(patsubst %.c,build/obj/%.d,$(wildcard bench/*.c))
