/* links: xwhelper/keeper/power.c xwhelper/keeper/stop.c xwhelper/keeper/revert.c xwhelper/keeper/job.c xwhelper/keeper/definition.c xwhelper/keeper/lifecycle.c xwhelper/keeper/reply.c xwhelper/keeper/world.c xwhelper/keeper/partition.c xwhelper/keeper/machine.c xwhelper/keeper/machine_xml.c xwhelper/keeper/host.c common/config.c common/config_file.c common/record.c common/lines.c common/names.c common/request.c common/error.c xwhelper/keeper/checkpoint.c xwhelper/keeper/checkpoint_mend.c xwhelper/keeper/checkpoint_record.c xwhelper/keeper/plan.c xwhelper/keeper/lock.c */
/*
 * What is the same of start, stop, reboot and revert on libvirt's test driver, and start and
 * reboot: what becomes of machines in each of their states, what is said of each, and what an error
 * of libvirt's makes of the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/verb_job.h"

/* --- start ----------------------------------------------------------------------------------- */

static void machines_are_started_in_order(void **state)
{
    (void)state;
    assert_int_equal(run(xw_verb_start, "*", false), 0);
    assert_string_equal(said, "done router started\ndone client started\ndone web started\n");
    assert_true(runs("router") && runs("client") && runs("web"));
    assert_int_equal(run(xw_verb_start, "web,router", false), 0);
    assert_string_equal(said, "done router was running already\ndone web was running already\n");
    power("web", false);
    power("client", false);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_string_equal(said, "done web started\n");
    assert_false(runs("client"));
    /* Both bridges of the one with two interfaces. */
    assert_int_equal(run(xw_verb_start, "router", false), 0);
    assert_int_equal(strlen(done), 2 * strlen("bridge xw-aaaaaaaaaaaa; "));
}

static void machines_that_are_admitted(void **state)
{
    (void)state;
    assert_int_equal(run(xw_verb_start, "router", false), 0);
    assert_memory_equal(done, "admit router; bridge ", 21);
    assert_true(created_under_lock);
    assert_int_equal(fcntl(lock_held, F_GETFD), -1);
    /* One that runs needs no room. */
    admitted = -EDQUOT;
    assert_int_equal(run(xw_verb_start, "router", false), 0);
    assert_null(strstr(done, "admit"));
    assert_int_equal(run(xw_verb_start, "*", false), XW_EXIT_LIMITED);
    assert_string_equal(said, "done router was running already\nfail client not started: no room\n"
                              "fail web not started: no room\n");
    assert_false(runs("client") || runs("web"));
    assert_null(strstr(done, "define"));
    assert_int_equal(fcntl(lock_held, F_GETFD), -1);
    /* What failed otherwise counts more, whichever was first. */
    turned_away = "web";
    xw_fault_set("virDomainCreate", 1, 0);
    assert_int_equal(run(xw_verb_start, "client,web", false), XW_EXIT_FAILED);
    turned_away = "client";
    xw_fault_set("virDomainCreate", 1, 0);
    assert_int_equal(run(xw_verb_start, "client,web", false), XW_EXIT_FAILED);
    assert_int_equal(run(xw_verb_start, "client,web", false), XW_EXIT_LIMITED);
    assert_true(runs("web"));
}

