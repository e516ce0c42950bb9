/*
 * Class C: what a program inherits. Descriptors, limits, directory, umask, signals, a tracer; and
 * the calls that give privilege up, each made to fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/proxy.h"
#include "tests/hostile/suite.h"

/* A call that is allowed, and one that is refused, with whatever `with` adds. */
static void both(const char *what, const struct drive_call *with)
{
    struct drive_call call = *with;

    call.user = people.alice;
    call.argv = ARGV("status", "hostile");
    allowed(what, &call);
    call.argv = ARGV("start", "lab10", "m1");
    refused(what, &call, XW_EXIT_REFUSED);
}

static void closed_descriptors(void)
{
    for (unsigned int closed = 0; closed < 8; closed++) {
        char what[64];
        snprintf(what, sizeof(what), "closed: %u", closed);
        both(what, &(struct drive_call){.closed = closed});
    }
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void open_a_thousand(void *data)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/libvirt/libvirt-sock"};
    const struct rlimit many = {2048, 2048};
    const char *const paths[] = {"/dev/kvm", "/etc/shadow", "/var/lib/xworlds", "/proc/self/mem"};

    (void)data;
    if (setrlimit(RLIMIT_NOFILE, &many) < 0)
        _exit(100);
    int libvirt = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(libvirt, (const struct sockaddr *)&address, sizeof(address)) < 0)
        _exit(101);
    for (int i = 0; i < 1000; i++) {
        if (open(paths[i % 4], O_RDONLY) < 0 && dup(libvirt) < 0)
            _exit(102);
    }
}

/* What the gate holds at its end: the standard ones and what its source opens. */
static void count_descriptors(void *data, pid_t pid)
{
    static const char *const own[] = {"/memfd:", "/dev/null", "socket:"};
    unsigned int *strange = data;
    char path[64];
    char target[256];

    for (int fd = 0; fd < 2048; fd++) {
        bool known = false;
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
            continue;
        target[n] = '\0';
        for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
            known = known || strncmp(target, own[i], strlen(own[i])) == 0;
        if (!known || fd > 5) {
            printf("# descriptor %d: %s\n", fd, target);
            ++*strange;
        }
        strange[1]++;
    }
}

/* The caller's own connections are counted when the proxy comes to them, which may be later. */
static void await_connections(unsigned long count)
{
    for (int turn = 0; turn < 1000 && proxy_count().connections < count; turn++)
        usleep(10000);
    if (proxy_count().connections < count)
        fail("%lu connections to libvirt's socket, not %lu", proxy_count().connections, count);
}

static void inherited_descriptors(void)
{
    unsigned long connections = proxy_count().connections;
    unsigned int counts[2] = {0, 0};
    const struct drive_tracer tracer = {.ending = count_descriptors, .data = counts};
    const struct drive_call call = {.argv = ARGV("status", "hostile"),
                                    .user = people.alice,
                                    .as_root = open_a_thousand,
                                    .tracer = &tracer};

    allowed("a thousand descriptors", &call);
    if (counts[0] || counts[1] < 5 || counts[1] > 6)
        fail("at its end the gate held %u descriptors, %u of them strange", counts[1], counts[0]);
    await_connections(connections + 1);
    struct proxy_count before = proxy_count();
    refused_or_dead("a thousand descriptors",
                    &(struct drive_call){.argv = ARGV("list", "x"), .user = people.alice});
    if (proxy_count().calls != before.calls)
        fail("libvirt was spoken to");
    /* The control: a program that closes nothing has them all. */
    const struct drive_call other = {.program = "/bin/ls",
                                     .argv = (const char *const[]){"ls", "/proc/self/fd", NULL},
                                     .user = people.root,
                                     .as_root = open_a_thousand};
    struct drive_result result;
    drive_run(&other, &result);
    if (!strstr(result.out, "\n1000\n"))
        fail("the control: ls(1) has no descriptor 1000: %.100s %s", result.out, result.err);
    await_connections(connections + 2);
}

