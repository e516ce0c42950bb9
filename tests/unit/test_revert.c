/* links: xwhelper/keeper/revert.c xwhelper/keeper/definition.c xwhelper/keeper/machine_xml.c xwhelper/keeper/job.c xwhelper/keeper/reply.c xwhelper/keeper/world.c xwhelper/keeper/machine.c xwhelper/keeper/host.c common/config.c common/record.c common/lines.c common/names.c common/request.c common/error.c */
/*
 * revert: what is off before a disk is made new, and what runs afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/verb_job.h"

static void machines_are_reverted(void **state)
{
    (void)state;
    power("web", true);
    assert_int_equal(run(xw_verb_revert, "*", false), 0);
    assert_string_equal(said, "done web is pristine and starts again\ndone client is pristine\n"
                              "done router is pristine\n");
    assert_string_equal(done,
                        "plug web; fresh web.qcow2; fresh client.qcow2; fresh router.qcow2; ");
    assert_true(runs("web"));
    assert_false(runs("client"));
    /* Old memory must not meet the new disk. */
    virDomainPtr domain = domain_of("web");
    assert_int_equal(virDomainManagedSave(domain, 0), 0);
    assert_int_equal(run(xw_verb_revert, "web", false), 0);
    assert_string_equal(said, "done web is pristine\n");
    assert_int_equal(virDomainHasManagedSaveImage(domain, 0), 0);
    assert_false(runs("web"));
    /* One that libvirt doesn't know has a disk all the same. */
    assert_int_equal(virDomainUndefine(domain), 0);
    virDomainFree(domain);
    assert_int_equal(run(xw_verb_revert, "web", false), 0);
    assert_string_equal(said, "done web is pristine\n");
    assert_string_equal(done, "fresh web.qcow2; ");
}

/* Until it is off and without memory, the disk stays as it is. */
static void what_fails_when_reverting(void **state)
{
    static const struct {
        const char *call;
        bool saved;
        const char *what;
    } faults[] = {
        {"virDomainLookupByName", false, "fail web Asking for web: "},
        {"virDomainIsActive", false, "fail web Asking for web: "},
        {"virDomainDestroy", false, "fail web Stopping web: "},
        {"virDomainHasManagedSaveImage", false, "fail web Dropping the saved memory of web: "},
        {"virDomainManagedSaveRemove", true, "fail web Dropping the saved memory of web: "},
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        begin(state);
        power("web", true);
        if (faults[i].saved) {
            virDomainPtr domain = domain_of("web");
            assert_int_equal(virDomainManagedSave(domain, 0), 0);
            virDomainFree(domain);
        }
        xw_fault_set(faults[i].call, 1, 0);
        assert_int_equal(run(xw_verb_revert, "web,client", false), XW_EXIT_FAILED);
        assert_memory_equal(said, faults[i].what, strlen(faults[i].what));
        assert_null(strstr(done, "fresh web"));
        assert_non_null(strstr(done, "fresh client"));
    }
    begin(state);
    image_rc = -ESTALE;
    power("web", true);
    assert_int_equal(run(xw_verb_revert, "web", false), XW_EXIT_FAILED);
    assert_string_equal(done, "");
    assert_true(runs("web"));
    image_rc = 0;
    xw_fault_set("overlay", 1, 0);
    assert_int_equal(run(xw_verb_revert, "web", false), XW_EXIT_FAILED);
    assert_string_equal(said, "fail web no overlay\n");
    begin(state);
    power("web", true);
    xw_fault_set("virDomainCreate", 1, 0);
    assert_int_equal(run(xw_verb_revert, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web web is pristine, but could not be started again: ", 58);
    begin(state);
    power("web", true);
    xw_fault_set("went off before", 1, 0);
    assert_int_equal(run(xw_verb_revert, "web", false), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(machines_are_reverted),
        FRESH(what_fails_when_reverting),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
