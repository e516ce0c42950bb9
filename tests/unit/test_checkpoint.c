/* links: xwhelper/keeper/checkpoint.c xwhelper/keeper/checkpoint_create.c xwhelper/keeper/checkpoint_delete.c xwhelper/keeper/checkpoint_mend.c xwhelper/keeper/checkpoint_record.c xwhelper/keeper/checkpoint_rule.c xwhelper/keeper/revert.c xwhelper/keeper/power.c xwhelper/keeper/definition.c xwhelper/keeper/machine_xml.c xwhelper/keeper/job.c xwhelper/keeper/reply.c xwhelper/keeper/world.c xwhelper/keeper/machine.c xwhelper/keeper/host.c xwhelper/keeper/partition.c common/clock.c common/config.c common/config_file.c common/record.c common/lines.c common/names.c common/request.c common/error.c xwhelper/keeper/plan.c xwhelper/keeper/lock.c */
/*
 * The verbs of checkpoints: what libvirt is told, in which order, what the record says meanwhile,
 * and what is done about each call that fails (T-E5).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/statvfs.h>

#include "tests/unit/verb_job.h"
#include "xwhelper/keeper/checkpoint.h"

#define RECORD XW_WORLDS_DIR "/fw/alice/checkpoints"

/* --- libvirt's snapshots: what it knows, and what is done with them -------------------------- */

enum { KNOWN_MAX = 8 };

static char known[KNOWN_MAX][64]; /* "web cp-works": what libvirt has metadata of */
static char last_xml[16384];
static unsigned long long disk_free = 1 << 20; /* MiB */
static int snapshots_held;                     /* that were not given back */
static off_t overlay_size = -1;                /* what saving makes of it; -1: nothing */

XW_FAULTY(rename, (const char *from, const char *to), from, to);
XW_FAULTY_MEMORY;

static const char *machine_of(virDomainPtr domain)
{
    return strrchr(virDomainGetName(domain), ':') + 1;
}

/* An overlay that takes so many bytes of the disk. */
static void fill_overlay(const char *machine, off_t size)
{
    char path[128];

    snprintf(path, sizeof(path), XW_WORLDS_DIR "/fw/alice/%s.qcow2", machine);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(size ? posix_fallocate(fd, 0, size) : 0, 0);
    close(fd);
}

/* A snapshot is the place of its name. */
static virDomainSnapshotPtr snapshot_at(size_t index)
{
    return (virDomainSnapshotPtr)(void *)known[index];
}

static virDomainSnapshotPtr remember(const char *machine, const char *name)
{
    for (size_t i = 0; i < KNOWN_MAX; i++) {
        if (known[i][0])
            continue;
        snprintf(known[i], sizeof(known[i]), "%s %s", machine, name);
        return snapshot_at(i);
    }
    return NULL;
}

virDomainSnapshotPtr virDomainSnapshotCreateXML(virDomainPtr domain, const char *xml,
                                                unsigned int flags)
{
    const char *at = strstr(xml, "<name>") + 6;
    char name[48];
    char what[96];

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "<"), at);
    snprintf(last_xml, sizeof(last_xml), "%s", xml);
    snprintf(what, sizeof(what), "%s%s",
             flags == VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE ? "tell" : "save",
             strstr(xml, "<memory snapshot='internal'/>") ? "+memory" : "");
    note(what, machine_of(domain));
    if (flags == VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA) {
        static char nobody[64];
        assert_null(strstr(xml, "<domain "));
        snprintf(nobody, sizeof(nobody), "%s", name);
        if (overlay_size >= 0)
            fill_overlay(machine_of(domain), overlay_size);
        if (breaks("save"))
            return NULL;
        snapshots_held++;
        return (virDomainSnapshotPtr)(void *)nobody;
    }
    assert_int_equal(flags, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE);
    /* libvirt has nothing else to go by than what the keeper made. */
    assert_non_null(strstr(xml, "<domain type='qemu'>"));
    for (size_t i = 0; i < KNOWN_MAX; i++)
        assert_int_not_equal(strncmp(known[i], machine_of(domain), strlen(machine_of(domain))), 0);
    if (breaks("tell"))
        return NULL;
    snapshots_held++;
    return remember(machine_of(domain), name);
}

int virDomainListAllSnapshots(virDomainPtr domain, virDomainSnapshotPtr **snapshots,
                              unsigned int flags)
{
    const char *machine = machine_of(domain);
    int count = 0;

    assert_int_equal(flags, 0);
    if (breaks("list snapshots"))
        return -1;
    *snapshots = calloc(KNOWN_MAX, sizeof(**snapshots));
    for (size_t i = 0; i < KNOWN_MAX; i++) {
        if (strncmp(known[i], machine, strlen(machine)) == 0)
            (*snapshots)[count++] = snapshot_at(i);
    }
    snapshots_held += count;
    return count;
}