/* --- limits ----------------------------------------------------------------------------------- */

/* The status of ld.so(8) when it can't load a library: before the gate's first instruction. */
enum { LOADER_FAILED = 127 };

struct limit {
    const char *name;
    int resource;
    rlim_t value;
};

static void set_limit(void *data)
{
    const struct limit *limit = data;
    const struct rlimit both_limits = {limit->value, limit->value};

    if (setrlimit((__rlimit_resource_t)limit->resource, &both_limits) < 0)
        _exit(100);
}

/*
 * As without it, or a clean refusal, or death before anything was asked. Never: something done of
 * which no record tells.
 */
static void limited(const struct limit *limit, const char *const argv[])
{
    struct drive_call call = {.argv = argv,
                              .user = people.alice,
                              .as_user = set_limit,
                              .data = (void *)(size_t)limit,
                              .tracer = &recorder};
    struct proxy_count before = proxy_count();
    struct drive_result result;
    bool asked = false;

    drive_run(&call, &result);
    tried(1);
    for (size_t i = 0; i < result.syscall_count; i++)
        asked =
            asked || (result.syscalls[i].number == SYS_sendmsg && result.syscalls[i].result > 0);
    struct proxy_count after = proxy_count();
    if (result.timed_out || result.audit_count > 1)
        fail("%s at %lu, %s: it hung, or there are %zu records", limit->name,
             (unsigned long)limit->value, argv[1], result.audit_count);
    if ((asked || after.connections != before.connections) && result.audit_count != 1)
        fail("%s at %lu, %s: the keeper was asked and no record tells (%s %d)", limit->name,
             (unsigned long)limit->value, argv[1], result.exited ? "exit" : "signal", result.code);
    if (result.exited && result.code != LOADER_FAILED && result.audit_count != 1)
        fail("%s at %lu, %s: exit %d without a record: %.100s", limit->name,
             (unsigned long)limit->value, argv[1], result.code, result.out);
    if (result.exited && result.code == 0 && !asked && strcmp(argv[1], "nosuchverb") != 0)
        fail("%s at %lu, %s: exit 0, and nobody was asked", limit->name,
             (unsigned long)limit->value, argv[1]);
    drive_free(&result);
}

static void limits(void)
{
    static const struct limit zero[] = {
        {"AS", RLIMIT_AS, 0},
        {"CORE", RLIMIT_CORE, 0},
        {"CPU", RLIMIT_CPU, 0},
        {"DATA", RLIMIT_DATA, 0},
        {"FSIZE", RLIMIT_FSIZE, 0},
        {"LOCKS", RLIMIT_LOCKS, 0},
        {"MEMLOCK", RLIMIT_MEMLOCK, 0},
        {"MSGQUEUE", RLIMIT_MSGQUEUE, 0},
        {"NICE", RLIMIT_NICE, 0},
        {"NOFILE", RLIMIT_NOFILE, 0},
        {"NPROC", RLIMIT_NPROC, 0},
        {"RSS", RLIMIT_RSS, 0},
        {"RTPRIO", RLIMIT_RTPRIO, 0},
        {"RTTIME", RLIMIT_RTTIME, 0},
        {"SIGPENDING", RLIMIT_SIGPENDING, 0},
        {"STACK", RLIMIT_STACK, 0},
    };

    for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++) {
        limited(&zero[i], ARGV("list"));
        limited(&zero[i], ARGV("stop", "hostile", "m1", "--force"));
        limited(&zero[i], ARGV("start", "lab10", "m1"));
        limited(&zero[i], ARGV("nosuchverb"));
    }
    control(people.alice);
}

