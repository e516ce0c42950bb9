/* links: xwhelper/keeper/admission.c xwhelper/keeper/admission_rule.c xwhelper/keeper/host.c common/config.c common/config_file.c common/record.c common/lines.c common/names.c common/request.c common/error.c xwhelper/keeper/lock.c */
/*
 * Admission: the rule by a table, at the limit and one beyond it; and what is counted, on libvirt's
 * test driver.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/breaking_libvirt.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/admission.h"

/* --- the rule -------------------------------------------------------------------------------- */

/* What runs in each row: two machines of alice's, one of bob's in the same lab, a foreign domain.
 */
static const struct xw_running running[] = {
    {"fw", "alice", "web", 128, 1},
    {"fw", "bob", "web", 128, 2},
    {"pirates", "alice", "ship", 256, 2},
    {"", "", "", 512, 4},
};

#define MINE "; stop one of yours first (fw/web 128 MiB, pirates/ship 256 MiB)"

/* What is 0 and no limit is plenty. words NULL: it may start. */
static const struct row {
    const char *what;
    struct xw_limits user, lab;
    unsigned long long memory, available, memory_reserve, disk, disk_reserve;
    const char *words;
} rows[] = {
    {.what = "no limit at all"},
    {"one machine more is the most", .user.machines = 3},
    {"one machine too many", .user.machines = 2,
     .words = "2 of your machines are running, and 2 is the most for a user" MINE},
    {"memory to the last MiB", .user.memory = 448},
    {"one MiB too many", .user.memory = 447,
     .words = "it needs 64 MiB, and your machines use 384 of the 447 MiB for a user" MINE},
    {"processors to the last", .user.vcpus = 5},
    {"one processor too many", .user.vcpus = 4,
     .words = "it needs 2 processors, and your machines use 3 of the 4 processors for a user" MINE},
    {"not now, but alone it would fit", .user.memory = 64,
     .words = "it needs 64 MiB, and your machines use 384 of the 64 MiB for a user" MINE},
    {"the same by the lab's processors", .lab.vcpus = 2,
     .words = "it needs 2 processors, and the machines of this lab use 3 of the 2 processors for "
              "the whole class" MINE},
    {"never, by memory", .user.memory = 63,
     .words = "it needs 64 MiB, and 63 is the most that a user may use; tell your instructor"},
    {"never, by processors", .lab.vcpus = 1,
     .words = "it needs 2 processors, and 1 is the most that the whole class may use; tell your "
              "instructor"},
    {"the lab's machines, other labs' not counted", .lab.machines = 3},
    {"one of the lab's too many: others' are not named", .lab.machines = 2,
     .words = "2 of the machines of this lab are running, and 2 is the most for the whole "
              "class" MINE},
    {"the lab's memory to the last MiB", .lab.memory = 320},
    {"the lab's memory", .lab.memory = 319,
     .words = "it needs 64 MiB, and the machines of this lab use 256 of the 319 MiB for the whole "
              "class" MINE},
    {"the lab's processors to the last", .lab.vcpus = 5},
    {"the lab's processors", .lab.vcpus = 4,
     .words = "it needs 2 processors, and the machines of this lab use 3 of the 4 processors for "
              "the whole class" MINE},
    {"the host's memory, promised to all that run", .memory = 1188, .memory_reserve = 100},
    {"one MiB of it too many", .memory = 1187, .memory_reserve = 100,
     .words = "it needs 64 MiB, and this host has 63 MiB left for machines" MINE},
    {"more promised than there is", .memory = 512,
     .words = "it needs 64 MiB, and this host has 0 MiB left for machines" MINE},
    {"the host's memory, as it is now", .available = 164, .memory_reserve = 100},
    {"one MiB less now", .available = 163, .memory_reserve = 100,
     .words = "it needs 64 MiB, and this host has 63 MiB left for machines" MINE},
    {"less of it than is kept free", .available = 99, .memory_reserve = 100,
     .words = "it needs 64 MiB, and this host has 0 MiB left for machines" MINE},
    {"the disk's last space", .disk = 512, .disk_reserve = 512},
    {"less than is kept free of the disk", .disk = 511, .disk_reserve = 512,
     .words = "this host's disk has 511 MiB left, and no machine starts with less than 512; tell "
              "your instructor"},
};

static unsigned long long or_plenty(unsigned long long value)
{
    return value ? value : 8192;
}

