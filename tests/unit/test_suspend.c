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
#include <sys/statvfs.h>

#include "tests/unit/verb_job.h"
#include "xwhelper/keeper/notice.h"
#include "xwhelper/keeper/suspend.h"

static bool went_off;              /* a machine that can't be saved has gone off by itself */
static const char *alone_went_off; /* this one has, and no other */
static bool none_runs;             /* of anybody's */
static bool idles;                 /* a machine that runs waits for something */
static unsigned long long left;    /* MiB on the disk; 0: what there is */
static char words[512];            /* of the failure */

/* The space on the disk with the saved memories. */
int statvfs(const char *path, struct statvfs *disk)
{
    REAL(int, statvfs, (const char *, struct statvfs *));
    int rc = real(path, disk);

    assert_string_equal(path, "/var/lib/libvirt");
    if (rc == 0 && left)
        *disk = (struct statvfs){.f_bavail = left, .f_frsize = 1 << 20};
    return rc;
}

int virConnectListAllDomains(virConnectPtr libvirt, virDomainPtr **domains, unsigned int flags)
{
    REAL(int, virConnectListAllDomains, (virConnectPtr, virDomainPtr **, unsigned int));

    if (none_runs) {
        *domains = calloc(1, sizeof(**domains));
        return 0;
    }
    int count = breaks("virConnectListAllDomains") ? -1 : real(libvirt, domains, flags);
    held += count > 0 ? count : 0;
    return count;
}

int virDomainGetInfo(virDomainPtr domain, virDomainInfoPtr info)
{
    REAL(int, virDomainGetInfo, (virDomainPtr, virDomainInfoPtr));
    int rc = breaks("virDomainGetInfo") ? -1 : real(domain, info);

    if (rc == 0 && idles)
        info->state = VIR_DOMAIN_BLOCKED;
    return rc;
}

int virDomainManagedSave(virDomainPtr domain, unsigned int flags)
{
    REAL(int, virDomainManagedSave, (virDomainPtr, unsigned int));

    assert_int_equal(flags, VIR_DOMAIN_SAVE_RUNNING);
    note("save", strrchr(virDomainGetName(domain), ':') + 1);
    if (!breaks("virDomainManagedSave"))
        return real(domain, flags);
    if (went_off ||
        (alone_went_off && strcmp(strrchr(virDomainGetName(domain), ':') + 1, alone_went_off) == 0))
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
    snprintf(words, sizeof(words), "%.511s", err->text);
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
    none_runs = true;
    assert_int_equal(run(suspend, "*", false), 0);
    none_runs = false;
    assert_string_equal(words, "");
}

/* A guest that has nothing to do is running. */
static void one_that_idles(void **state)
{
    (void)state;
    power("web", true);
    idles = true;
    assert_int_equal(run(suspend, "*", false), 0);
    idles = false;
    assert_true(saved("web"));
}

/* Whoever has a console of it open is told before, and when it stays after all. */
static void consoles_are_told(void **state)
{
    static const struct xw_machine web = {"fw", "alice", "web"};
    unsigned char notices[4];

    (void)state;
    int console = xw_notice_make(&web, NULL);
    assert_true(console >= 0);
    all_on();
    xw_fault_set("virDomainManagedSave", 3, 0);
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    assert_int_equal(read(console, notices, sizeof(notices)), 2);
    assert_int_equal(notices[0], XW_NOTICE_SUSPENDING);
    assert_int_equal(notices[1], XW_NOTICE_STAYS);
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(run(suspend, "*", false), 0);
    assert_int_equal(read(console, notices, sizeof(notices)), 1);
    assert_int_equal(notices[0], XW_NOTICE_SUSPENDING);
    close(console);
}

/* With the reserve, to the MiB. */
static void the_room_for_memory(void **state)
{
    (void)state;
    configure(PLAIN_CONFIG "disk-reserve = 100\n");
    all_on();
    left = 123;
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    assert_non_null(strstr(words, "takes up to 24 MiB"));
    assert_true(untouched());
    left = 124;
    assert_int_equal(run(suspend, "*", false), 0);
    /* Where nothing runs nothing is needed. */
    left = 1;
    assert_int_equal(run(suspend, "*", false), 0);
    left = 0;
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
    assert_memory_equal(words, "Saving the memory of router: ", 29);
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
    power("client", true);
    xw_fault_set("virDomainManagedSave", 2, 0);
    xw_fault_also("admission lock", 1, EIO);
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    assert_non_null(strstr(said, "fail client stays suspended: no lock\n"));
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
    /* It isn't started, either, where another one can't be saved. */
    begin(state);
    all_on();
    alone_went_off = "client";
    xw_fault_set("virDomainManagedSave", 1, 0);
    /* The call that has failed counts for the first alone. */
    xw_fault_also("virDomainManagedSave", 1, 0);
    assert_int_equal(run(suspend, "*", false), XW_EXIT_FAILED);
    alone_went_off = NULL;
    assert_true(!runs("client") && !saved("client") && runs("router") && runs("web"));
    assert_null(strstr(said, "goes on"));
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
    assert_memory_equal(words, "Asking for router", 17);
    assert_string_equal(done, "");
    assert_true(untouched());
    libvirt_goes_with("virDomainManagedSave", 2);
    assert_int_equal(run(suspend, "*", false), -EAGAIN);
    assert_string_equal(done, "save client; save router; ");
    /* The same again completes it. */
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(run(suspend, "*", false), 0);
    assert_true(saved("client") && saved("router") && saved("web"));
    /* Of one that seems to have gone off nothing is known then. */
    all_on();
    went_off = true;
    libvirt_goes_with("virDomainManagedSave", 2);
    assert_int_equal(run(suspend, "*", false), -EAGAIN);
    went_off = false;
}

static int begin_suspend(void **state)
{
    return begin_all(state) < 0 || mkdir("/var/lib/libvirt", 0755) < 0 ||
                   mkdir("/run/xworlds", 0755) < 0 || mkdir("/run/xworlds/console", 0755) < 0
               ? -1
               : 0;
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(all_that_run),
        FRESH(one_that_idles),
        FRESH(consoles_are_told),
        FRESH(the_room_for_memory),
        FRESH(others_stay),
        FRESH(one_that_can_not_be_saved),
        FRESH(one_that_can_not_go_on),
        FRESH(one_that_goes_off_meanwhile),
        FRESH(what_keeps_a_world_on),
        FRESH(when_libvirt_fails),
    };

    return cmocka_run_group_tests(tests, begin_suspend, NULL);
}
