/* links: xwhelper/keeper/suspend.c xwhelper/keeper/notice.c xwhelper/keeper/plan.c xwhelper/keeper/reply.c xwhelper/keeper/machine.c xwhelper/keeper/host.c common/config.c common/config_file.c common/record.c common/lines.c common/names.c common/request.c common/error.c */
/*
 * Suspending a world on libvirt's test driver (T-L9): all of it or none, and what is said where a
 * machine can't be saved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/mount.h>

#include "tests/unit/verb_job.h"
#include "xwhelper/keeper/suspend.h"

static bool went_off; /* a machine that can't be saved has gone off by itself */

int virConnectListAllDomains(virConnectPtr libvirt, virDomainPtr **domains, unsigned int flags)
{
    REAL(int, virConnectListAllDomains, (virConnectPtr, virDomainPtr **, unsigned int));

    int count = breaks("virConnectListAllDomains") ? -1 : real(libvirt, domains, flags);
    held += count > 0 ? count : 0;
    return count;
}

BREAKING(int, -1, virDomainGetInfo, (virDomainPtr domain, virDomainInfoPtr info), domain, info);

int virDomainManagedSave(virDomainPtr domain, unsigned int flags)
{
    REAL(int, virDomainManagedSave, (virDomainPtr, unsigned int));

    assert_int_equal(flags, VIR_DOMAIN_SAVE_RUNNING);
    note("save", strrchr(virDomainGetName(domain), ':') + 1);
    if (!breaks("virDomainManagedSave"))
        return real(domain, flags);
    if (went_off)
        virDomainDestroy(domain);
    return -1;
}

static bool planless;

static int suspend(const struct xw_job *job, struct xw_error *err)
{
    struct xw_host *host = NULL;
    int rc = xw_host_open(&host, err);

    if (rc == 0)
        rc = xw_suspend_machines(job->peer, host, "fw", "alice", planless ? NULL : job->plan, err);
    xw_host_close(host);
    return rc;
}

static bool saved(const char *machine)
{
    virDomainPtr domain = domain_of(machine);
    bool has = virDomainHasManagedSaveImage(domain, 0) == 1;

    virDomainFree(domain);
    return has;
}

static bool untouched(void)
{
    return runs("web") && runs("router") && runs("client") && !saved("web") && !saved("router") &&
           !saved("client");
}

static void all_that_run(void **state)
{
    (void)state;
    assert_int_equal(run(suspend, "*", false), 0);
    assert_string_equal(said, "");
    all_on();
    power("client", false);
    assert_int_equal(run(suspend, "*", false), 0);
    assert_string_equal(said, "progress router its memory is being saved\n"
                              "progress web its memory is being saved\n"
                              "done router suspended\ndone web suspended\n");
    assert_string_equal(done, "save router; save web; ");
    assert_true(saved("router") && saved("web") && !saved("client"));
    assert_false(runs("router") || runs("web") || runs("client"));
}

/* Nobody else's: also not of a world whose name begins the same. */
static void others_stay(void **state)
{
    static const char other[] = "<domain type='qemu'><name>xw:fw:alice2:web</name>";

    (void)state;
    virDomainPtr domain = virDomainDefineXML(kept, other);
    assert_non_null(domain);
    assert_int_equal(virDomainCreate(domain), 0);
    all_on();
    assert_int_equal(run(suspend, "*", false), 0);
    assert_int_equal(virDomainIsActive(domain), 1);
    virDomainDestroy(domain);
    virDomainUndefine(domain);
    virDomainFree(domain);
}

/* The second, and the third: what was saved before goes on, admitted, under the lock. */
static void one_that_can_not_be_saved(void **state)
{
    (void)state;
    all_on();
    xw_fault_set("virDomainManagedSave", 2, 0);
    created_under_lock = false;
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    assert_non_null(strstr(said, "\nfail router Saving the memory of router: "));
    assert_non_null(strstr(said, "\nprogress client goes on\n"));
    assert_null(strstr(said, "done"));
    assert_string_equal(done, "save client; save router; admit client; ");
    assert_true(created_under_lock);
    assert_true(untouched());
    xw_fault_set("virDomainManagedSave", 3, 0);
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    assert_string_equal(done, "save client; save router; save web; admit client; admit router; ");
    assert_true(untouched());
    /* Without a plan nobody can say what it would take. */
    planless = true;
    xw_fault_set("virDomainManagedSave", 2, 0);
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    planless = false;
    assert_string_equal(done, "save client; save router; ");
    assert_true(untouched());
}

/* Memory that somebody else has got by now is not taken back from them. */
static void one_that_can_not_go_on(void **state)
{
    (void)state;
    all_on();
    admitted = -EDQUOT;
    xw_fault_set("virDomainManagedSave", 2, 0);
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    admitted = 0;
    assert_non_null(strstr(said, "fail client stays suspended: not started: no room\n"));
    assert_true(saved("client") && !runs("client") && runs("router") && runs("web"));
}

static void one_that_goes_off_meanwhile(void **state)
{
    (void)state;
    all_on();
    went_off = true;
    xw_fault_set("virDomainManagedSave", 2, 0);
    assert_int_equal(run(suspend, "*", false), 0);
    went_off = false;
    assert_true(saved("client") && saved("web") && !saved("router") && !runs("router"));
    /* Nobody is told that it could go on where it was. */
    assert_non_null(strstr(said, "done web suspended\n"));
    assert_null(strstr(said, "done router"));
}

static void what_keeps_a_world_on(void **state)
{
    (void)state;
    all_on();
    configure(PLAIN_CONFIG "disk-reserve = 1073741824\n");
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail - Saving the memory takes up to 24 MiB", 43);
    assert_string_equal(done, "");
    configure(PLAIN_CONFIG);
    virDomainPtr domain = domain_of("web");
    assert_int_equal(virDomainSuspend(domain), 0);
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    assert_string_equal(said, "fail - web is neither running nor off\n");
    assert_string_equal(done, "");
    virDomainDestroy(domain);
    virDomainFree(domain);
    all_on();
    assert_int_equal(rmdir("/var/lib/libvirt"), 0);
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail - The space in /var/lib/libvirt", 36);
    assert_int_equal(mkdir("/var/lib/libvirt", 0755), 0);
    assert_true(untouched());
}

static void when_libvirt_fails(void **state)
{
    (void)state;
    all_on();
    xw_fault_set("virConnectListAllDomains", 1, 0);
    assert_int_equal(run(suspend, "*", false), -EIO);
    xw_fault_set("virDomainGetInfo", 2, 0);
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail - Asking for router", 24);
    assert_string_equal(done, "");
    assert_true(untouched());
    libvirt_goes_with("virDomainManagedSave", 2);
    assert_int_equal(run(suspend, "*", false), -EAGAIN);
    assert_string_equal(done, "save client; save router; ");
    /* The same again completes it. */
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(run(suspend, "*", false), 0);
    assert_true(saved("client") && saved("router") && saved("web"));
}

static int begin_suspend(void **state)
{
    return begin_all(state) < 0 || mkdir("/var/lib/libvirt", 0755) < 0 ? -1 : 0;
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(all_that_run),
        FRESH(others_stay),
        FRESH(one_that_can_not_be_saved),
        FRESH(one_that_can_not_go_on),
        FRESH(one_that_goes_off_meanwhile),
        FRESH(what_keeps_a_world_on),
        FRESH(when_libvirt_fails),
    };

    return cmocka_run_group_tests(tests, begin_suspend, NULL);
}