/* A limit that is met half-way is worse than one of 0. */
static void low_limits(void)
{
    for (rlim_t n = 1; n < 12; n++) {
        const struct limit files = {"NOFILE", RLIMIT_NOFILE, n};
        limited(&files, ARGV("list"));
        limited(&files, ARGV("stop", "hostile", "m1", "--force"));
    }
    for (rlim_t n = 1; n < 200; n += everything() ? 1 : 13) {
        const struct limit size = {"FSIZE", RLIMIT_FSIZE, n};
        limited(&size, ARGV("stop", "hostile", "m1", "--force"));
    }
    for (rlim_t kib = 64; kib < 8192; kib += everything() ? 64 : 512) {
        const struct limit memory = {"AS", RLIMIT_AS, kib * 1024};
        const struct limit data = {"DATA", RLIMIT_DATA, kib * 16};
        limited(&memory, ARGV("stop", "hostile", "m1", "--force"));
        limited(&data, ARGV("stop", "hostile", "m1", "--force"));
    }
    control(people.alice);
}

/* --- directory and umask ---------------------------------------------------------------------- */

static void no_umask(void *data)
{
    (void)data;
    umask(0);
}

static void in_a_deleted_directory(void *data)
{
    (void)data;
    if (mkdir("/tmp/deleted", 0755) < 0 || chdir("/tmp/deleted") < 0 || rmdir("/tmp/deleted") < 0)
        _exit(100);
}

static void in_an_unreadable_directory(void *data)
{
    (void)data;
    if ((mkdir("/tmp/unreadable", 0700) < 0 && errno != EEXIST) || chdir("/tmp/unreadable") < 0)
        _exit(100);
}

/* --- a filesystem whose server, the caller, has stopped answering --- */

#define DEAD "/tmp/dead"

static void answer(int device, uint64_t unique, const void *data, size_t size)
{
    const struct fuse_out_header header = {(uint32_t)(sizeof(header) + size), 0, unique};
    const struct iovec parts[] = {{(void *)(size_t)&header, sizeof(header)},
                                  {(void *)(size_t)data, size}};

    if (writev(device, parts, size ? 2 : 1) < 0)
        _exit(1);
}

/* Answers what it takes to change into the filesystem's root, and says when. */
static _Noreturn void serve_filesystem(int device)
{
    static char buffer[1 << 17];
    const struct fuse_in_header *request = (const struct fuse_in_header *)(const void *)buffer;
    const struct fuse_init_out init = {
        .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096};
    const struct fuse_attr_out root = {.attr = {.ino = 1, .mode = S_IFDIR | 0755, .nlink = 2}};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (read(device, buffer, sizeof(buffer)) > 0) {
        if (request->opcode == FUSE_INIT)
            answer(device, request->unique, &init, sizeof(init));
        else if (request->opcode == FUSE_GETATTR)
            answer(device, request->unique, &root, sizeof(root));
        else
            answer(device, request->unique, NULL, 0);
    }
    _exit(0);
}