int virDomainSnapshotDelete(virDomainSnapshotPtr snapshot, unsigned int flags)
{
    bool forget = flags == VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY;

    assert_true(forget || flags == 0);
    if (!forget)
        note("drop", (char *)snapshot);
    if (breaks(forget ? "forget" : "drop"))
        return -1;
    ((char *)snapshot)[0] = '\0';
    return 0;
}

int virDomainSnapshotFree(virDomainSnapshotPtr snapshot)
{
    assert_non_null(snapshot);
    snapshots_held--;
    return 0;
}

int virDomainRevertToSnapshot(virDomainSnapshotPtr snapshot, unsigned int flags)
{
    bool runs = flags == VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING;

    assert_true(runs || flags == 0);
    note(runs ? "restore+memory" : "restore", (char *)snapshot);
    created_under_lock = lock_held >= 0 && fcntl(lock_held, F_GETFD) >= 0;
    if (breaks("restore"))
        return -1;
    if (runs) {
        char machine[64];
        snprintf(machine, sizeof(machine), "%.*s", (int)strcspn((char *)snapshot, " "),
                 (char *)snapshot);
        power(machine, true);
    }
    return 0;
}

int virDomainSuspend(virDomainPtr domain)
{
    note("pause", machine_of(domain));
    return breaks("pause") ? -1 : 0;
}

/* Of the disk that the world is on. */
int fstatvfs(int fd, struct statvfs *disk)
{
    struct stat asked;
    struct stat world;

    assert_int_equal(fstat(fd, &asked), 0);
    assert_int_equal(stat(XW_WORLDS_DIR "/fw/alice", &world), 0);
    assert_int_equal(asked.st_ino, world.st_ino);
    *disk = (struct statvfs){.f_bavail = disk_free, .f_frsize = 1 << 20};
    return xw_fault_strikes("fstatvfs") ? -1 : 0;
}

/* --- a request ------------------------------------------------------------------------------- */

/* Runs a verb that names a checkpoint; see run(). */
static int run_named(verb_function verb, const char *machines, const char *name, const char *noted)
{
    struct xw_error err = {0};
    const int before = held;
    const struct xw_job job = {
        .peer = ends[0], .viewer = -1, .request = &request, .owner = &owner, .plan = &plan};

    memset(said, 0, sizeof(said));
    done[0] = '\0';
    request = (struct xw_request){0};
    assert_int_equal(xw_request_set_machines(&request, machines), 0);
    strcpy(request.checkpoint, name);
    strcpy(request.note, noted);
    int rc = verb(&job, &err);
    assert_int_equal(held, before);
    assert_int_equal(snapshots_held, 0);
    ssize_t n = recv(ends[1], said, sizeof(said) - 512, MSG_DONTWAIT);
    if (rc < 0)
        snprintf(said + (n < 0 ? 0 : n), 512, "(%.500s)", err.text);
    return rc;
}

static int create(const char *machines, const char *name)
{
    return run_named(xw_verb_checkpoint_create, machines, name, "");
}

static int revert(const char *machines, const char *name)
{
    return run_named(xw_verb_revert, machines, name, "");
}

static int delete (const char *machines, const char *name)
{
    return run_named(xw_verb_checkpoint_delete, machines, name, "");
}

static struct xw_checkpoints *record(void)
{
    static struct xw_checkpoints checkpoints;

    assert_int_equal(xw_checkpoints_read("fw", "alice", &checkpoints, NULL), 0);
    return &checkpoints;
}

static const struct xw_checkpoint *recorded(const char *machine, const char *name)
{
    return xw_checkpoints_find(record(), machine, name);
}

/* As an interrupted command leaves it. */
static void leave(const char *machine, const char *name, enum xw_checkpoint_state state)
{
    struct xw_checkpoints *checkpoints = record();
    struct xw_checkpoint *checkpoint = &checkpoints->items[checkpoints->count++];

    *checkpoint = (struct xw_checkpoint){.made = 1, .state = state};
    strcpy(checkpoint->machine, machine);
    strcpy(checkpoint->name, name);
    strcpy(checkpoint->definition, "297a6e5f-83b9-5977-93f8-7eed2c51ecbd");
    assert_int_equal(xw_checkpoints_write(checkpoints, NULL), 0);
}

