# What tests/faults/run needs, by the rules of the Makefile, which reads this file.

fault_programs := build/faults/inject.so build/faults/faults

.PHONY: fault-programs
fault-programs: $(fault_programs)

# As a library, and with the functions that it replaces under their own names.
build/faults/inject.so: tests/faults/inject.c tests/faults/faults.h
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE -I. -O2 -g -Wall -Wextra -fPIC -shared -o $@ $< -ldl

build/faults/faults: tests/faults/steer.c tests/faults/faults.h
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE -I. -O2 -g $(WARNINGS) -o $@ $<