static void in_a_dead_filesystem(void *data)
{
    char options[96];
    int status;
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);

    (void)data;
    snprintf(options, sizeof(options), "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other",
             device);
    if ((mkdir(DEAD, 0755) < 0 && errno != EEXIST) || device < 0 ||
        mount("dead", DEAD, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
        _exit(100);
    pid_t server = fork();
    if (server == 0)
        serve_filesystem(device);
    /*
     * From here on whoever looks into the directory waits for ever. Not before the server has
     * stopped: whoever waits for an answer to what it has read can't even be killed.
     */
    if (chdir(DEAD) < 0 || kill(server, SIGSTOP) < 0 ||
        waitpid(server, &status, WUNTRACED) != server || !WIFSTOPPED(status))
        _exit(101);
}

/* The control: a program that looks at its directory hangs. */
static void directory_is_dead(void)
{
    struct drive_result result;

    drive_run(&(struct drive_call){.program = "/bin/ls",
                                   .argv = (const char *const[]){"ls", ".", NULL},
                                   .user = people.alice,
                                   .as_root = in_a_dead_filesystem,
                                   .patience = 1},
              &result);
    umount2(DEAD, MNT_DETACH);
    tried(1);
    if (!result.timed_out)
        fail("the control: ls(1) doesn't hang: %d: %.100s%.100s", result.code, result.out,
             result.err);
    drive_free(&result);
}

static void dead_filesystem(void)
{
    struct drive_call call = {
        .argv = ARGV("status", "hostile"), .user = people.alice, .as_root = in_a_dead_filesystem};

    if (access("/dev/fuse", F_OK) < 0 && mknod("/dev/fuse", S_IFCHR | 0666, makedev(10, 229)) < 0)
        fail("there is no /dev/fuse");
    allowed("a dead filesystem", &call);
    umount2(DEAD, MNT_DETACH);
    call.argv = ARGV("start", "lab10", "m1");
    refused("a dead filesystem", &call, XW_EXIT_REFUSED);
    umount2(DEAD, MNT_DETACH);
    directory_is_dead();
}

static void directories(void)
{
    both("umask 0", &(struct drive_call){.as_user = no_umask});
    both("a deleted directory", &(struct drive_call){.as_root = in_a_deleted_directory});
    both("an unreadable directory", &(struct drive_call){.as_root = in_an_unreadable_directory});
}

/* --- signals ---------------------------------------------------------------------------------- */

static void ignore_signals(void *data)
{
    (void)data;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN);
}

static void block_signals(void *data)
{
    sigset_t all;

    (void)data;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
}

/* Blocked, and waiting for the moment when whoever inherits them takes the block away. */
static void pend_signals(void *data)
{
    static const int pending[] = {SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGALRM, SIGPIPE, SIGTSTP};

    block_signals(data);
    for (size_t i = 0; i < sizeof(pending) / sizeof(pending[0]); i++)
        raise(pending[i]);
}

struct timer {
    int kind;
    long microseconds;
};

static void set_timer(void *data)
{
    const struct timer *timer = data;
    const struct itimerval soon = {.it_value = {.tv_usec = timer->microseconds},
                                   .it_interval = {.tv_usec = 500}};

    if (setitimer((__itimer_which_t)timer->kind, &soon, NULL) < 0)
        _exit(100);
}

static void signals(void)
{
    both("all signals ignored", &(struct drive_call){.as_user = ignore_signals});
    both("all signals blocked", &(struct drive_call){.as_user = block_signals});
    both("signals pending", &(struct drive_call){.as_user = pend_signals});
}

/* Wherever it is struck: what the keeper was asked for is recorded; a death before has no effect.
 */
static void interrupted(const char *what, void (*as_user)(void *), void *data)
{
    struct drive_call call = {.argv = ARGV("stop", "hostile", "m1", "--force"),
                              .user = people.alice,
                              .as_user = as_user,
                              .data = data,
                              .tracer = &recorder};
    struct drive_result result;
    bool asked = false;

    drive_run(&call, &result);
    tried(1);
    for (size_t i = 0; i < result.syscall_count; i++)
        asked = asked || result.syscalls[i].number == SYS_sendmsg;
    if (asked && (result.audit_count != 1 || !result.exited))
        fail("%s: the keeper was asked, and then: %s %d, %zu records", what,
             result.exited ? "exit" : "signal", result.code, result.audit_count);
    drive_free(&result);
}

/* Timers run on across execve(2). */
static void timers(void)
{
    static const int kinds[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};

    for (int turn = 1; turn <= (everything() ? 100 : 6); turn++) {
        for (size_t i = 0; i < 3; i++) {
            struct timer timer = {kinds[i], turn * 1000};
            interrupted("a timer", set_timer, &timer);
        }
    }
    control(people.alice);
}

/*
 * The limit of processor time counts on across execve(2), so that a caller who uses it up before
 * chooses the moment of the end, and a hard limit's end is SIGKILL. With so little left, the gate
 * doesn't begin.
 */