static void each_limit_at_its_edge(void **state)
{
    static const struct xw_running wanted = {"fw", "alice", "client", 64, 2};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        char words[XW_ERROR_TEXT_MAX] = "";
        struct xw_error err = {0};
        const struct xw_admission admission = {.user = &row->user,
                                               .lab = &row->lab,
                                               .memory = or_plenty(row->memory),
                                               .memory_available = or_plenty(row->available),
                                               .memory_reserve = row->memory_reserve,
                                               .disk_available = or_plenty(row->disk),
                                               .disk_reserve = row->disk_reserve,
                                               .running = running,
                                               .running_count = 4,
                                               .wanted = &wanted};

        if (row->words)
            snprintf(words, sizeof(words), "not started: %s", row->words);
        int rc = xw_admission_decide(&admission, &err);
        if (rc != (row->words ? -EDQUOT : 0) || strcmp(err.text, words) != 0)
            fail_msg("%s: %d %s", row->what, rc, err.text);
    }
}

/* Whoever runs nothing is not told to stop something. */
static void who_has_nothing_to_stop(void **state)
{
    static const struct xw_running wanted = {"fw", "carol", "client", 64, 2};
    static const struct xw_limits none, two = {.machines = 2};
    struct xw_error err = {0};
    const struct xw_admission admission = {&none, &two, 8192, 8192, 0, 1, 0, running, 4, &wanted};

    (void)state;
    assert_int_equal(xw_admission_decide(&admission, &err), -EDQUOT);
    assert_string_equal(err.text, "not started: 2 of the machines of this lab are running, and 2 "
                                  "is the most for the whole class; try again later");
}

/* An answer stays one line, however many run and however long their names are. */
static void many_are_named_in_part(void **state)
{
    static struct xw_running many[40];
    static const struct xw_running wanted = {"fw", "alice", "client", 64, 2};
    static const struct xw_limits none, most = {.machines = 40};
    struct xw_error err = {0};
    struct xw_admission admission = {&most, &none, 8192, 8192, 0, 1, 0, many, 40, &wanted};

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        many[i] = (struct xw_running){.lab = "fw", .owner = "alice", .memory = 16};
        snprintf(many[i].machine, sizeof(many[i].machine), "m%zu", i);
    }
    assert_int_equal(xw_admission_decide(&admission, &err), -EDQUOT);
    assert_non_null(strstr(err.text, " (fw/m0 16 MiB, fw/m1 16 MiB, fw/m2 16 MiB, fw/m3 16 MiB, "
                                     "fw/m4 16 MiB, fw/m5 16 MiB and 34 more)"));
    for (size_t i = 0; i < 40; i++) {
        memset(many[i].lab, 'l', XW_NAME_SIZE - 1);
        memset(many[i].machine, 'm', XW_NAME_SIZE - 1);
        many[i].memory = XW_MEMORY_MAX;
    }
    assert_int_equal(xw_admission_decide(&admission, &err), -EDQUOT);
    assert_non_null(strstr(err.text, " MiB and 37 more)"));
}

/* --- what is counted ------------------------------------------------------------------------- */

static virConnectPtr kept;
static struct xw_host *host;
static struct xw_plan plan = {.lab = "fw"};
static unsigned long long free_mib;

virConnectPtr virConnectOpen(const char *name)
{
    REAL(virConnectPtr, virConnectOpen, (const char *));

    (void)name;
    return real("test:///default");
}

int virConnectIsAlive(virConnectPtr libvirt)
{
    (void)libvirt;
    return 1;
}