static void one_that_was_paused_on_a_full_disk(void **state)
{
    (void)state;
    power("web", true);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_null(strstr(done, "resume"));
    xw_fault_set("virDomainGetState", 1, 0);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_string_equal(said, "done web was running already\n");
    disk_full = true;
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_string_equal(said, "done web goes on; the disk was full\n");
    assert_non_null(strstr(done, "resume web; "));
    share_full = true;
    assert_int_equal(run(xw_verb_start, "web", false), XW_EXIT_LIMITED);
    assert_string_equal(said, "fail web no share\n");
    assert_null(strstr(done, "resume"));
    share_full = false;
    xw_fault_set("virDomainResume", 1, 0);
    assert_int_equal(run(xw_verb_start, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Letting web go on: ", 28);
}

/* Nothing is counted, made or started for a world that couldn't write. */
static void a_share_of_the_disk_that_is_used_up(void **state)
{
    (void)state;
    share_full = true;
    assert_int_equal(run(xw_verb_start, "router", false), XW_EXIT_LIMITED);
    assert_string_equal(said, "fail router no share\n");
    assert_string_equal(done, "");
    assert_false(runs("router"));
    /* One that runs needs no room. */
    power("router", true);
    assert_int_equal(run(xw_verb_start, "router", false), 0);
    assert_string_equal(said, "done router was running already\n");
}

static void a_definition_that_is_not_current(void **state)
{
    (void)state;
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_null(strstr(done, "define"));
    power("web", false);
    snprintf(defined_as, sizeof(defined_as), "<domain type='kvm'>");
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_non_null(strstr(done, "define <domain type='qemu'>"));
    /* What runs, or has its memory saved, keeps its definition. */
    snprintf(defined_as, sizeof(defined_as), "<domain type='kvm'>");
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_null(strstr(done, "define"));
    virDomainPtr domain = domain_of("web");
    assert_int_equal(virDomainManagedSave(domain, 0), 0);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_null(strstr(done, "define"));
    assert_true(runs("web"));
    /* One that is not there is made. */
    power("web", false);
    assert_int_equal(virDomainUndefine(domain), 0);
    virDomainFree(domain);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_non_null(strstr(done, "define <domain type='qemu'>"));
    assert_true(runs("web"));
}

XW_FAULTY_MEMORY;

/* Directories as those of cgroup v1. */
static void make_cgroups(void)
{
    static const char *const made[] = {"/cpu",    "/cpu/machine",    "/cpu/" XW_PARTITIONS_DIR,
                                       "/memory", "/memory/machine", "/memory/" XW_PARTITIONS_DIR};
    char path[128];

    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        snprintf(path, sizeof(path), XW_CGROUP_DIR "%s", made[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    int fd = open(XW_CGROUP_DIR "/memory/memory.soft_limit_in_bytes", O_WRONLY | O_CREAT, 0644);
    assert_true(fd >= 0);
    close(fd);
}

#define GROUP "/" XW_PARTITIONS_DIR "/jfntjc3yampr.partition"
#define CURRENT                                                                                    \
    "<domain type='qemu'><memtune><soft_limit unit='KiB'>542720</soft_limit>"                      \
    "<partition>/machine/xw/jfntjc3yampr</partition>"

/* What a start finds in libvirt's definition, and whether it is right. */
static void definitions_with_other_bounds(void **state)
{
    static const struct {
        const char *found;
        bool right;
    } rows[] = {
        {CURRENT "<total_bytes_sec>1048576</total_bytes_sec><total_iops_sec>10</total_iops_sec>",
         true},
        {CURRENT "<total_bytes_sec>1048577</total_bytes_sec><total_iops_sec>10</total_iops_sec>",
         false},
        {CURRENT "<total_bytes_sec>1048576</total_bytes_sec><total_iops_sec>11</total_iops_sec>",
         false},
        {CURRENT "<total_iops_sec>10</total_iops_sec>", false},
        {CURRENT "<total_bytes_sec>1048576</total_bytes_sec>", false},
        {"<domain type='qemu'><soft_limit unit='KiB'>542719</soft_limit>"
         "<partition>/machine/xw/jfntjc3yampr</partition>"
         "<total_bytes_sec>1048576</total_bytes_sec><total_iops_sec>10</total_iops_sec>",
         false},
        {"<domain type='qemu'><soft_limit unit='KiB'>542720</soft_limit>"
         "<total_bytes_sec>1048576</total_bytes_sec><total_iops_sec>10</total_iops_sec>",
         false},
        {"<domain type='qemu'><soft_limit unit='KiB'>542720</soft_limit>"
         "<partition>/machine/xw/jfntjc3yamp</partition>"
         "<total_bytes_sec>1048576</total_bytes_sec><total_iops_sec>10</total_iops_sec>",
         false},
        {"<domain type='qemu'><soft_limit unit='KiB'>542720</soft_limit>"
         "<partition>/machine/xw/jfntjc3yamprx</partition>"
         "<total_bytes_sec>1048576</total_bytes_sec><total_iops_sec>10</total_iops_sec>",
         false},
    };

    (void)state;
    make_cgroups();
    configure("accelerator = tcg\ndisk-rate-per-machine = 1\ndisk-operations-per-machine = 10\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(defined_as, sizeof(defined_as), "%s", rows[i].found);
        assert_int_equal(run(xw_verb_start, "web", false), 0);
        assert_int_equal(strstr(done, "define") == NULL, rows[i].right);
        assert_int_equal(access(XW_CGROUP_DIR "/cpu" GROUP, F_OK), 0);
        assert_int_equal(run(xw_verb_stop, "web", true), 0);
        assert_int_equal(access(XW_CGROUP_DIR "/cpu" GROUP, F_OK), -1);
        assert_int_equal(access(XW_CGROUP_DIR "/memory" GROUP, F_OK), -1);
    }
    /* Where it can't be made the machine starts without, and one that was defined with it is not.
     */
    assert_int_equal(rmdir(XW_CGROUP_DIR "/memory/" XW_PARTITIONS_DIR), 0);
    snprintf(defined_as, sizeof(defined_as), "%s", rows[0].found);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_non_null(strstr(done, "define"));
    assert_true(runs("web"));
    assert_int_equal(umount(XW_CGROUP_DIR), 0);
    assert_int_equal(mount("tmpfs", XW_CGROUP_DIR, "tmpfs", 0, "mode=755"), 0);
}

/* Each call that can fail: one machine's failure stops no other. */
static void what_fails_is_one_machines(void **state)
{
    static const struct {
        const char *call;
        int nth;
        const char *what;
    } faults[] = {
        {"bridge", 1, "fail router no bridge\n"},
        {"bridge", 2, "fail router no bridge\n"},
        {"admission lock", 1, "fail router no lock\n"},
        {"virDomainLookupByName", 1, "fail router Asking for router: "},
        {"virDomainIsActive", 1, "fail router Asking for router: "},
        {"virDomainHasManagedSaveImage", 1, "fail router Asking for router: "},
        {"virDomainGetXMLDesc", 1, "fail router Asking for router: "},
        {"virDomainCreate", 1, "fail router Starting router: "},
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        begin(state);
        xw_fault_set(faults[i].call, faults[i].nth, 0);
        assert_int_equal(run(xw_verb_start, "*", false), XW_EXIT_FAILED);
        assert_memory_equal(said, faults[i].what, strlen(faults[i].what));
        assert_non_null(strstr(said, "\ndone client started\ndone web started\n"));
        assert_false(runs("router"));
    }
    begin(state);
    snprintf(defined_as, sizeof(defined_as), "<domain type='kvm'>");
    xw_fault_set("virDomainDefineXML", 1, 0);
    assert_int_equal(run(xw_verb_start, "router", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail router Defining router: ", 29);
    xw_fault_set("open_memstream", 1, ENOMEM);
    assert_int_equal(run(xw_verb_start, "router", false), XW_EXIT_FAILED);
    assert_string_equal(said, "fail router There is not enough memory on the host\n");
    assert_false(runs("router"));
    image_rc = -ESTALE;
    assert_int_equal(run(xw_verb_start, "router,web", false), XW_EXIT_FAILED);
    assert_string_equal(said,
                        "fail router the image has changed\nfail web the image has changed\n");
    assert_string_equal(done, "");
}

/* The request ends with it: 75, and nothing is tried any more. */
static void libvirt_that_is_gone(void **state)
{
    static const verb_function verbs[] = {xw_verb_start, xw_verb_stop, xw_verb_reboot,
                                          xw_verb_revert};

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        begin(state);
        gone = true;
        assert_int_equal(run(verbs[i], "*", false), -EAGAIN);
        assert_memory_equal(said, "(libvirt is not answering: ", 27);
        configure("nonsense\n");
        assert_int_equal(run(verbs[i], "*", false), -EBADMSG);
    }
    begin(state);
    image_rc = -EAGAIN;
    assert_int_equal(run(xw_verb_start, "*", false), -EAGAIN);
    assert_string_equal(said, "(the image has changed)");
}

/* Under the lock it is asked again whose the world is. */
static void a_world_that_is_anothers(void **state)
{
    static const verb_function verbs[] = {xw_verb_start, xw_verb_stop, xw_verb_reboot,
                                          xw_verb_revert};

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        begin(state);
        write_owner("uid 1002\n");
        assert_int_equal(run(verbs[i], "*", true), -EPERM);
        assert_string_equal(said, "(" XW_REFUSED_TEXT ")");
        write_owner("nonsense\n");
        assert_int_equal(run(verbs[i], "*", true), -EBADMSG);
        assert_string_equal(done, "");
    }
    assert_int_equal(unlink(XW_WORLDS_DIR "/fw/alice/owner"), 0);
    assert_int_equal(run(xw_verb_start, "*", false), -ENOENT);
}

/* --- reboot ---------------------------------------------------------------------------------- */

static void machines_are_rebooted(void **state)
{
    (void)state;
    all_on();
    power("client", false);
    assert_int_equal(run(xw_verb_reboot, "web,client", false), XW_EXIT_FAILED);
    assert_string_equal(said,
                        "fail client client is off; start it instead\ndone web is rebooting\n");
    assert_string_equal(done, "reboot xw:fw:alice:web; ");
    assert_int_equal(run(xw_verb_reboot, "web", true), 0);
    assert_string_equal(said, "done web was reset\n");
    assert_string_equal(done, "reset xw:fw:alice:web; ");
    xw_fault_set("virDomainReset", 1, 0);
    assert_int_equal(run(xw_verb_reboot, "web", true), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Rebooting web: ", 24);
    xw_fault_set("virDomainReboot", 1, 0);
    assert_int_equal(run(xw_verb_reboot, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Rebooting web: ", 24);
    xw_fault_set("virDomainIsActive", 1, 0);
    assert_int_equal(run(xw_verb_reboot, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Asking for web: ", 25);
    xw_fault_set("virDomainLookupByName", 1, 0);
    assert_int_equal(run(xw_verb_reboot, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Asking for web: ", 25);
    /* libvirt's own words say that it is not there. */
    begin(state);
    virDomainPtr domain = domain_of("web");
    assert_int_equal(virDomainUndefine(domain), 0);
    virDomainFree(domain);
    assert_int_equal(run(xw_verb_reboot, "web", false), XW_EXIT_FAILED);
    assert_string_equal(said, "fail web Asking for web: Domain not found\n");
}

/* Only of a call that failed it is asked whether libvirt is still there. */
static void what_was_done_counts(void **state)
{
    (void)state;
    libvirt_goes_with("", 0);
    assert_int_equal(run(xw_verb_start, "*", false), 0);
    assert_string_equal(said, "done router started\ndone client started\ndone web started\n");
    assert_int_equal(run(xw_verb_reboot, "web", false), 0);
    assert_string_equal(said, "done web is rebooting\n");
    assert_int_equal(run(xw_verb_reboot, "web", true), 0);
    assert_string_equal(said, "done web was reset\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(machines_are_started_in_order),
        FRESH(machines_that_are_admitted),
        FRESH(one_that_was_paused_on_a_full_disk),
        FRESH(a_share_of_the_disk_that_is_used_up),
        FRESH(a_definition_that_is_not_current),
        FRESH(definitions_with_other_bounds),
        FRESH(what_fails_is_one_machines),
        FRESH(libvirt_that_is_gone),
        FRESH(a_world_that_is_anothers),
        FRESH(machines_are_rebooted),
        FRESH(what_was_done_counts),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