static void processor_time(void)
{
    const struct limit second = {"CPU", RLIMIT_CPU, 1};
    const struct limit minutes = {"CPU", RLIMIT_CPU, 600};
    struct drive_call call = {.argv = ARGV("stop", "hostile", "m1", "--force"),
                              .user = people.alice,
                              .as_user = set_limit,
                              .data = (void *)(size_t)&second};
    struct drive_result result;

    drive_run(&call, &result);
    tried(1);
    if (result.exited || *result.out)
        fail("with a second of processor time the gate begins: %d: %.200s", result.code,
             result.out);
    drive_free(&result);
    call.data = (void *)(size_t)&minutes;
    allowed("ten minutes of processor time", &call);
}

/* --- without the privilege that a set-id program expects -------------------------------------- */

static void no_new_privileges(void *data)
{
    (void)data;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        _exit(100);
}

/* The student traces her own child, which executes the gate: it has no privilege, and must see so.
 */
static void traced_by_its_student(void)
{
    pid_t tracer = drive_fork_as(people.alice);
    int status;

    if (tracer == 0) {
        pid_t child = fork();
        if (child == 0) {
            char *const nothing[] = {NULL};
            const char *const argv[] = {"xwhelper", "stop", "hostile", "m1", "--force", NULL};
            int null = open("/dev/null", O_RDWR | O_CLOEXEC);
            dup2(null, 1);
            ptrace(PTRACE_TRACEME, 0, NULL, NULL);
            execve("/usr/local/libexec/xworlds/xwhelper", (char *const *)(const void *)argv,
                   nothing);
            _exit(99);
        }
        while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
            int signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
            ptrace(PTRACE_CONT, child, NULL, (void *)(long)signal); // NOLINT: ptrace's way
        }
        _exit(WIFSIGNALED(status) ? WTERMSIG(status) : 100 + WEXITSTATUS(status));
    }
    tried(1);
    if (waitpid(tracer, &status, 0) != tracer || !WIFEXITED(status) ||
        WEXITSTATUS(status) != SIGABRT)
        fail("traced by its student, the gate did not abort: %d", WEXITSTATUS(status));
}

static void without_privilege(void)
{
    struct proxy_count before = proxy_count();

    traced_by_its_student();
    refused_or_dead("no_new_privs",
                    &(struct drive_call){.argv = ARGV("stop", "hostile", "m1", "--force"),
                                         .user = people.alice,
                                         .as_user = no_new_privileges});
    if (proxy_count().connections != before.connections)
        fail("libvirt's read-write socket was used");
    control(people.alice);
}

/* --- calls that must not fail ----------------------------------------------------------------- */

#define ANY (~0UL)

/* Which call, and which of several; what is done instead. */
struct injection {
    const char *name;
    long number;
    unsigned int which;     /* from 1 */
    unsigned long argument; /* the first one, a limit's second one, where it tells; else ANY */
    enum drive_do what;
    unsigned int seen;
    bool done;
};

static bool is_meant(const struct injection *injection, const struct drive_syscall *call)
{
    if (call->number != injection->number || injection->argument == ANY)
        return call->number == injection->number;
    if (call->number == SYS_prlimit64) /* set, not asked for */
        return call->args[1] == injection->argument && call->args[2] != 0;
    return call->args[0] == injection->argument;
}

static struct drive_order inject(void *data, pid_t pid, size_t index,
                                 const struct drive_syscall *call)
{
    struct injection *injection = data;

    (void)pid;
    (void)index;
    if (!is_meant(injection, call) || ++injection->seen != injection->which)
        return (struct drive_order){DRIVE_GO_ON, 0};
    injection->done = true;
    return (struct drive_order){injection->what, injection->what == DRIVE_FAIL ? EPERM : 0};
}

