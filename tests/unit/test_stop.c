/* links: xwhelper/keeper/stop.c xwhelper/keeper/lifecycle.c xwhelper/keeper/job.c xwhelper/keeper/reply.c xwhelper/keeper/world.c xwhelper/keeper/partition.c xwhelper/keeper/machine.c xwhelper/keeper/host.c common/config.c common/config_file.c common/record.c common/lines.c common/names.c common/request.c common/error.c xwhelper/keeper/lock.c */
/*
 * stop: the button and the plug, what a guest makes of them, and what an error of libvirt's makes
 * of the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/verb_job.h"

static void machines_are_stopped_backwards(void **state)
{
    (void)state;
    all_on();
    power("client", false);
    assert_int_equal(run(xw_verb_stop, "*", true), 0);
    assert_string_equal(said, "done client was off already\ndone web stopped by force\n"
                              "done router stopped by force\n");
    assert_string_equal(done, "plug web; plug router; ");
    assert_false(runs("web") || runs("router"));
    all_on();
    assert_int_equal(run(xw_verb_stop, "web,router", false), 0);
    assert_string_equal(done, "button web; button router; ");
    assert_non_null(strstr(said, "progress web shutting down, for at most 1 s\n"));
    assert_non_null(strstr(said, "done web stopped\n"));
    assert_non_null(strstr(said, "done router stopped\n"));
    assert_true(runs("client"));
    assert_false(runs("web") || runs("router"));
}

static void who_does_not_heed_the_button(void **state)
{
    (void)state;
    all_on();
    heeds = false;
    assert_int_equal(run(xw_verb_stop, "web", false), 0);
    assert_string_equal(said, "progress web shutting down, for at most 1 s\n"
                              "done web did not shut down and was stopped by force\n");
    assert_false(runs("web"));
    /* A button that can't be pressed is no failure. */
    xw_fault_set("virDomainShutdownFlags", 1, 0);
    assert_int_equal(run(xw_verb_stop, "client", false), 0);
    assert_non_null(strstr(said, "done client did not shut down and was stopped by force\n"));
}

/* Kept, or by force thrown away; and what it says where libvirt doesn't. */
static void suspended_machines(void **state)
{
    (void)state;
    all_on();
    virDomainPtr domain = domain_of("web");
    assert_int_equal(virDomainManagedSave(domain, 0), 0);
    assert_int_equal(run(xw_verb_stop, "web", false), 0);
    assert_string_equal(said, "done web is suspended, and stays so: start lets it go on where it "
                              "was, a stop by force throws that away\n");
    assert_int_equal(virDomainHasManagedSaveImage(domain, 0), 1);
    xw_fault_set("virDomainManagedSaveRemove", 1, 0);
    assert_int_equal(run(xw_verb_stop, "web", true), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Asking for what is saved of web: ", 42);
    xw_fault_set("virDomainHasManagedSaveImage", 1, 0);
    assert_int_equal(run(xw_verb_stop, "web", true), XW_EXIT_FAILED);
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(run(xw_verb_stop, "web", true), 0);
    assert_string_equal(
        said, "done web was suspended; what was saved of it is thrown away, and it is off\n");
    assert_int_equal(virDomainHasManagedSaveImage(domain, 0), 0);
    virDomainFree(domain);
    /* Of one that runs, too, it is asked: what a cut-off save has left is dropped. */
    xw_fault_set("virDomainHasManagedSaveImage", 1, 0);
    assert_int_equal(run(xw_verb_stop, "client", true), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail client Dropping what is saved of client: ", 46);
    assert_true(runs("client"));
    xw_fault_set(NULL, 0, 0);
    leftover = "client";
    assert_int_equal(run(xw_verb_stop, "client", true), 0);
    assert_string_equal(said, "done client stopped by force\n");
    assert_null(leftover);
}

static void what_fails_when_stopping(void **state)
{
    (void)state;
    all_on();
    xw_fault_set("virDomainDestroy", 1, 0);
    assert_int_equal(run(xw_verb_stop, "*", true), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Stopping web: ", 23);
    assert_non_null(strstr(said, "\ndone client stopped by force\ndone router stopped by force\n"));
    assert_true(runs("web"));
    all_on();
    xw_fault_set("went off before", 1, 0);
    assert_int_equal(run(xw_verb_stop, "web", true), 0);
    assert_string_equal(said, "done web stopped by force\n");
    all_on();
    xw_fault_set("virDomainIsActive", 1, 0);
    assert_int_equal(run(xw_verb_stop, "web,client", true), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Asking for web: ", 25);
    assert_false(runs("client"));
    xw_fault_set("virDomainLookupByName", 1, 0);
    assert_int_equal(run(xw_verb_stop, "web", true), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Asking for web: ", 25);
    /* Not defined is off. */
    begin(state);
    virDomainPtr domain = domain_of("web");
    assert_int_equal(virDomainUndefine(domain), 0);
    virDomainFree(domain);
    assert_int_equal(run(xw_verb_stop, "web", true), 0);
    assert_string_equal(said, "done web was off already\n");
}

/* Whatever is asked when libvirt goes, nothing after it is tried, and the caller may try again. */
static void libvirt_that_goes_ends_it(void **state)
{
    static const struct {
        const char *call;
        int nth;
        bool force;
        const char *done;
    } moments[] = {
        {"virDomainLookupByName", 1, true, ""},
        {"virDomainIsActive", 2, true, ""},
        {"virDomainLookupByName", 2, false, ""},
        {"virDomainShutdownFlags", 1, false, "button web; "},
        {"virDomainShutdownFlags", 2, false, "button web; button router; "},
        {"virDomainDestroy", 1, true, "plug web; "},
        {"went off before", 1, true, "plug web; "},
    };

    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        begin(state);
        all_on();
        power("client", false);
        libvirt_goes_with(moments[i].call, moments[i].nth);
        assert_int_equal(run(xw_verb_stop, "web,router", moments[i].force), -EAGAIN);
        assert_string_equal(done, moments[i].done);
        assert_null(strstr(said, "done "));
        assert_null(strstr(said, "fail "));
    }
    /* Nothing is said of those after it, even of one that is off. */
    begin(state);
    all_on();
    power("client", false);
    libvirt_goes_with("virDomainIsActive", 1);
    assert_int_equal(run(xw_verb_stop, "*", true), -EAGAIN);
    assert_memory_equal(said, "(Asking for web: ", 17);
}

/* Only of a call that failed it is asked whether libvirt is still there. */
static void what_was_done_counts(void **state)
{
    (void)state;
    all_on();
    libvirt_goes_with("", 0);
    assert_int_equal(run(xw_verb_stop, "web", true), 0);
    assert_string_equal(said, "done web stopped by force\n");
    assert_int_equal(run(xw_verb_stop, "client,router", false), 0);
    assert_non_null(strstr(said, "done client stopped\n"));
    assert_non_null(strstr(said, "done router stopped\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(machines_are_stopped_backwards),
        FRESH(who_does_not_heed_the_button),
        FRESH(suspended_machines),
        FRESH(what_fails_when_stopping),
        FRESH(libvirt_that_goes_ends_it),
        FRESH(what_was_done_counts),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
