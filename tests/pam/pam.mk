# The PAM module as the unit tests load it, by the rules of the Makefile, which reads this file.

pam_test_objects := $(patsubst %.c,$(BUILD)/pam-test-obj/%.o,$(pam_sources) tests/pam/faulty.c)
pam_wrapped := $(shell sed -n 's/^ *X(\([a-z_]*\)).*/\1/p' tests/pam/faulty.h) pam_syslog
ALL_OBJECTS += $(pam_test_objects)

$(BUILD)/tests/pam_xworlds.so: $(pam_test_objects) $(BUILD)/flags
	@mkdir -p $(@D)
	$(LINK_TEST) -shared $(addprefix -Wl$(comma)--wrap=,$(pam_wrapped)) -o $@ $(filter %.o,$^) -lpam

comma := ,

$(BUILD)/pam-test-obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE_TEST) -fPIC -fvisibility=hidden -c -o $@ $<

# What they speak to: libpam, with services of their own (pam_wrapper(1)).
PAM_TESTS := $(addprefix $(BUILD)/tests/,test_pam_stack test_pam_faults)
$(PAM_TESTS): UNIT_LIBS := -l:libpam_wrapper.so -lpam $(UNIT_LIBS)
$(PAM_TESTS): | $(BUILD)/tests/pam_xworlds.so $(BUILD)/pam_xworlds.so
unit-tests: $(BUILD)/tests/pam_xworlds.so

# What xwsh asks through PAM, with a module that asks as told.
ALL_OBJECTS += $(BUILD)/pam-test-obj/tests/pam/asking.o
$(BUILD)/tests/pam_asking.so: $(BUILD)/pam-test-obj/tests/pam/asking.o $(BUILD)/flags
	@mkdir -p $(@D)
	$(LINK_TEST) -shared -o $@ $(filter %.o,$^) -lpam

$(BUILD)/tests/test_xwsh_reauth: UNIT_LIBS := -l:libpam_wrapper.so -lpam $(UNIT_LIBS)
$(BUILD)/tests/test_xwsh_reauth: | $(BUILD)/tests/pam_asking.so