static void must_abort(struct injection *injection)
{
    const struct drive_tracer tracer = {.at = inject, .data = injection};
    const struct drive_call call = {
        .argv = ARGV("stop", "hostile", "m1", "--force"), .user = people.alice, .tracer = &tracer};
    struct proxy_count before = proxy_count();
    struct drive_result result;

    drive_run(&call, &result);
    tried(1);
    const char *how = injection->what == DRIVE_FAIL ? "fails" : "does nothing";
    if (!injection->done)
        fail("%s was not called %u times", injection->name, injection->which);
    else if (result.exited || result.code != SIGABRT)
        fail("when call %u of %s %s, the gate goes on: %s %d", injection->which, injection->name,
             how, result.exited ? "exit" : "signal", result.code);
    if (*result.out || result.audit_count || proxy_count().connections != before.connections)
        fail("when call %u of %s %s, something was said, recorded or done", injection->which,
             injection->name, how);
    drive_free(&result);
}

static void failing_calls(void)
{
    static struct injection calls[] = {
        {"setresuid", SYS_setresuid, 1, ANY, DRIVE_FAIL, 0, false},
        {"setresuid", SYS_setresuid, 2, ANY, DRIVE_FAIL, 0, false},
        {"setresgid", SYS_setresgid, 1, ANY, DRIVE_FAIL, 0, false},
        {"getresuid", SYS_getresuid, 1, ANY, DRIVE_FAIL, 0, false},
        {"getresuid", SYS_getresuid, 2, ANY, DRIVE_FAIL, 0, false},
        {"getresuid", SYS_getresuid, 3, ANY, DRIVE_FAIL, 0, false},
        {"getresgid", SYS_getresgid, 1, ANY, DRIVE_FAIL, 0, false},
        {"getgroups", SYS_getgroups, 1, ANY, DRIVE_FAIL, 0, false},
        {"close_range", SYS_close_range, 1, ANY, DRIVE_FAIL, 0, false},
        {"chdir", SYS_chdir, 1, ANY, DRIVE_FAIL, 0, false},
        {"setrlimit(core)", SYS_prlimit64, 1, RLIMIT_CORE, DRIVE_FAIL, 0, false},
        {"prctl(dumpable)", SYS_prctl, 1, PR_SET_DUMPABLE, DRIVE_FAIL, 0, false},
        {"prctl(no_new_privs)", SYS_prctl, 1, PR_SET_NO_NEW_PRIVS, DRIVE_FAIL, 0, false},
        /* The change is reported as made and was not: reading it back shows that. */
        {"setresuid", SYS_setresuid, 1, ANY, DRIVE_PRETEND, 0, false},
        {"setresuid", SYS_setresuid, 2, ANY, DRIVE_PRETEND, 0, false},
        {"setresgid", SYS_setresgid, 1, ANY, DRIVE_PRETEND, 0, false},
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        must_abort(&calls[i]);
    control(people.alice);
}

/* --- the same in the keeper's children, under strace(1) --- */

static bool is_traced(pid_t pid)
{
    char path[64];
    char line[128];
    int tracer = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "TracerPid: %d", &tracer) == 1)
            break;
    }
    if (file)
        fclose(file);
    return tracer != 0;
}

/* Starts strace on the keeper's listener and what it forks; returns when it is attached. */
static pid_t inject_into_keeper(const char *injection)
{
    pid_t keeper = keeper_pid();
    char target[16];

    snprintf(target, sizeof(target), "%d", (int)keeper);
    fflush(NULL);
    pid_t strace = fork();
    if (strace == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("strace", "strace", "-qq", "-f", "-o", "/dev/null", "-p", target, "-e", injection,
               NULL);
        _exit(99);
    }
    for (int turn = 0; turn < 2000 && !is_traced(keeper); turn++)
        usleep(5000);
    if (!is_traced(keeper))
        fail("strace doesn't attach to the keeper");
    return strace;
}

