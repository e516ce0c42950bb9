/*
 * Class D: files. Records, plans, locks and directories replaced by what they are not; exchanged in
 * a loop; changed between check and act.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/proxy.h"
#include "tests/hostile/suite.h"

#define STATE "/var/lib/xworlds"
#define ASIDE STATE "/.aside" /* on the same filesystem, for rename and link */

enum { AT_MOST = 2000 }; /* milliseconds */

static char owner_record[64];

/* --- what a file can be replaced by ----------------------------------------------------------- */

struct replacement {
    const char *name;
    void (*make)(const char *path);
};

static void check(int rc, const char *what)
{
    if (rc != 0)
        fail("preparing: %s", what);
}

static void by_symlink(const char *path)
{
    check(symlink(ASIDE, path), "symlink");
}

static void by_dangling_symlink(const char *path)
{
    check(symlink("/tmp/bait/appeared", path), "symlink");
}

static void by_hard_link(const char *path)
{
    check(link(ASIDE, path), "link");
}

static void by_fifo(const char *path)
{
    check(mkfifo(path, 0640), "mkfifo");
}

static void by_directory(const char *path)
{
    check(mkdir(path, 0755), "mkdir");
}

static void by_device(const char *path)
{
    check(mknod(path, S_IFCHR | 0640, 1 << 8 | 5 /* zero */), "mknod");
}

/* A copy of the right content, so that only what is changed about it can refuse it. */
static void by_copy(const char *path)
{
    MUST("cp", "--preserve=mode,ownership", ASIDE, path);
}

static void by_group_writable(const char *path)
{
    by_copy(path);
    check(chmod(path, 0660), "chmod");
}

static void by_world_writable(const char *path)
{
    by_copy(path);
    check(chmod(path, 0666), "chmod");
}

static void by_students_own(const char *path)
{
    by_copy(path);
    check(chown(path, people.alice->uid, (gid_t)-1), "chown");
}

static void by_cut(const char *path)
{
    by_copy(path);
    check(truncate(path, 20), "truncate");
}

static void by_empty(const char *path)
{
    by_copy(path);
    check(truncate(path, 0), "truncate");
}

static void by_huge(const char *path)
{
    by_copy(path);
    check(truncate(path, 1L << 30), "truncate");
}

static const struct replacement of_a_record[] = {
    {"a symbolic link", by_symlink},
    {"a dangling link", by_dangling_symlink},
    {"a hard link", by_hard_link},
    {"a FIFO", by_fifo},
    {"a directory", by_directory},
    {"a device", by_device},
    {"writable by its group", by_group_writable},
    {"writable by all", by_world_writable},
    {"the student's own", by_students_own},
    {"cut off", by_cut},
    {"empty", by_empty},
    {"a GiB", by_huge},
};

static void put_aside(const char *path)
{
    if (rename(path, ASIDE) < 0)
        fail("%s can't be put aside", path);
}

static void put_back(const char *path)
{
    struct stat aside;

    if (lstat(ASIDE, &aside) < 0) {
        fail("%s was not put aside", path);
        return;
    }
    COMMAND("rm", "-rf", path);
    if (rename(ASIDE, path) < 0)
        fail("%s can't be put back", path);
}

/* --- D1 --------------------------------------------------------------------------------------- */

static void each_replacement(const char *path, const char *const argv[])
{
    const struct drive_call call = {.argv = argv, .user = people.alice};
    char what[128];

    for (size_t i = 0; i < sizeof(of_a_record) / sizeof(of_a_record[0]); i++) {
        put_aside(path);
        of_a_record[i].make(path);
        long began = milliseconds();
        snprintf(what, sizeof(what), "%.60s, %s", path, of_a_record[i].name);
        refused(what, &call, XW_EXIT_REFUSED);
        if (milliseconds() - began > AT_MOST)
            fail("%s: it took %ld ms", what, milliseconds() - began);
        put_back(path);
    }
    /* An honest copy is as good as the original. */
    put_aside(path);
    by_copy(path);
    allowed(path, &call);
    put_back(path);
    allowed(path, &call);
}

static void gate_records(void)
{
    each_replacement(owner_record, ARGV("stop", "hostile", "m1", "--force"));
    each_replacement(STATE "/labs/hostile/access", ARGV("stop", "hostile", "m1", "--force"));
}

/* The keeper's own file: the gate has allowed, the keeper fails, and nothing is changed. */
static void fails_untouched(const char *what, const struct drive_call *call)
{
    struct proxy_count before = proxy_count();
    struct drive_call traced = *call;
    struct drive_result result;

    traced.tracer = &recorder;
    drive_run(&traced, &result);
    tried(1);
    if (!result.exited || result.code == 0 || result.audit_count != 1 ||
        result.milliseconds > AT_MOST || !without_id(&result))
        fail("%s: %s %d after %ld ms, %zu records: %.200s", what, result.exited ? "exit" : "signal",
             result.code, result.milliseconds, result.audit_count, result.out);
    if (proxy_count().mutating != before.mutating)
        fail("%s: libvirt was asked to change something", what);
    if (access("/tmp/bait/appeared", F_OK) == 0)
        fail("%s: a link was followed", what);
    drive_free(&result);
}