static int start_clean(void **state)
{
    unlink(RECORD);
    rmdir(RECORD ".new");
    for (size_t i = 0; i < plan.machine_count; i++) {
        char path[128];
        snprintf(path, sizeof(path), XW_WORLDS_DIR "/fw/alice/%s.qcow2", plan.machines[i].name);
        unlink(path);
    }
    overlay_size = -1;
    memset(known, 0, sizeof(known));
    disk_free = 1 << 20;
    plan.limits.checkpoints = 0;
    for (size_t i = 0; i < plan.machine_count; i++)
        plan.machines[i].memory = 16;
    return begin(state);
}

#define CLEAN(test) cmocka_unit_test_setup(test, start_clean)

/* What tells one machine from another is in it, whatever else they have in common. */
static void a_definition_is_its_machines(void **state)
{
    static const struct xw_machine web = {"fw", "alice", "web"}, db = {"fw", "alice", "db"};
    char first[UUID_STR_LEN];
    char second[UUID_STR_LEN];

    (void)state;
    xw_checkpoint_digest(&web, "<domain/>", first);
    xw_checkpoint_digest(&db, "<domain/>", second);
    assert_string_not_equal(first, second);
    xw_checkpoint_digest(&web, "<domain/>", second);
    assert_string_equal(first, second);
}

/* --- making ---------------------------------------------------------------------------------- */

static void one_is_made(void **state)
{
    (void)state;
    power("web", true);
    assert_int_equal(run_named(xw_verb_checkpoint_create, "web,client", "works", "68c3a9"), 0);
    assert_string_equal(said, "progress client is being saved\nprogress web is being saved\n"
                              "done client is saved as works\n"
                              "done web is saved as works, with its memory\n");
    /* One alone that runs is paused by QEMU. */
    assert_string_equal(done, "save client; save+memory web; ");
    assert_int_equal(record()->count, 2);
    const struct xw_checkpoint *web = recorded("web", "works");
    assert_true(web->memory);
    assert_string_equal(web->text, "h\xc3\xa9");
    assert_int_equal(web->state, XW_CHECKPOINT_KEPT);
    assert_true(web->made > 1700000000);
    assert_false(recorded("client", "works")->memory);
    assert_string_not_equal(recorded("web", "works")->definition,
                            recorded("client", "works")->definition);
}

static void a_world_is_saved_at_one_instant(void **state)
{
    (void)state;
    all_on();
    assert_int_equal(create("*", "all"), 0);
    assert_string_equal(done, "pause router; pause client; pause web; save+memory router; "
                              "save+memory client; save+memory web; resume router; resume client; "
                              "resume web; ");
    assert_int_equal(record()->count, 3);
}

/* What libvirt knew before, whoever told it, is forgotten and never used. */
static void what_libvirt_knows_is_not_used(void **state)
{
    (void)state;
    remember("web", "cp-works");
    remember("web", "other");
    assert_int_equal(create("web", "works"), 0);
    assert_string_equal(known[0], "");
    assert_string_equal(known[1], "");
    remember("web", "cp-works");
    assert_int_equal(revert("web", "works"), 0);
    assert_string_equal(known[0], "");
    assert_non_null(strstr(last_xml, "<name>cp-works</name>"));
    assert_non_null(strstr(last_xml, "<source file='" XW_WORLDS_DIR "/fw/alice/web.qcow2'/>"));
}

static void what_cannot_be_saved(void **state)
{
    (void)state;
    assert_int_equal(create("web", "works"), 0);
    assert_int_equal(create("web,client", "works"), -EEXIST);
    assert_non_null(strstr(said, "web has a checkpoint works already"));
    assert_int_equal(create("web", "pristine"), -EINVAL);
    assert_string_equal(done, "");
    virDomainPtr domain = domain_of("web");
    power("web", true);
    assert_int_equal(virDomainManagedSave(domain, 0), 0);
    virDomainFree(domain);
    assert_int_equal(create("*", "more"), -EINVAL);
    assert_non_null(strstr(said, "web is suspended, and its memory would be missing; start it "));
    assert_string_equal(done, "");
    start_clean(state);
    power("web", true);
    disk_full = true;
    assert_int_equal(create("web", "more"), -EINVAL);
    assert_non_null(strstr(said, "web is disk-full"));
    assert_string_equal(done, "");
    assert_null(recorded("web", "more"));
    disk_full = false;
    /* Of one whose QEMU has died there is the disk. */
    domain = domain_of("web");
    assert_int_equal(virDomainCoreDump(domain, "/run/core", VIR_DUMP_CRASH), 0);
    virDomainFree(domain);
    assert_int_equal(create("web", "crashed"), 0);
    assert_string_equal(done, "save web; ");
    write_owner("uid 1002\n");
    assert_int_equal(create("web", "more"), -EPERM);
    assert_string_equal(done, "");
    assert_int_equal(delete ("web", "crashed"), -EPERM);
    assert_string_equal(done, "");
    write_owner("uid 1001\n");
    gone = true;
    assert_int_equal(create("web", "more"), -EAGAIN);
    assert_int_equal(delete ("web", "crashed"), -EAGAIN);
    gone = false;
    assert_int_equal(recorded("web", "crashed")->state, XW_CHECKPOINT_KEPT);
    assert_int_equal(record()->count, 1);
}