static void stop_injecting(pid_t strace)
{
    kill(strace, SIGINT);
    waitpid(strace, NULL, 0);
}

/* A viewer's end of a stream socket; the other end is open as well. */
static int viewer_of(void)
{
    static int ends[2] = {-1, -1};

    if (ends[0] < 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        abort();
    return ends[0];
}

/* With each of these, the child that serves the request dies before it has asked libvirt. */
static void children_abort(const char *const argv[], const char *const *injections, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct proxy_count before = proxy_count();
        struct drive_result result;
        pid_t strace = inject_into_keeper(injections[i]);
        drive_run(&(struct drive_call){.argv = argv,
                                       .user = people.alice,
                                       .viewer = strcmp(argv[1], "console") == 0 ? viewer_of() : 0,
                                       .tracer = &recorder},
                  &result);
        stop_injecting(strace);
        tried(1);
        if (result.code != XW_EXIT_TRY_AGAIN || result.audit_count != 1 ||
            strstr(result.out, "machine ") || strstr(result.out, "\nopen\n"))
            fail("%s, %s: the keeper's child goes on: %d, %zu records: %.200s", argv[1],
                 injections[i], result.code, result.audit_count, result.out);
        if (proxy_count().connections != before.connections)
            fail("%s, %s: libvirt's read-write socket was used", argv[1], injections[i]);
        drive_free(&result);
    }
    control(people.alice);
}

static void keeper_children(void)
{
    static const char *const reader[] = {
        "inject=setgroups:error=EPERM", "inject=setresgid:error=EPERM",
        "inject=setresuid:error=EPERM", "inject=getresuid:error=EPERM",
        "inject=prctl:error=EPERM",     "inject=seccomp:error=EINVAL",
        "inject=setresuid:retval=0",    "inject=setgroups:error=EPERM:when=2",
    };
    static const char *const child[] = {"inject=setgroups:error=EPERM", "inject=prctl:error=EPERM",
                                        "inject=seccomp:error=EINVAL"};
    static const char *const relay[] = {
        "inject=setresgid:error=EPERM", "inject=setresuid:error=EPERM",
        "inject=setresuid:retval=0",    "inject=close_range:error=EPERM",
        "inject=prctl:error=EPERM",     "inject=seccomp:error=EINVAL",
    };

    children_abort(ARGV("status", "hostile"), reader, sizeof(reader) / sizeof(reader[0]));
    children_abort(ARGV("stop", "hostile", "m1", "--force"), child,
                   sizeof(child) / sizeof(child[0]));
    allowed("start",
            &(struct drive_call){.argv = ARGV("start", "hostile", "m1"), .user = people.alice});
    children_abort(ARGV("console", "hostile", "m1"), relay, sizeof(relay) / sizeof(relay[0]));
    allowed("stop", &(struct drive_call){.argv = ARGV("stop", "hostile", "m1", "--force"),
                                         .user = people.alice});
}

const struct test suite_inherited[] = {
    {"T-C1 descriptors 0 to 2 closed, all eight ways", closed_descriptors},
    {"T-C2 a thousand descriptors, libvirt's socket among them", inherited_descriptors},
    {"T-C3 each limit at 0", limits},
    {"T-C3 limits that are met half-way", low_limits},
    {"T-C4 umask 0, a directory that is deleted or unreadable", directories},
    {"T-C4 a directory on a filesystem whose server has stopped", dead_filesystem},
    {"T-C5 signals ignored, blocked, pending", signals},
    {"T-C5 timers that run on", timers},
    {"T-C3 processor time that could end half-way", processor_time},
    {"T-C5 a tracer waiting, no_new_privs: no privilege, no effect", without_privilege},
    {"T-C6 each call that gives privilege up made to fail, or to lie: the gate aborts",
     failing_calls},
    {"T-C6 the same in reader, keeper's child and relay", keeper_children},
    {NULL, NULL},
};
