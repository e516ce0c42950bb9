/* links: xwhelper/keeper/revert.c xwhelper/keeper/definition.c xwhelper/keeper/machine_xml.c xwhelper/keeper/job.c xwhelper/keeper/reply.c xwhelper/keeper/world.c xwhelper/keeper/partition.c xwhelper/keeper/machine.c xwhelper/keeper/host.c common/config.c common/config_file.c common/record.c common/lines.c common/names.c common/request.c common/error.c xwhelper/keeper/power.c xwhelper/keeper/checkpoint.c xwhelper/keeper/checkpoint_mend.c xwhelper/keeper/checkpoint_record.c xwhelper/keeper/plan.c xwhelper/keeper/lock.c */
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
    /* In its place nobody else has been admitted. */
    assert_true(created_under_lock);
    assert_int_equal(fcntl(lock_held, F_GETFD), -1);
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
        {"admission lock", false, "fail web no lock\n"},
        {"virDomainDestroy", false, "fail web Stopping web: "},
        {"virDomainHasManagedSaveImage", false, "fail web Dropping the saved memory of web: "},
        {"virDomainHasManagedSaveImage", true, "fail web Dropping the saved memory of web: "},
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

/* Where there is no room for two overlays the old one goes first; and only there. */
static void a_share_of_the_disk_that_is_used_up(void **state)
{
    static const char web[] = XW_WORLDS_DIR "/fw/alice/web.qcow2";
    static const struct {
        int rc;
        bool full;
        bool removed;
    } rows[] = {
        {-EDQUOT, true, true},   {-ENOSPC, true, true},   {-EIO, true, false},
        {-ENOSPC, false, false}, {-EDQUOT, false, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(state);
        int fd = open(web, O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0);
        close(fd);
        overlay_rc = rows[i].rc;
        share_full = rows[i].full;
        xw_fault_set("overlay", 1, 0);
        int code = run(xw_verb_revert, "web", false);
        assert_int_equal(access(web, F_OK) < 0, rows[i].removed);
        assert_string_equal(done, rows[i].removed ? "fresh web.qcow2; fresh web.qcow2; "
                                                  : "fresh web.qcow2; ");
        if (rows[i].removed) {
            assert_int_equal(code, 0);
            assert_string_equal(said, "done web is pristine\n");
        } else {
            assert_string_equal(said, "fail web no overlay\n");
        }
    }
    assert_int_equal(unlink(web), 0);
    /* One that is there no more is no reason to give up; one that can't be removed is. */
    begin(state);
    overlay_rc = -EDQUOT;
    share_full = true;
    xw_fault_set("overlay", 1, 0);
    assert_int_equal(run(xw_verb_revert, "web", false), 0);
    begin(state);
    overlay_rc = -EDQUOT;
    share_full = true;
    assert_int_equal(mkdir(web, 0700), 0);
    xw_fault_set("overlay", 1, 0);
    assert_int_equal(run(xw_verb_revert, "web", false), XW_EXIT_LIMITED);
    assert_string_equal(said, "fail web no overlay\n");
    assert_int_equal(rmdir(web), 0);
}

/* Pristine, but not started: it is said which of the two it was that failed. */
static void a_definition_that_cannot_be_made(void **state)
{
    (void)state;
    power("web", true);
    snprintf(defined_as, sizeof(defined_as), "<domain type='kvm'>");
    xw_fault_set("virDomainDefineXML", 1, 0);
    assert_int_equal(run(xw_verb_revert, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Defining web: ", 23);
    assert_string_equal(done, "plug web; fresh web.qcow2; ");
    assert_false(runs("web"));
}

/* Nothing after it is tried; the disk of what couldn't be put off stays as it is. */
static void libvirt_that_goes_ends_it(void **state)
{
    static const struct {
        const char *call;
        const char *done;
    } moments[] = {
        {"virDomainLookupByName", ""},
        {"virDomainIsActive", ""},
        {"virDomainDestroy", "plug web; "},
        {"virDomainHasManagedSaveImage", "plug web; "},
        {"virDomainCreate", "plug web; fresh web.qcow2; "},
    };

    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        begin(state);
        power("web", true);
        libvirt_goes_with(moments[i].call, 1);
        assert_int_equal(run(xw_verb_revert, "*", false), -EAGAIN);
        assert_string_equal(done, moments[i].done);
        assert_memory_equal(said, "(", 1);
    }
}

/* Once it is off, nobody asks again whether it is. */
static void what_was_done_counts(void **state)
{
    (void)state;
    power("web", true);
    xw_fault_set("virDomainIsActive", 2, 0);
    /* The second time is that of its definition, before it starts again. */
    assert_int_equal(run(xw_verb_revert, "web", false), XW_EXIT_FAILED);
    assert_string_equal(done, "plug web; fresh web.qcow2; ");
    libvirt_goes_with("", 0);
    power("web", true);
    assert_int_equal(run(xw_verb_revert, "web,client", false), 0);
    assert_string_equal(said, "done web is pristine and starts again\ndone client is pristine\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(machines_are_reverted),
        FRESH(what_fails_when_reverting),
        FRESH(a_share_of_the_disk_that_is_used_up),
        FRESH(a_definition_that_cannot_be_made),
        FRESH(libvirt_that_goes_ends_it),
        FRESH(what_was_done_counts),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
