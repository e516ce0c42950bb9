/*
 * Class F: ptrace, core dumps, signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/proxy.h"
#include "tests/hostile/suite.h"

/* --- F1 --------------------------------------------------------------------------------------- */

enum { ATTACKS = 10 };

static bool opens(pid_t pid, const char *name, int flags)
{
    char path[64];
    char byte;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return false;
    /* A directory that can be listed, a file that can be read: at address 0 mem(5) says EIO. */
    bool got = (flags & O_DIRECTORY) ? syscall(SYS_getdents64, fd, (char[4096]){0}, 4096) > 0
                                     : strcmp(name, "mem") == 0 || read(fd, &byte, 1) > 0;
    close(fd);
    return got;
}

static bool reads_memory(pid_t pid)
{
    char byte;
    struct iovec here = {&byte, 1};
    struct iovec there = {(void *)(size_t)4096, 1}; // NOLINT: any address: the right comes first

    return process_vm_readv(pid, &here, 1, &there, 1, 0) >= 0 || errno != EPERM;
}

static bool takes_descriptor(pid_t pid)
{
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    bool got = handle >= 0 && syscall(SYS_pidfd_getfd, handle, 1, 0) >= 0;

    if (handle >= 0)
        close(handle);
    return got;
}

/* Every attack on a process; a bit for each that succeeded. */
static unsigned int attack(pid_t pid)
{
    const bool worked[ATTACKS] = {
        opens(pid, "mem", O_RDONLY),
        opens(pid, "environ", O_RDONLY),
        opens(pid, "auxv", O_RDONLY),
        opens(pid, "maps", O_RDONLY),
        opens(pid, "fd", O_RDONLY | O_DIRECTORY),
        opens(pid, "map_files", O_RDONLY | O_DIRECTORY),
        reads_memory(pid),
        takes_descriptor(pid),
        syscall(SYS_kcmp, getpid(), pid, 2 /* KCMP_FILES */, 0, 0) >= 0,
        ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0,
    };
    unsigned int all = 0;

    for (unsigned int i = 0; i < ATTACKS; i++)
        all |= worked[i] ? 1U << i : 0;
    return all;
}

/* What the student's own process gets from the attacks; she stops it by herself. */
static unsigned int attack_as(const struct drive_user *user, pid_t pid)
{
    int ends[2];
    unsigned int worked = ~0U;

    if (pipe2(ends, O_CLOEXEC) < 0)
        abort();
    fflush(NULL);
    pid_t attacker = drive_fork_as(user);
    if (attacker == 0) {
        unsigned int all = attack(pid);
        _exit(write(ends[1], &all, sizeof(all)) == sizeof(all) ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &worked, sizeof(worked)) != sizeof(worked))
        fail("the attacker ended");
    close(ends[0]);
    waitpid(attacker, NULL, 0);
    return worked;
}

struct instant {
    size_t index; /* of the system call after which the gate is attacked */
    bool reached;
};

static struct drive_order stop_at(void *data, pid_t pid, size_t index,
                                  const struct drive_syscall *call)
{
    struct instant *instant = data;

    (void)pid;
    (void)call;
    return (struct drive_order){index == instant->index ? DRIVE_RELEASE : DRIVE_GO_ON, 0};
}

static void attack_it(void *data, pid_t pid)
{
    struct instant *instant = data;

    instant->reached = true;
    unsigned int worked = attack_as(people.alice, pid);
    if (worked)
        fail("after system call %zu these attacks succeed: %#x", instant->index, worked);
}

static void attack_at(const char *const argv[], size_t index)
{
    struct instant instant = {.index = index};
    const struct drive_tracer tracer = {.at = stop_at, .released = attack_it, .data = &instant};
    struct drive_result result;

    drive_run(&(struct drive_call){.argv = argv, .user = people.alice, .tracer = &tracer}, &result);
    tried(1);
    if (!result.exited || result.code != 0)
        fail("attacked after system call %zu: %s %d: %.200s", index,
             result.exited ? "exit" : "signal", result.code, result.out);
    drive_free(&result);
}

/* The calls of an honest run, to choose instants by. */
static void record(const char *const argv[], struct drive_result *result)
{
    drive_run(&(struct drive_call){.argv = argv, .user = people.alice, .tracer = &recorder},
              result);
}

static bool changes_identity(long number)
{
    return number == SYS_setresuid || number == SYS_setresgid || number == SYS_prctl;
}

static void tracing(void)
{
    const char *const *argv = ARGV("status", "hostile");
    struct drive_result honest;

    record(argv, &honest);
    size_t count = honest.syscall_count - 1; /* after exit_group() there is nothing to attack */
    for (size_t i = 0; i < count; i++) {
        bool near = changes_identity(honest.syscalls[i].number) ||
                    (i > 0 && changes_identity(honest.syscalls[i - 1].number));
        if (everything() || near || random_below((unsigned int)count) < 12)
            attack_at(argv, i);
    }
    drive_free(&honest);
}