/* Or nothing runs at all. */
int virConnectListAllDomains(virConnectPtr libvirt, virDomainPtr **domains, unsigned int flags)
{
    REAL(int, virConnectListAllDomains, (virConnectPtr, virDomainPtr **, unsigned int));

    assert_int_equal(flags, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    if (xw_fault_strikes("nothing runs")) {
        *domains = calloc(1, sizeof(**domains));
        return 0;
    }
    return breaks("virConnectListAllDomains") ? -1 : real(libvirt, domains, flags);
}

/* Or the domain has gone since it was listed. */
int virDomainGetInfo(virDomainPtr domain, virDomainInfoPtr info)
{
    REAL(int, virDomainGetInfo, (virDomainPtr, virDomainInfoPtr));

    if (xw_fault_strikes("gone")) {
        assert_null(virDomainLookupByName(kept, "nobody's"));
        return -1;
    }
    return breaks("virDomainGetInfo") ? -1 : real(domain, info);
}

static int stats_there = 5;

/* The driver has no memory. As the real one: it must be asked for as many as there are. */
int virNodeGetMemoryStats(virConnectPtr libvirt, int cell, virNodeMemoryStatsPtr stats, int *count,
                          unsigned int flags)
{
    const virNodeMemoryStats all[16] = {
        {"total", 8192 * 1024ULL}, {"free", free_mib * 1024}, {"buffers", 3 * 1024ULL},
        {"cached", 5 * 1024ULL},   {"swap", 65536 * 1024ULL},
    };

    (void)libvirt;
    assert_int_equal(cell, VIR_NODE_MEMORY_STATS_ALL_CELLS);
    assert_int_equal(flags, 0);
    if (breaks("virNodeGetMemoryStats"))
        return -1;
    if (*count == 0) {
        *count = stats_there;
        return 0;
    }
    assert_int_equal(*count, stats_there);
    memcpy(stats, all, (size_t)*count * sizeof(*all));
    return 0;
}

XW_FAULTY(fstatvfs, (int fd, struct statvfs *disk), fd, disk);

XW_FAULTY_LOCK;

static int check(struct xw_error *err)
{
    const struct xw_plan_machine planned = {.name = "client", .memory = 64, .vcpus = 2};

    *err = (struct xw_error){0};
    int lock = xw_admission_lock(err);
    assert_true(lock >= 0);
    int rc = xw_admission_check(host, lock, &plan, &planned, "alice", err);
    close(lock);
    return rc;
}

/* Makes a domain of 8 MiB and a processor that runs. */
static void run_domain(const char *name)
{
    char xml[256];

    snprintf(xml, sizeof(xml),
             "<domain type='test'><name>%s</name><memory unit='MiB'>8</memory><vcpu>1</vcpu>"
             "<os><type>hvm</type></os></domain>",
             name);
    virDomainPtr domain = virDomainCreateXML(kept, xml, 0);
    assert_non_null(domain);
    virDomainFree(domain);
}

static void configure(const char *text)
{
    FILE *file = fopen(XW_CONFIG_PATH, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    if (host)
        xw_host_close(host);
    assert_int_equal(xw_host_open(&host, NULL), 0);
}

/* The driver runs a domain "test" of its own, with 8 GiB and 2 processors: it's not ours. */
static int begin_all(void **state)
{
    (void)state;
    if (xw_test_private_root("/etc") < 0 || mkdir("/etc/xworlds", 0755) < 0 ||
        mount("tmpfs", "/var/lib", "tmpfs", 0, "mode=755,size=64m") < 0 ||
        mkdir(XW_STATE_DIR, 0755) < 0 || mkdir(XW_WORLDS_DIR, 0711) < 0)
        return -1;
    virSetErrorFunc(NULL, print_nothing);
    kept = virConnectOpen("test:///default");
    virDomainPtr foreign = kept ? virDomainLookupByName(kept, "test") : NULL;
    if (!foreign || virDomainDestroy(foreign) < 0)
        return -1;
    virDomainFree(foreign);
    run_domain("xw:fw:alice:web");
    run_domain("xw:fw:bob:web");
    run_domain("xw:pirates:alice:ship");
    run_domain("xwing");
    run_domain("ab:fw:alice:web");
    return 0;
}

static int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    plan.limits = (struct xw_limits){0};
    free_mib = 4096;
    configure("disk-reserve = 1\n");
    return 0;
}

static void what_runs_is_counted(void **state)
{
    struct xw_error err;

    (void)state;
    assert_int_equal(check(&err), 0);
    configure("disk-reserve = 1\nmachines-per-user = 2\n");
    assert_int_equal(check(&err), -EDQUOT);
    assert_non_null(strstr(err.text, "2 of your machines are running"));
    assert_non_null(strstr(err.text, "fw/web 8 MiB"));
    assert_non_null(strstr(err.text, "pirates/ship 8 MiB"));
    configure("disk-reserve = 1\nmachines-per-user = none\nmemory-per-user = 79\n");
    assert_int_equal(check(&err), -EDQUOT);
    assert_non_null(strstr(err.text, "your machines use 16 of the 79 MiB"));
    configure("disk-reserve = 1\nvcpus-per-user = 3\n");
    assert_int_equal(check(&err), -EDQUOT);
    assert_non_null(strstr(err.text, "your machines use 2 of the 3 processors"));
    configure("disk-reserve = 1\n");
    plan.limits.machines = 2;
    assert_int_equal(check(&err), -EDQUOT);
    assert_non_null(strstr(err.text, "2 of the machines of this lab"));
}

static void where_nothing_runs(void **state)
{
    struct xw_error err;

    (void)state;
    configure("disk-reserve = 1\nmachines-per-user = 1\n");
    assert_int_equal(check(&err), -EDQUOT);
    xw_fault_set("nothing runs", 1, 0);
    assert_int_equal(check(&err), 0);
}

static void what_the_host_has_left(void **state)
{
    struct xw_error err;

    (void)state;
    /* Promised: 5 times 8 MiB. */
    configure("disk-reserve = 1\nmemory-reserve = 8088\n");
    free_mib = 16384;
    assert_int_equal(check(&err), 0);
    configure("disk-reserve = 1\nmemory-reserve = 8089\n");
    assert_int_equal(check(&err), -EDQUOT);
    /* Now: 100 and what buffers and the page cache would give back. */
    configure("disk-reserve = 1\nmemory-reserve = 44\n");
    free_mib = 100;
    assert_int_equal(check(&err), 0);
    free_mib = 99;
    assert_int_equal(check(&err), -EDQUOT);
    free_mib = 4096;
    configure("disk-reserve = 65\n");
    assert_int_equal(check(&err), -EDQUOT);
    assert_non_null(strstr(err.text, "this host's disk has 6"));
    configure("disk-reserve = 60\n");
    assert_int_equal(check(&err), 0);
}

static void what_is_not_said(void **state)
{
    static const char *const calls[] = {"virConnectListAllDomains", "virDomainGetInfo",
                                        "virNodeGetMemoryStats"};
    struct xw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        xw_fault_set(calls[i], 1, 0);
        int rc = check(&err);
        assert_true(rc < 0 && rc != -EDQUOT);
    }
    xw_fault_set("virNodeGetMemoryStats", 2, 0);
    assert_true(check(&err) < 0 && err.code != -EDQUOT);
    stats_there = 16;
    assert_int_equal(check(&err), 0);
    stats_there = 17;
    assert_int_equal(check(&err), -ERANGE);
    stats_there = 5;
    xw_fault_set("fstatvfs", 1, EIO);
    assert_int_equal(check(&err), -EIO);
    assert_non_null(strstr(err.text, "The space on the disk"));
    /* A domain that has gone uses nothing. */
    configure("disk-reserve = 1\nmachines-per-user = 2\n");
    for (int nth = 1, started = 0; nth <= 5; nth++) {
        xw_fault_set("gone", nth, 0);
        started += check(&err) == 0;
        if (nth == 5)
            assert_int_equal(started, 2);
    }
}