static void each_fails(const char *path, const char *const argv[], size_t from, size_t to)
{
    const struct drive_call call = {.argv = argv, .user = people.alice};
    char what[128];

    for (size_t i = from; i < to; i++) {
        put_aside(path);
        of_a_record[i].make(path);
        snprintf(what, sizeof(what), "%.60s, %s", path, of_a_record[i].name);
        fails_untouched(what, &call);
        put_back(path);
    }
    allowed(path, &call);
}

static void keeper_files(void)
{
    each_fails(STATE "/labs/hostile/plan", ARGV("stop", "hostile", "m1", "--force"), 0,
               sizeof(of_a_record) / sizeof(of_a_record[0]));
    /* The lock: links, a FIFO, a directory, a device. Its content and mode say nothing. */
    allowed("making the lock",
            &(struct drive_call){.argv = ARGV("stop", "hostile", "m1", "--force"),
                                 .user = people.alice});
    each_fails(STATE "/worlds/hostile/.alice.lock", ARGV("stop", "hostile", "m1", "--force"), 0, 2);
    each_fails(STATE "/worlds/hostile/.alice.lock", ARGV("stop", "hostile", "m1", "--force"), 4, 5);
}

/* A directory that is a link to another: the lab's, the records', the world's. */
static void directories(void)
{
    static const char *const paths[] = {STATE "/labs/hostile", STATE "/labs", STATE "/owners"};
    const struct drive_call call = {.argv = ARGV("stop", "hostile", "m1", "--force"),
                                    .user = people.alice};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        put_aside(paths[i]);
        by_symlink(paths[i]);
        refused(paths[i], &call, XW_EXIT_REFUSED);
        put_back(paths[i]);
        put_aside(paths[i]);
        by_fifo(paths[i]);
        refused(paths[i], &call, XW_EXIT_REFUSED);
        put_back(paths[i]);
        allowed(paths[i], &call);
    }
}

/* The student's world is a link to bob's: his overlay must stay as it is. */
static void world_directory(void)
{
    static const char *const overlay = STATE "/worlds/hostile/bob/m1.qcow2";
    struct stat before;
    struct stat after;
    const struct drive_call call = {.argv = ARGV("revert", "hostile", "m1"), .user = people.alice};
    struct drive_result result;

    check(stat(overlay, &before), overlay);
    put_aside(STATE "/worlds/hostile/alice");
    check(symlink("bob", STATE "/worlds/hostile/alice"), "symlink");
    drive_run(&call, &result);
    tried(1);
    check(stat(overlay, &after), overlay);
    if (before.st_ino != after.st_ino || before.st_mtime != after.st_mtime)
        fail("alice's revert has replaced bob's overlay (exit %d): %.200s", result.code,
             result.out);
    if (result.code == 0)
        fail("a revert through a link succeeded");
    drive_free(&result);
    put_back(STATE "/worlds/hostile/alice");
    allowed("revert", &call);
}

/* --- D2 --------------------------------------------------------------------------------------- */

/* Exchanges two names until it is killed. */
static pid_t exchange(const char *left, const char *right)
{
    fflush(NULL);
    pid_t pid = fork();

    if (pid == 0) {
        for (;;)
            syscall(SYS_renameat2, AT_FDCWD, left, AT_FDCWD, right, 2U /* RENAME_EXCHANGE */);
    }
    return pid;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        fail("%s can't be written", path);
}

/*
 * While the record and what an attacker would like it to be are exchanged, what the record does
 * not grant is never had; what it grants is had or refused. The gate and then the keeper each read
 * for themselves.
 */