/* The control: against a process of her own every attack succeeds. */
static void tracing_control(void)
{
    fflush(NULL);
    pid_t victim = fork();

    if (victim == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (syscall(SYS_setgroups, 0, NULL) < 0 ||
            syscall(SYS_setresgid, people.alice->gid, people.alice->gid, people.alice->gid) < 0 ||
            syscall(SYS_setresuid, people.alice->uid, people.alice->uid, people.alice->uid) < 0)
            _exit(1);
        execlp("sleep", "sleep", "60", NULL);
        _exit(1);
    }
    const char *path = "/proc/self/comm";
    char comm[64];
    snprintf(comm, sizeof(comm), "/proc/%d/comm", (int)victim);
    path = comm;
    for (int turn = 0; turn < 2000; turn++) {
        char name[16] = "";
        FILE *file = fopen(path, "re");
        if (file && fscanf(file, "%15s", name) == 1 && strcmp(name, "sleep") == 0)
            turn = 2000;
        if (file)
            fclose(file);
        usleep(1000);
    }
    unsigned int worked = attack_as(people.alice, victim);
    tried(1);
    if ((worked | 1U << 5) != (1U << ATTACKS) - 1) /* map_files takes a capability */
        fail("against her own process only these attacks succeed: %#x", worked);
    kill(victim, SIGKILL);
    waitpid(victim, NULL, 0);
}

/* The race itself: attackers who never stop trying, from before the execve on. */
static void racing(void)
{
    unsigned int turns = everything() ? 500 : 25;
    int ends[2];

    for (unsigned int turn = 0; turn < turns; turn++) {
        if (pipe2(ends, O_CLOEXEC) < 0)
            abort();
        fflush(NULL);
        pid_t attacker = drive_fork_as(people.alice);
        if (attacker == 0) {
            char path[64];
            char exe[128];
            pid_t child = fork();
            if (child == 0) {
                char *const nothing[] = {NULL};
                int null = open("/dev/null", O_RDWR | O_CLOEXEC);
                dup2(null, 1);
                usleep(1000);
                execve("/usr/local/libexec/xworlds/xwhelper",
                       (char *const[]){(char[]){"x"}, (char[]){"list"}, NULL}, nothing);
                _exit(99);
            }
            /* Only what works against the gate counts: its exe link can't be read by alice. */
            snprintf(path, sizeof(path), "/proc/%d/exe", (int)child);
            unsigned int gained = 0;
            int status = 0;
            while (waitpid(child, &status, WNOHANG) == 0) {
                bool before = readlink(path, exe, sizeof(exe)) > 0;
                bool memory = opens(child, "environ", O_RDONLY) || takes_descriptor(child);
                bool after = readlink(path, exe, sizeof(exe)) > 0;
                gained += memory && !before && !after && errno == EACCES;
            }
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                gained |= 0x1000;
            _exit(write(ends[1], &gained, sizeof(gained)) == sizeof(gained) ? 0 : 1);
        }
        close(ends[1]);
        unsigned int gained = ~0U;
        if (read(ends[0], &gained, sizeof(gained)) != sizeof(gained) || gained)
            fail("turn %u: %#x", turn, gained);
        close(ends[0]);
        waitpid(attacker, NULL, 0);
        tried(1);
    }
}

/* --- F2 --------------------------------------------------------------------------------------- */

static void unlimited_core(void *data)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

    (void)data;
    if (setrlimit(RLIMIT_CORE, &all) < 0 || chdir("/tmp/bait") < 0)
        _exit(100);
}

struct blow {
    size_t index;
    int signal;
    bool lands;
};

/* No signal comes after exit_group(), and one that is being ignored is dropped (sigaction(2)). */
static bool swallows(const struct drive_syscall *call, int signal)
{
    return call->number == SYS_exit_group ||
           (call->number == SYS_rt_sigaction && call->args[0] == (unsigned long)signal);
}

static struct drive_order strike(void *data, pid_t pid, size_t index,
                                 const struct drive_syscall *call)
{
    struct blow *blow = data;

    (void)pid;
    if (index != blow->index || swallows(call, blow->signal))
        return (struct drive_order){DRIVE_GO_ON, 0};
    blow->lands = true;
    return (struct drive_order){DRIVE_SIGNAL, blow->signal};
}

/* By SIGILL: a sanitizer takes SIGSEGV for an error of the program. */
static void crash_at(size_t index)
{
    struct blow blow = {index, SIGILL, false};
    const struct drive_tracer tracer = {.at = strike, .data = &blow};
    struct drive_result result;

    drive_run(&(struct drive_call){.argv = ARGV("status", "hostile"),
                                   .user = people.alice,
                                   .as_user = unlimited_core,
                                   .tracer = &tracer},
              &result);
    tried(1);
    if (blow.lands && (result.exited || result.code != SIGILL))
        fail("struck at system call %zu: %s %d", index, result.exited ? "exit" : "signal",
             result.code);
    if (result.dumped || access("/core", F_OK) == 0 || access("/tmp/bait/core", F_OK) == 0)
        fail("struck at system call %zu: a core was written", index);
    drive_free(&result);
}