/* Who comes meanwhile waits until the lock is given back. */
static void one_at_a_time(void **state)
{
    struct xw_error err = {0};
    /* One that could be shared with others who count, but not with who may start. */
    struct flock probe = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    struct stat status;

    (void)state;
    int lock = xw_admission_lock(&err);
    assert_true(lock >= 0);
    assert_int_equal(fstat(lock, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    int other = open(XW_WORLDS_DIR "/.admission.lock", O_RDWR);
    assert_int_equal(fcntl(other, F_OFD_SETLK, &probe), -1);
    close(lock);
    assert_int_equal(fcntl(other, F_OFD_SETLK, &probe), 0);
    close(other);
    /* A lock that is refused leaves nothing open: the next descriptor is the same again. */
    int next = dup(STDIN_FILENO);
    close(next);
    xw_fault_set("lock", 1, ENOLCK);
    assert_int_equal(xw_admission_lock(&err), -ENOLCK);
    assert_non_null(strstr(err.text, ".admission.lock can't be locked"));
    lock = xw_admission_lock(&err);
    assert_int_equal(lock, next);
    close(lock);
    assert_int_equal(unlink(XW_WORLDS_DIR "/.admission.lock"), 0);
    assert_int_equal(symlink("/etc/xworlds/made", XW_WORLDS_DIR "/.admission.lock"), 0);
    assert_int_equal(xw_admission_lock(&err), -ELOOP);
    assert_int_equal(access("/etc/xworlds/made", F_OK), -1);
    assert_int_equal(unlink(XW_WORLDS_DIR "/.admission.lock"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_limit_at_its_edge),
        cmocka_unit_test(who_has_nothing_to_stop),
        cmocka_unit_test(many_are_named_in_part),
        cmocka_unit_test_setup(what_runs_is_counted, begin),
        cmocka_unit_test_setup(where_nothing_runs, begin),
        cmocka_unit_test_setup(what_the_host_has_left, begin),
        cmocka_unit_test_setup(what_is_not_said, begin),
        cmocka_unit_test_setup(one_at_a_time, begin),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
