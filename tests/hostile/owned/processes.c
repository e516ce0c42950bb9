/* Other processes: of its own uid (another student's request), of its student, of root. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/hostile/owned/attempts.h"

static int trace(const struct scene *scene)
{
    return outcome(syscall(SYS_ptrace, PTRACE_SEIZE, scene->victim, NULL, NULL));
}

/* No page is there; what is asked is whether one may look. */
static int read_memory(const struct scene *scene)
{
    char byte;
    const struct iovec here = {&byte, 1};
    const struct iovec there = {(void *)(size_t)4096, 1};
    int rc = outcome(syscall(SYS_process_vm_readv, scene->victim, &here, 1, &there, 1, 0));

    return rc == -EFAULT ? 0 : rc;
}

static int open_memory(const struct scene *scene)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/mem", (int)scene->victim);
    return outcome(
        syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

/* One that it holds: its connection. */
static int connection_of(const struct scene *scene)
{
    return scene->part == IN_READER ? 6 : 5;
}

static int look_at_descriptors(const struct scene *scene)
{
    char path[64];
    char target[64];

    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)scene->victim, connection_of(scene));
    return outcome(syscall(SYS_readlink, path, target, sizeof(target)));
}

static int take_descriptor(const struct scene *scene)
{
    int handle = (int)syscall(SYS_pidfd_open, scene->victim, 0);

    return handle < 0 ? -errno : outcome(syscall(SYS_pidfd_getfd, handle, connection_of(scene), 0));
}

static int signal_another(const struct scene *scene)
{
    return outcome(syscall(SYS_kill, scene->victim, 0));
}

/* To what it is already. */
static int limit_another(const struct scene *scene)
{
    const struct rlimit none = {0, 0};

    return outcome(syscall(SYS_prlimit64, scene->victim, RLIMIT_CORE, &none, NULL));
}

static int signal_caller(const struct scene *scene)
{
    return outcome(syscall(SYS_kill, scene->caller, 0));
}

static int trace_caller(const struct scene *scene)
{
    return outcome(syscall(SYS_ptrace, PTRACE_SEIZE, scene->caller, NULL, NULL));
}

static int signal_root(const struct scene *scene)
{
    (void)scene;
    return outcome(syscall(SYS_kill, 1, 0));
}

const struct attempt attempts_processes[] = {
    {"ptrace", IN_ALL, 0, trace, "trace another student's part of its kind"},
    {"vm-read", IN_ALL, 0, read_memory, "read its memory, by process_vm_readv"},
    {"proc-mem", IN_ALL, 0, open_memory, "read its memory, by /proc"},
    {"proc-fd", IN_ALL, 0, look_at_descriptors, "look at its descriptors"},
    {"pidfd-getfd", IN_ALL, 0, take_descriptor, "take a descriptor from it"},
    {"signal", IN_ALL, DISTURBS, signal_another, "signal it"},
    {"limits", IN_ALL, DISTURBS | AS_ITS_UID, limit_another, "change its limits"},
    {"signal-caller", IN_ALL, 0, signal_caller, "signal a process of its student"},
    {"trace-caller", IN_ALL, 0, trace_caller, "trace a process of its student"},
    {"signal-root", IN_ALL, 0, signal_root, "signal a process of root"},
    {NULL, 0, 0, NULL, NULL},
};