static void race(const char *path, const char *evil)
{
    const struct drive_call wanted = {.argv = ARGV("stop", "lab10", "m1", "--force"),
                                      .user = people.alice};
    const struct drive_call own = {.argv = ARGV("stop", "hostile", "m1", "--force"),
                                   .user = people.alice};
    unsigned int had = 0;
    unsigned int not_had = 0;
    unsigned int turns = everything() ? 2000 : 60;

    pid_t pid = exchange(path, evil);
    for (unsigned int i = 0; i < turns; i++) {
        struct drive_result result;
        refused("while records are exchanged", &wanted, XW_EXIT_REFUSED);
        drive_run(&own, &result);
        had += result.code == 0;
        /* Also where children that have answered end more slowly than new ones are asked for. */
        bool refusal = result.code == XW_EXIT_REFUSED || result.code == XW_EXIT_TRY_AGAIN;
        not_had += refusal;
        if (!result.exited || (result.code != 0 && !refusal))
            fail("while records are exchanged: %d: %.200s", result.code, result.out);
        drive_free(&result);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    printf("# allowed %u times, refused %u times\n", had, not_had);
}

static void exchanged(void)
{
    char evil[128];

    snprintf(evil, sizeof(evil),
             "xworlds-owner 1\nuid %u\nname alice\nlab hostile\nlab lab10\nend\n",
             (unsigned int)people.alice->uid);
    write_file(STATE "/owners/evil-target", evil);
    check(chown(STATE "/owners/evil-target", 0, 0), "chown");
    check(chmod(STATE "/owners/evil-target", 0644), "chmod");
    check(symlink("evil-target", STATE "/owners/evil"), "symlink");
    put_aside(owner_record);
    by_copy(owner_record);
    race(owner_record, STATE "/owners/evil");
    unlink(STATE "/owners/evil");
    put_back(owner_record);
    /* The student's own file, with the content she likes. */
    put_aside(owner_record);
    by_copy(owner_record);
    check(rename(STATE "/owners/evil-target", STATE "/owners/evil"), "rename");
    check(chown(STATE "/owners/evil", people.alice->uid, people.alice->gid), "chown");
    race(owner_record, STATE "/owners/evil");
    unlink(STATE "/owners/evil");
    put_back(owner_record);
    control(people.alice);
}

/* --- D3 --------------------------------------------------------------------------------------- */

/* Called with the gate at the point where it has decided and is about to ask the keeper. */
static struct drive_order take_away(void *data, pid_t pid, size_t index,
                                    const struct drive_syscall *call)
{
    bool *taken = data;

    (void)pid;
    (void)index;
    if (call->number == SYS_sendmsg && !*taken) {
        *taken = true;
        put_aside(owner_record);
    }
    return (struct drive_order){DRIVE_GO_ON, 0};
}

static void between_check_and_act(void)
{
    bool taken = false;
    const struct drive_tracer tracer = {.at = take_away, .data = &taken};
    const struct drive_call call = {
        .argv = ARGV("start", "hostile", "m1"), .user = people.alice, .tracer = &tracer};
    struct proxy_count before = proxy_count();
    struct drive_result result;

    drive_run(&call, &result);
    tried(1);
    if (!taken)
        fail("the gate has not asked the keeper");
    if (!result.exited || result.code != XW_EXIT_REFUSED || result.audit_count != 1)
        fail("ownership was taken away meanwhile: %d, %zu records: %.200s", result.code,
             result.audit_count, result.out);
    if (proxy_count().connections != before.connections)
        fail("libvirt's read-write socket was used");
    drive_free(&result);
    put_back(owner_record);
    control(people.alice);
}

/* --- D4 --------------------------------------------------------------------------------------- */

static void no_input_in_paths(void)
{
    static const char *const canaries[] = {"zzcanary", "../zzcanary", "zzcanary/../../etc",
                                           "/zzcanary", "zzcanary\n"};

    for (size_t i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++) {
        const char *const *argvs[] = {
            ARGV("status", canaries[i]), ARGV("start", canaries[i], canaries[i]),
            ARGV("start", "hostile", canaries[i]), ARGV("console", canaries[i], "m1"),
            ARGV(canaries[i], canaries[i])};
        for (size_t j = 0; j < sizeof(argvs) / sizeof(argvs[0]); j++) {
            struct drive_result result;
            drive_run(
                &(struct drive_call){.argv = argvs[j], .user = people.alice, .tracer = &recorder},
                &result);
            tried(1);
            for (size_t k = 0; k < result.syscall_count; k++) {
                if (strstr(result.syscalls[k].text, "zzcanary"))
                    fail("%s reaches system call %ld as %s", canaries[i], result.syscalls[k].number,
                         result.syscalls[k].text);
            }
            drive_free(&result);
        }
    }
    /* The control: the recorder sees names in paths. */
    struct drive_result result;
    bool seen = false;
    drive_run(&(struct drive_call){.argv = ARGV("status", "hostile"),
                                   .user = people.alice,
                                   .tracer = &recorder},
              &result);
    for (size_t k = 0; k < result.syscall_count; k++)
        seen = seen || strstr(result.syscalls[k].text, "hostile");
    if (!seen)
        fail("the control: the recorder has not seen the lab's record opened");
    drive_free(&result);
}

static void name_record(void)
{
    snprintf(owner_record, sizeof(owner_record), STATE "/owners/%u",
             (unsigned int)people.alice->uid);
}

static void test_gate_records(void)
{
    name_record();
    gate_records();
}

const struct test suite_files[] = {
    {"T-D1 the gate's records replaced, twelve ways each", test_gate_records},
    {"T-D1 the keeper's plan and lock replaced", keeper_files},
    {"T-D1 directories that are links or FIFOs", directories},
    {"T-D1 a world's directory that is a link to another's", world_directory},
    {"T-D2 records exchanged in a loop while verbs run", exchanged},
    {"T-D3 ownership taken away between check and act", between_check_and_act},
    {"T-D4 no caller's input in a path", no_input_in_paths},
    {NULL, NULL},
};
