#include "tests/hostile/tracer.h"

#include <errno.h>
#include <libaudit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The gate looks for a record of each of the 65,536 groups that a caller may have. */
enum { CALLS_MAX = 4096 + 2 * 65536, FOLLOW_SECONDS = 60 };

static const long OPTIONS =
    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;

/* The status of a child that ended while it was followed. */
static struct {
    pid_t pid;
    int status;
} ended;

static _Noreturn void broken(const char *what)
{
    fprintf(stderr, "Bail out! tracer: %s: %s\n", what, strerror(errno));
    abort();
}

static long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static ssize_t peek(pid_t pid, unsigned long where, void *buffer, size_t size)
{
    struct iovec here = {buffer, size};
    struct iovec there = {(void *)where, size}; // NOLINT: an address in the other process

    return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

/* A string of the other process; read up to the page's end and on, as it may end just there. */
static void peek_string(pid_t pid, unsigned long where, char *text, size_t size)
{
    size_t used = 0;

    while (used < size - 1) {
        size_t part = 4096 - (where + used) % 4096;
        if (part > size - 1 - used)
            part = size - 1 - used;
        ssize_t n = peek(pid, where + used, text + used, part);
        if (n <= 0 || memchr(text + used, '\0', (size_t)n))
            break;
        used += (size_t)n;
    }
    text[size - 1] = '\0';
    if (used == 0 && !memchr(text, '\0', size - 1))
        text[0] = '\0';
}

static void describe_address(pid_t pid, const struct drive_syscall *call, char *text)
{
    struct sockaddr_un address = {0};
    size_t size = call->args[2] < sizeof(address) ? call->args[2] : sizeof(address);

    if (peek(pid, call->args[1], &address, size) <= 0)
        return;
    if (address.sun_family == AF_UNIX)
        snprintf(text, DRIVE_TEXT, "unix %.*s", (int)sizeof(address.sun_path), address.sun_path);
    else
        snprintf(text, DRIVE_TEXT, "family %d", address.sun_family);
}

static void describe(pid_t pid, struct drive_syscall *call)
{
    call->text[0] = '\0';
    switch (call->number) {
    case SYS_open:
    case SYS_access:
    case SYS_readlink:
    case SYS_chdir:
    case SYS_stat:
    case SYS_lstat:
    case SYS_execve:
    case SYS_unlink:
        peek_string(pid, call->args[0], call->text, DRIVE_TEXT);
        break;
    case SYS_openat:
    case SYS_openat2:
    case SYS_newfstatat:
    case SYS_readlinkat:
    case SYS_faccessat:
    case SYS_statx:
        peek_string(pid, call->args[1], call->text, DRIVE_TEXT);
        break;
    case SYS_connect:
        describe_address(pid, call, call->text);
        break;
    default:
        break;
    }
}

/* The audit message in a sendto() to netlink: libaudit sends each in one. */
static void note_audit(pid_t pid, const struct drive_syscall *call, struct drive_result *result)
{
    struct sockaddr_nl address = {0};
    struct {
        struct nlmsghdr header;
        char text[DRIVE_AUDIT_TEXT];
    } message = {0};
    size_t size = call->args[2] < sizeof(message) - 1 ? call->args[2] : sizeof(message) - 1;

    if (call->number != SYS_sendto || call->args[4] == 0 ||
        peek(pid, call->args[4], &address, sizeof(address)) <= 0 ||
        address.nl_family != AF_NETLINK || peek(pid, call->args[1], &message, size) <= 0 ||
        message.header.nlmsg_type != AUDIT_TRUSTED_APP)
        return;
    if (result->audit_count < DRIVE_AUDIT_MAX)
        snprintf(result->audit[result->audit_count], DRIVE_AUDIT_TEXT, "%s", message.text);
    result->audit_count++;
}

/* Sets the number, or after a call that was not made, its result. */
static void set_registers(pid_t pid, const long *number, const long *result)
{
    struct user_regs_struct registers;

    if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
        broken("reading registers");
    if (number)
        registers.orig_rax = (unsigned long long)*number;
    if (result)
        registers.rax = (unsigned long long)*result;
    if (ptrace(PTRACE_SETREGS, pid, NULL, &registers) < 0)
        broken("writing registers");
}

/* One process that is followed. */
struct followed {
    pid_t pid;
    bool replaced; /* the call under way is not made; its result is `result` */
    long result;
    size_t index;
    struct drive_syscall call;
};

/* At a system call's stop. Returns false when the process was released. */
static bool at_syscall(struct followed *followed, const struct drive_tracer *tracer,
                       struct drive_result *result)
{
    static const long no_call = -1;
    struct __ptrace_syscall_info info;
    struct drive_order order = {DRIVE_GO_ON, 0};
    pid_t pid = followed->pid;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
        return true; /* killed meanwhile */
    if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
        if (followed->replaced)
            set_registers(pid, NULL, &followed->result);
        followed->call.result = followed->replaced ? followed->result : (long)info.exit.rval;
        followed->replaced = false;
        if (result && result->syscall_count > 0)
            result->syscalls[result->syscall_count - 1].result = followed->call.result;
        return true;
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return true;
    struct drive_syscall *call = &followed->call;
    call->number = (long)info.entry.nr;
    for (int i = 0; i < 6; i++)
        call->args[i] = (unsigned long)info.entry.args[i];
    call->result = 0;
    describe(pid, call);
    if (tracer->at)
        order = tracer->at(tracer->data, pid, followed->index, call);
    followed->index++;
    if (result) {
        if (result->syscall_count == CALLS_MAX)
            broken("too many system calls");
        result->syscalls[result->syscall_count++] = *call;
        if (order.what == DRIVE_GO_ON)
            note_audit(pid, call, result);
    }
    if (order.what == DRIVE_FAIL || order.what == DRIVE_PRETEND) {
        set_registers(pid, &no_call, NULL);
        followed->replaced = true;
        followed->result = order.what == DRIVE_FAIL ? -order.value : order.value;
    }
    if (order.what == DRIVE_SIGNAL)
        kill(pid, order.value);
    return order.what != DRIVE_RELEASE;
}

int tracer_wait(pid_t pid, int *status, long deadline)
{
    if (ended.pid == pid) {
        *status = ended.status;
        ended.pid = 0;
        return 1;
    }
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd end = {.fd = handle, .events = POLLIN};
    long left = deadline - now();

    if (handle < 0)
        broken("pidfd_open");
    int ready = poll(&end, 1, left > 0 ? (int)left : 0);
    close(handle);
    if (ready != 1)
        return 0;
    return waitpid(pid, status, 0) == pid ? 1 : 0;
}

/* The next stop of the child, or its end, within the bound; a child that hangs is killed. */
static int next_stop(pid_t pid, long deadline)
{
    int status;

    for (unsigned int turn = 0;; turn++) {
        const struct timespec pause = {.tv_nsec = turn < 200 ? 20000 : 500000};
        pid_t got = waitpid(pid, &status, WNOHANG | __WALL);
        if (got == pid)
            return status;
        if (got < 0)
            broken("waiting for a traced process");
        if (now() > deadline)
            kill(pid, SIGKILL);
        /* A traced process stops within microseconds, unless it waits for something. */
        if (turn < 50)
            sched_yield();
        else
            nanosleep(&pause, NULL);
    }
}

static void release(pid_t pid, const struct drive_tracer *tracer)
{
    int status;

    /* The stop takes effect when the system call under way is over; exit_group() never is. */
    kill(pid, SIGSTOP);
    if (ptrace(PTRACE_DETACH, pid, NULL, NULL) < 0)
        broken("releasing");
    if (waitpid(pid, &status, WUNTRACED) != pid)
        broken("waiting for the released process to stop");
    if (!WIFSTOPPED(status)) {
        ended.pid = pid;
        ended.status = status;
        return;
    }
    if (tracer->released)
        tracer->released(tracer->data, pid);
    kill(pid, SIGCONT);
}

void tracer_follow(pid_t pid, const struct drive_tracer *tracer, struct drive_result *result)
{
    struct followed followed = {.pid = pid};
    long deadline = now() + FOLLOW_SECONDS * 1000L;
    bool executed = false;
    int status;

    result->syscalls = calloc(CALLS_MAX, sizeof(*result->syscalls));
    if (!result->syscalls)
        broken("memory");
    if (waitpid(pid, &status, __WALL) != pid)
        broken("the child didn't stop");
    if (WIFSTOPPED(status) && ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)OPTIONS) < 0) // NOLINT
        broken("options");
    while (WIFSTOPPED(status)) {
        int signal = WSTOPSIG(status);
        int event = status >> 16;
        int deliver = 0;
        if (event == PTRACE_EVENT_EXEC) {
            executed = true;
        } else if (event == PTRACE_EVENT_EXIT) {
            if (executed && tracer->ending)
                tracer->ending(tracer->data, pid);
        } else if (signal == (SIGTRAP | 0x80)) {
            if (executed && !at_syscall(&followed, tracer, result)) {
                release(pid, tracer);
                return;
            }
        } else if (signal != SIGSTOP || executed) {
            deliver = signal;
        }
        ptrace(executed ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, (void *)(long)deliver); // NOLINT
        status = next_stop(pid, deadline);
    }
    ended.pid = pid;
    ended.status = status;
}