static void cores(void)
{
    struct drive_result honest;

    record(ARGV("status", "hostile"), &honest);
    for (size_t i = 0; i < honest.syscall_count; i++) {
        if (everything() || random_below((unsigned int)honest.syscall_count) < 20)
            crash_at(i);
    }
    /* The last word on dumpable is ours: each change of uid sets it to fs.suid_dumpable. */
    bool cleared = false;
    for (size_t i = 0; i < honest.syscall_count; i++) {
        const struct drive_syscall *call = &honest.syscalls[i];
        if (call->number == SYS_setresuid || call->number == SYS_setresgid)
            cleared = false;
        else if (call->number == SYS_prctl && call->args[0] == PR_SET_DUMPABLE)
            cleared = call->args[1] == 0;
    }
    if (!cleared)
        fail("after the last change of uid the process is not made undumpable again");
    drive_free(&honest);
}

static void core_control(void)
{
    struct blow blow = {5, SIGILL, false};
    const struct drive_tracer tracer = {.at = strike, .data = &blow};
    struct drive_result result;

    drive_run(&(struct drive_call){.program = "/bin/true",
                                   .argv = (const char *const[]){"true", NULL},
                                   .user = people.alice,
                                   .as_user = unlimited_core,
                                   .tracer = &tracer},
              &result);
    tried(1);
    if (result.exited || result.code != SIGILL || !result.dumped)
        fail("/bin/true, struck likewise, wrote no core: %s %d", result.exited ? "exit" : "signal",
             result.code);
    unlink("/tmp/bait/core");
    drive_free(&result);
}

/* --- F3 --------------------------------------------------------------------------------------- */

static void set_viewer(struct drive_call *call)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    call->viewer = null;
}

/* Struck at one point; the same command then succeeds, within a bound: no lock was left. */
static void struck(const char *const argv[], size_t index, int signal, int then)
{
    struct blow blow = {index, signal, false};
    const struct drive_tracer tracer = {.at = strike, .data = &blow};
    struct drive_call call = {.argv = argv, .user = people.alice, .tracer = &tracer};
    struct drive_result result;

    if (strcmp(argv[1], "console") == 0)
        set_viewer(&call);
    drive_run(&call, &result);
    tried(1);
    if (result.timed_out || (!result.exited && result.code != signal))
        fail("%s, signal %d at %zu: it goes on for ever or ended by %d", argv[1], signal, index,
             result.code);
    drive_free(&result);
    call.tracer = NULL;
    drive_run(&call, &result);
    if (!result.exited || result.code != then || result.milliseconds > 20000)
        fail("%s again, after signal %d at %zu: %d after %ld ms: %.200s", argv[1], signal, index,
             result.code, result.milliseconds, result.out);
    drive_free(&result);
    if (call.viewer > 0)
        close(call.viewer);
}

static void kills(void)
{
    /* A descriptor that is no socket is refused as a viewer; then as before. */
    const char *const *const verbs[] = {
        ARGV("list"),
        ARGV("status", "hostile"),
        ARGV("start", "hostile", "m1"),
        ARGV("revert", "hostile", "m1"),
        ARGV("stop", "hostile", "m1", "--force"),
        ARGV("console", "hostile", "m1"),
    };
    static const int codes[] = {0, 0, 0, 0, 0, XW_EXIT_REFUSED};
    static const int signals[] = {SIGKILL, SIGHUP, SIGTERM};
    unsigned int turns = everything() ? 167 : 3; /* 6 verbs: 1,002 */

    for (size_t verb = 0; verb < sizeof(verbs) / sizeof(verbs[0]); verb++) {
        struct drive_call call = {.argv = verbs[verb], .user = people.alice, .tracer = &recorder};
        struct drive_result honest;
        if (strcmp(verbs[verb][1], "console") == 0)
            set_viewer(&call);
        drive_run(&call, &honest);
        for (unsigned int turn = 0; turn < turns; turn++)
            struck(verbs[verb], random_below((unsigned int)honest.syscall_count), signals[turn % 3],
                   codes[verb]);
        drive_free(&honest);
        if (call.viewer > 0)
            close(call.viewer);
    }
    allowed("stop at last", &(struct drive_call){.argv = ARGV("stop", "hostile", "*", "--force"),
                                                 .user = people.alice});
}

const struct test suite_signals[] = {
    {"T-F1 attacked between system calls, around each change of uid", tracing},
    {"T-F1 the control: the same attacks on a process of her own", tracing_control},
    {"T-F1 attackers who never stop trying", racing},
    {"T-F2 a crash with an unlimited core limit leaves no core", cores},
    {"T-F2 the control: another program leaves one", core_control},
    {"T-F3 killed, hung up and terminated at random points of each verb", kills},
    {NULL, NULL},
};