/* In a world of which some machines run, only these are paused. */
static void those_that_run_are_paused(void **state)
{
    (void)state;
    all_on();
    power("client", false);
    assert_int_equal(create("*", "all"), 0);
    assert_string_equal(done, "pause router; pause web; save+memory router; save client; "
                              "save+memory web; resume router; resume web; ");
}

/* What it has added to the overlay. */
static void the_size_of_one(void **state)
{
    (void)state;
    fill_overlay("web", 1 << 20);
    overlay_size = 3 << 20;
    assert_int_equal(create("web", "more"), 0);
    assert_int_equal(recorded("web", "more")->size, 2 << 20);
    overlay_size = 1 << 20;
    assert_int_equal(create("web", "less"), 0);
    assert_int_equal(recorded("web", "less")->size, 0);
}

/* The text is whoever's: what isn't fit for a terminal's line is refused before anything is done.
 */
static void texts(void **state)
{
    static const char *const bad[] = {"00",     "0a",   "1b5b6d", "ff",    "c080",
                                      "e280ae", "2061", "6120",   "610061"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (run_named(xw_verb_checkpoint_create, "web", "works", bad[i]) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
        assert_string_equal(done, "");
    }
    assert_int_equal(run_named(xw_verb_checkpoint_create, "web", "works", "2f2e2e3c7e"), 0);
    assert_string_equal(recorded("web", "works")->text, "/..<~");
}

static void limits(void **state)
{
    (void)state;
    configure(PLAIN_CONFIG "checkpoints-per-machine = 2\n");
    assert_int_equal(create("web", "a"), 0);
    assert_int_equal(create("web", "b"), 0);
    assert_int_equal(create("*", "c"), -EDQUOT);
    assert_non_null(strstr(said, "web has 2 checkpoints, and 2 is the most"));
    assert_non_null(strstr(said, "(a, b)"));
    assert_string_equal(done, "");
    assert_int_equal(create("client", "c"), 0);
    plan.limits.checkpoints = 1;
    assert_int_equal(create("client", "d"), -EDQUOT);
    plan.limits.checkpoints = 3;
    assert_int_equal(create("web", "c"), -EDQUOT);
    configure(PLAIN_CONFIG "checkpoints-per-machine = none\n");
    assert_int_equal(create("web", "c"), 0);
    assert_int_equal(create("web", "d"), -EDQUOT);
    plan.limits.checkpoints = 0;
    configure(PLAIN_CONFIG "checkpoint-space = 17\ndisk-reserve = 100\n");
    power("web", true);
    assert_int_equal(create("web", "d"), 0);
    assert_int_equal(create("web,client", "e"), -EDQUOT);
    assert_non_null(strstr(said, "needs up to 18 MiB"));
    disk_free = 117;
    assert_int_equal(create("web", "e"), 0);
    disk_free = 116;
    assert_int_equal(create("web", "f"), -EDQUOT);
    assert_non_null(strstr(said, "16 MiB left"));
    disk_free = 1;
    assert_int_equal(create("client", "f"), -EDQUOT);
    assert_non_null(strstr(said, "0 MiB left"));
    assert_string_equal(done, "");
    /* What the world's disks take already, also those of the other machines. */
    disk_free = 1 << 20;
    fill_overlay("client", 1 << 20);
    assert_int_equal(create("web", "f"), -EDQUOT);
    assert_non_null(strstr(said, "take 1 of the 17 MiB"));
}

/* No record holds more; what else is wrong is told first. */
static void the_most_that_a_record_holds(void **state)
{
    struct xw_checkpoints *checkpoints = record();

    (void)state;
    leave("web", "a", XW_CHECKPOINT_KEPT);
    checkpoints = record();
    while (checkpoints->count < XW_CHECKPOINTS_MAX - 1) {
        struct xw_checkpoint *checkpoint = &checkpoints->items[checkpoints->count++];
        *checkpoint = checkpoints->items[0];
        snprintf(checkpoint->machine, sizeof(checkpoint->machine), "other");
        snprintf(checkpoint->name, sizeof(checkpoint->name), "n%zu", checkpoints->count);
    }
    assert_int_equal(xw_checkpoints_write(checkpoints, NULL), 0);
    assert_int_equal(create("web,client", "b"), -EDQUOT);
    assert_non_null(strstr(said, "checkpoints at most, and this one has"));
    assert_int_equal(create("web,client", "a"), -EEXIST);
    assert_int_equal(create("client", "b"), 0);
    assert_int_equal(create("client", "c"), -EDQUOT);
    assert_string_equal(done, "");
}

/* In whole or not at all; machines that were paused go on whatever happens. */
static void what_fails_is_taken_back(void **state)
{
    static const struct {
        const char *call;
        int nth;
        const char *done;
    } faults[] = {
        {"pause", 2,
         "pause router; pause client; resume router; tell router; drop router cp-all; tell client; "
         "drop client cp-all; tell web; drop web cp-all; "},
        {"save", 3,
         "pause router; pause client; pause web; save+memory router; save+memory client; "
         "save+memory web; resume router; resume client; resume web; tell router; "
         "drop router cp-all; tell client; drop client cp-all; tell web; drop web cp-all; "},
        {"virDomainResume", 1,
         "pause router; pause client; pause web; save+memory router; save+memory client; "
         "save+memory web; resume router; resume client; resume web; tell router; "
         "drop router cp-all; tell client; drop client cp-all; tell web; drop web cp-all; "},
        {"list snapshots", 1,
         "pause router; pause client; pause web; resume router; resume client; resume web; "
         "tell router; drop router cp-all; tell client; drop client cp-all; tell web; "
         "drop web cp-all; "},
        {"virDomainGetState", 3, ""},
        {"virDomainLookupByName", 2, ""},
        {"fstatvfs", 1, ""},
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        start_clean(state);
        all_on();
        xw_fault_set(faults[i].call, faults[i].nth, EIO);
        assert_int_equal(create("*", "all") < 0, 1);
        assert_null(strstr(said, "done "));
        assert_null(strstr(said, "can't be removed"));
        assert_string_equal(done, faults[i].done);
        assert_int_equal(record()->count, 0);
        /* The same command does it. */
        xw_fault_set(NULL, 0, 0);
        assert_int_equal(create("*", "all"), 0);
        assert_int_equal(record()->count, 3);
    }
    start_clean(state);
    assert_int_equal(mkdir(RECORD ".new", 0700), 0);
    assert_int_equal(create("web", "all"), -EISDIR);
    assert_string_equal(done, "");
    /* Saved, but it can't be recorded that it is to be kept. */
    start_clean(state);
    xw_fault_set("rename", 2, EIO);
    assert_int_equal(create("web", "all"), -EIO);
    assert_string_equal(done, "save web; tell web; drop web cp-all; ");
    assert_null(strstr(said, "done "));
    assert_int_equal(record()->count, 0);
}

/* Nothing is changed where memory is short, and nothing more is tried after what failed. */
static void what_fails_before_it_is_saved(void **state)
{
    for (int nth = 1;; nth++) {
        xw_fault_set("open_memstream", nth, ENOMEM);
        int rc = create("web", "all");
        if (*done) {
            /* Both texts of the machine, and the record, took some. */
            assert_true(nth > 3);
            break;
        }
        assert_int_equal(rc, -ENOMEM);
    }
    start_clean(state);
    remember("web", "cp-a");
    remember("web", "cp-b");
    libvirt_goes_with("forget", 1);
    assert_int_equal(create("web", "all"), -EAGAIN);
    assert_string_equal(known[1], "web cp-b");
    memset(known, 0, sizeof(known));
}

/* Of several failures the first is told. */
static void the_first_failure_is_told(void **state)
{
    (void)state;
    all_on();
    xw_fault_set("virDomainResume", 1, EIO);
    xw_fault_also("virDomainResume", 2, EIO);
    assert_int_equal(create("*", "all"), -EIO);
    assert_non_null(strstr(said, "nothing was saved: Letting router go on"));
    start_clean(state);
    all_on();
    xw_fault_set("save", 2, EIO);
    xw_fault_also("virDomainResume", 1, EIO);
    assert_int_equal(create("*", "all"), -EIO);
    assert_non_null(strstr(said, "nothing was saved: Saving client as all"));
}

/* What can't be taken back now is told, and done by the next command. */
static void what_cannot_be_taken_back(void **state)
{
    (void)state;
    xw_fault_set("save", 1, EIO);
    xw_fault_also("drop", 1, EIO);
    assert_int_equal(create("web", "all"), -EIO);
    assert_non_null(strstr(said, "what had been begun can't be removed"));
    assert_int_equal(recorded("web", "all")->state, XW_CHECKPOINT_MAKING);
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(create("client", "other"), 0);
    assert_null(recorded("web", "all"));
    /* libvirt has gone: nothing more is tried. */
    libvirt_goes_with("save", 1);
    assert_int_equal(create("web", "all"), -EAGAIN);
    assert_string_equal(done, "save web; ");
    assert_int_equal(recorded("web", "all")->state, XW_CHECKPOINT_MAKING);
}

/* --- what was interrupted -------------------------------------------------------------------- */

static void what_was_begun_is_completed(void **state)
{
    (void)state;
    leave("web", "half", XW_CHECKPOINT_MAKING);
    leave("client", "gone", XW_CHECKPOINT_DELETING);
    leave("nosuch", "lost", XW_CHECKPOINT_DELETING);
    assert_int_equal(create("web", "half"), 0);
    assert_string_equal(done, "tell web; drop web cp-half; tell client; drop client cp-gone; "
                              "save web; ");
    assert_int_equal(record()->count, 1);
    leave("client", "gone", XW_CHECKPOINT_DELETING);
    assert_int_equal(delete ("client", "gone"), 0);
    assert_string_equal(done, "tell client; drop client cp-gone; ");
    leave("client", "half", XW_CHECKPOINT_MAKING);
    assert_int_equal(revert("client", "half"), -ENOENT);
    leave("client", "half", XW_CHECKPOINT_MAKING);
    assert_int_equal(revert("client", ""), 0);
    assert_string_equal(done, "tell client; drop client cp-half; fresh client.qcow2; ");
}

static void what_was_begun_and_can_not_be_completed(void **state)
{
    (void)state;
    leave("web", "half", XW_CHECKPOINT_MAKING);
    leave("client", "gone", XW_CHECKPOINT_DELETING);
    image_rc = -ESTALE;
    assert_int_equal(create("client", "more"), -ESTALE);
    image_rc = 0;
    xw_fault_set("virDomainGetState", 1, EIO);
    assert_int_equal(create("client", "more"), -EIO);
    assert_non_null(strstr(said, "Asking for web"));
    assert_string_equal(done, "");
    xw_fault_set("tell", 1, EIO);
    assert_int_equal(create("client", "more"), -EIO);
    assert_string_equal(done, "tell web; ");
    /* One after the other: after a failure no other is begun. */
    xw_fault_set("drop", 1, EIO);
    assert_int_equal(create("client", "more"), -EIO);
    assert_string_equal(done, "tell web; drop web cp-half; ");
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(record()->count, 2);
}

/* A machine that was paused for a checkpoint goes on, by whatever comes next. */
static void a_paused_machine_goes_on(void **state)
{
    (void)state;
    power("web", true);
    leave("web", "half", XW_CHECKPOINT_MAKING);
    virDomainPtr domain = domain_of("web");
    REAL(int, virDomainSuspend, (virDomainPtr));
    assert_int_equal(real(domain), 0);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_string_equal(said, "done web goes on; a checkpoint of it was never completed\n");
    assert_int_equal(virDomainDestroy(domain), 0);
    power("web", true);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_string_equal(said, "done web was running already\n");
    assert_int_equal(real(domain), 0);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_non_null(strstr(done, "resume web"));
    assert_int_equal(create("client", "a"), 0);
    assert_memory_equal(done, "resume web; tell web; drop web cp-half; ", 40);
    /* One that was paused by somebody else stays so. */
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_string_equal(said, "done web was running already\n");
    leave("web", "old", XW_CHECKPOINT_DELETING);
    assert_int_equal(delete ("web", "old"), 0);
    assert_null(strstr(done, "resume"));
    assert_int_equal(virDomainDestroy(domain), 0);
    virDomainFree(domain);
}

/* What libvirt doesn't say of a machine that is off is no reason to boot it. */
static void what_is_saved_can_not_be_known(void **state)
{
    virDomainPtr domain = domain_of("web");

    (void)state;
    /* Asked whether its definition is current, and whether it resumes. */
    for (int nth = 1; nth <= 2; nth++) {
        xw_fault_set("virDomainHasManagedSaveImage", nth, EIO);
        assert_int_equal(run(xw_verb_start, "web", false), XW_EXIT_FAILED);
        assert_memory_equal(said, "fail web Asking for web", 23);
        assert_false(runs("web"));
    }
    xw_fault_set("virDomainHasManagedSaveImage", 1, EIO);
    assert_int_equal(run(xw_verb_reboot, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Asking for web", 23);
    xw_fault_set(NULL, 0, 0);
    power("web", true);
    assert_int_equal(virDomainManagedSave(domain, 0), 0);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_string_equal(said, "progress web is suspended, and resumes\n"
                              "done web goes on where it was\n");
    virDomainFree(domain);
}

/* --- going back ------------------------------------------------------------------------------ */

static void machines_go_back(void **state)
{
    (void)state;
    power("web", true);
    assert_int_equal(create("web,client", "works"), 0);
    assert_int_equal(revert("web,client", "works"), 0);
    assert_string_equal(done, "plug web; tell+memory web; restore+memory web cp-works; "
                              "tell client; restore client cp-works; ");
    assert_string_equal(said, "done web is as it was at works, and runs\n"
                              "done client is as it was at works, and off\n");
    assert_true(runs("web"));
    assert_string_equal(known[0], "");
    assert_non_null(strstr(last_xml, "<state>shutoff</state>"));
    assert_int_equal(revert("web", "works"), 0);
    assert_true(created_under_lock);
    assert_int_equal(fcntl(lock_held, F_GETFD), -1);
    /* One that is off is admitted as one that is started; with a saved memory, that goes first. */
    power("web", false);
    power("client", true);
    assert_int_equal(revert("web,client", "works"), 0);
    assert_string_equal(done, "admit web; tell+memory web; restore+memory web cp-works; "
                              "plug client; tell client; restore client cp-works; ");
    virDomainPtr domain = domain_of("web");
    assert_int_equal(virDomainManagedSave(domain, 0), 0);
    assert_int_equal(revert("web", "works"), 0);
    assert_int_equal(virDomainHasManagedSaveImage(domain, 0), 0);
    virDomainFree(domain);
    power("web", false);
    admitted = -EDQUOT;
    assert_int_equal(revert("web", "works"), XW_EXIT_LIMITED);
    assert_string_equal(done, "admit web; ");
}

/* One that somebody else has started since it was looked at is put off under the same lock. */
static void one_that_starts_meanwhile(void **state)
{
    (void)state;
    power("web", true);
    assert_int_equal(create("web", "works"), 0);
    power("web", false);
    starts_meanwhile = "web";
    locks_taken = 0;
    assert_int_equal(revert("web", "works"), 0);
    starts_meanwhile = NULL;
    assert_string_equal(done, "admit web; plug web; tell+memory web; "
                              "restore+memory web cp-works; ");
    assert_int_equal(locks_taken, 1);
}

static void pristine_keeps_checkpoints(void **state)
{
    (void)state;
    assert_int_equal(create("web", "works"), 0);
    power("web", true);
    assert_int_equal(revert("web,client", ""), 0);
    assert_string_equal(done, "plug web; tell web; restore web pristine; fresh client.qcow2; ");
    assert_non_null(strstr(last_xml, "<name>pristine</name>"));
    assert_string_equal(said,
                        "done web is pristine and starts again; its checkpoints are still there\n"
                        "done client is pristine\n");
    assert_true(runs("web"));
    assert_int_equal(revert("web", "pristine"), 0);
    assert_non_null(recorded("web", "works"));
    assert_int_equal(delete ("*", "works"), 0);
    assert_int_equal(revert("web", "pristine"), 0);
    assert_non_null(strstr(done, "fresh web.qcow2"));
}

/* Before anything is changed. */
static void what_does_not_go_back(void **state)
{
    (void)state;
    power("web", true);
    assert_int_equal(create("web,client", "works"), 0);
    assert_int_equal(revert("*", "works"), -ENOENT);
    assert_string_equal(done, "");
    assert_non_null(strstr(said, "router has no checkpoint works"));
    /* Another definition: the memory can't go on, the disk alone can. */
    plan.machines[0].memory = 32;
    plan.machines[2].memory = 32;
    assert_int_equal(revert("client,web", "works"), -ESTALE);
    assert_string_equal(done, "");
    assert_non_null(strstr(said, "web is defined otherwise"));
    assert_int_equal(revert("client", "works"), 0);
    plan.machines[0].memory = 16;
    assert_int_equal(revert("web", "works"), 0);
    plan.machines[2].memory = 16;
    power("client", true);
    assert_int_equal(create("client,web", "both"), 0);
    plan.machines[2].memory = 32;
    assert_int_equal(revert("client,web", "both"), -ESTALE);
    assert_string_equal(done, "");
    power("client", false);
    /* A record from elsewhere, with a definition that is another's. */
    struct xw_checkpoints *checkpoints = record();
    strcpy(xw_checkpoints_find(checkpoints, "web", "works")->definition,
           xw_checkpoints_find(checkpoints, "client", "works")->definition);
    assert_int_equal(xw_checkpoints_write(checkpoints, NULL), 0);
    assert_int_equal(revert("web", "works"), -ESTALE);
    assert_string_equal(done, "");
    assert_int_equal(rename(RECORD, RECORD ".new"), 0);
    assert_int_equal(symlink("checkpoints.new", RECORD), 0);
    assert_int_equal(revert("client", "works"), -EPERM);
    assert_string_equal(done, "");
    unlink(RECORD);
    unlink(RECORD ".new");
}

/* Each machine's definition is needed twice: to look at all of them, and to put it back. */
static void what_fails_before_going_back(void **state)
{
    (void)state;
    power("web", true);
    assert_int_equal(create("web", "works"), 0);
    power("web", false);
    int looking = 0;
    int putting = 0;
    for (int nth = 1;; nth++) {
        xw_fault_set("open_memstream", nth, ENOMEM);
        int rc = revert("web", "works");
        if (*done)
            break;
        assert_true(rc == -ENOMEM || rc == XW_EXIT_FAILED);
        looking += rc == -ENOMEM;
        putting += rc == XW_EXIT_FAILED;
    }
    assert_true(looking > 0 && putting > 0);
    xw_fault_set(NULL, 0, 0);
    leave("client", "half", XW_CHECKPOINT_MAKING);
    xw_fault_set("drop", 1, EIO);
    assert_int_equal(revert("web", "works"), -EIO);
    assert_string_equal(done, "tell client; drop client cp-half; ");
}

static void what_fails_when_going_back(void **state)
{
    static const char *const calls[] = {"tell", "restore", "list snapshots", "virDomainDestroy"};

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        start_clean(state);
        power("web", true);
        assert_int_equal(create("web", "works"), 0);
        xw_fault_set(calls[i], 1, EIO);
        assert_int_equal(revert("web", "works"), XW_EXIT_FAILED);
        assert_memory_equal(said, "fail web ", 9);
        assert_int_equal(recorded("web", "works")->state, XW_CHECKPOINT_KEPT);
        xw_fault_set(NULL, 0, 0);
        assert_int_equal(revert("web", "works"), 0);
        assert_true(runs("web"));
        /* That libvirt couldn't be made to forget it harms nothing: the next time it is. */
        xw_fault_set("forget", 1, EIO);
        assert_int_equal(revert("web", "works"), 0);
        assert_string_equal(known[0], "web cp-works");
        assert_int_equal(revert("web", "works"), 0);
        assert_string_equal(known[0], "");
    }
}

/* --- deleting -------------------------------------------------------------------------------- */

static void they_are_deleted(void **state)
{
    (void)state;
    assert_int_equal(create("web,client", "works"), 0);
    assert_int_equal(create("web", "more"), 0);
    assert_int_equal(delete ("web,router", "works"), -ENOENT);
    assert_string_equal(done, "");
    assert_int_equal(recorded("web", "works")->state, XW_CHECKPOINT_KEPT);
    assert_int_equal(delete ("*", "works"), 0);
    assert_string_equal(done, "tell client; drop client cp-works; tell web; drop web cp-works; ");
    assert_string_equal(said, "done client has no checkpoint works any more\n"
                              "done web has no checkpoint works any more\n");
    assert_int_equal(delete ("*", "works"), -ENOENT);
    assert_int_equal(record()->count, 1);
    xw_fault_set("drop", 1, EIO);
    assert_int_equal(delete ("web", "more"), -EIO);
    assert_null(strstr(said, "done "));
    assert_int_equal(recorded("web", "more")->state, XW_CHECKPOINT_DELETING);
    assert_int_equal(revert("web", "more"), -ENOENT);
    assert_null(recorded("web", "more"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLEAN(a_definition_is_its_machines),
        CLEAN(one_is_made),
        CLEAN(a_world_is_saved_at_one_instant),
        CLEAN(what_libvirt_knows_is_not_used),
        CLEAN(what_cannot_be_saved),
        CLEAN(those_that_run_are_paused),
        CLEAN(the_size_of_one),
        CLEAN(texts),
        CLEAN(limits),
        CLEAN(the_most_that_a_record_holds),
        CLEAN(what_fails_is_taken_back),
        CLEAN(what_fails_before_it_is_saved),
        CLEAN(the_first_failure_is_told),
        CLEAN(what_cannot_be_taken_back),
        CLEAN(what_was_begun_is_completed),
        CLEAN(what_was_begun_and_can_not_be_completed),
        CLEAN(a_paused_machine_goes_on),
        CLEAN(what_is_saved_can_not_be_known),
        CLEAN(machines_go_back),
        CLEAN(one_that_starts_meanwhile),
        CLEAN(pristine_keeps_checkpoints),
        CLEAN(what_does_not_go_back),
        CLEAN(what_fails_before_going_back),
        CLEAN(what_fails_when_going_back),
        CLEAN(they_are_deleted),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
