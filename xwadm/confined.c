#include "xwadm/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/sanitizer.h"

enum {
    ANSWER_MAX = 262144,
    CHUNK = 4096,
    TIME_MAX = 10, /* seconds */
    CPU_MAX = 8,   /* seconds */
    HANDED_FD = 3, /* where xw_confined_exec() puts the descriptor */
    EXIT_CONFINE = 120,
    EXIT_MEMORY = 121,
    EXIT_EXEC = 122
};

/*
 * A build with the address sanitizer reserves more address space than any limit, and asks for the
 * signal stack before a function that doesn't return.
 */
#if XW_SANITIZED
#define MEMORY_MAX      RLIM_INFINITY
#define SANITIZER_CALLS , SCMP_SYS(sigaltstack)
#else
#define MEMORY_MAX ((rlim_t)1 << 30)
#define SANITIZER_CALLS
#endif

static int limit(int resource, rlim_t value)
{
    const struct rlimit both = {.rlim_cur = value, .rlim_max = value};

    return setrlimit((__rlimit_resource_t)resource, &both);
}

/* Gives up every privilege and checks that it is gone. Returns 0 or -1; the child ends then. */
static int become_nobody(void)
{
    uid_t real, effective, saved;

    if (setgroups(0, NULL) < 0 || setresgid(XW_NOBODY, XW_NOBODY, XW_NOBODY) < 0 ||
        setresuid(XW_NOBODY, XW_NOBODY, XW_NOBODY) < 0)
        return -1;
    if (getresuid(&real, &effective, &saved) < 0 || real != XW_NOBODY || effective != XW_NOBODY ||
        saved != XW_NOBODY || setuid(0) == 0)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return -1;
    /* After the change of uid, which clears it. */
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static int limit_all(void)
{
    if (limit(RLIMIT_AS, MEMORY_MAX) < 0 || limit(RLIMIT_CPU, CPU_MAX) < 0 ||
        limit(RLIMIT_CORE, 0) < 0 || limit(RLIMIT_MSGQUEUE, 0) < 0)
        return -1;
    return 0;
}

/* Leaves the calls that get memory, write to the standard output and end. */
static int forbid_calls(void)
{
    static const int allowed[] = {SCMP_SYS(brk),
                                  SCMP_SYS(munmap),
                                  SCMP_SYS(mremap),
                                  SCMP_SYS(madvise),
                                  SCMP_SYS(futex),
                                  SCMP_SYS(exit),
                                  SCMP_SYS(exit_group) SANITIZER_CALLS};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

    if (!filter)
        return -1;
    int rc = 0;
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                              SCMP_A0(SCMP_CMP_EQ, STDOUT_FILENO, 0));
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc;
}

static void write_answer(const struct xw_buffer *answer)
{
    size_t sent = 0;

    while (sent < answer->length) {
        ssize_t n = write(STDOUT_FILENO, answer->text + sent, answer->length - sent);
        if (n <= 0)
            _exit(EXIT_CONFINE);
        sent += (size_t)n;
    }
}

/* Back to what every program expects to find. Returns 0 or -1. */
static int reset_signals(void)
{
    sigset_t none;

    /* Two can't be set, and two are the C library's own. */
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

static void be_worker(xw_confined_work work, const char *input, size_t length, int pipe_fd)
    __attribute__((noreturn));

static void be_worker(xw_confined_work work, const char *input, size_t length, int pipe_fd)
{
    struct xw_buffer answer = {0};

    if (dup2(pipe_fd, STDOUT_FILENO) < 0 || close(STDIN_FILENO) < 0 || close(STDERR_FILENO) < 0 ||
        close_range(STDERR_FILENO, ~0U, 0) < 0)
        _exit(EXIT_CONFINE);
    if (become_nobody() < 0 || limit_all() < 0 || limit(RLIMIT_NOFILE, 0) < 0 ||
        limit(RLIMIT_FSIZE, 0) < 0 || limit(RLIMIT_NPROC, 0) < 0 || reset_signals() < 0 ||
        forbid_calls() < 0)
        _exit(EXIT_CONFINE);
    work(input, length, &answer);
    if (answer.failed)
        _exit(EXIT_MEMORY);
    write_answer(&answer);
    _exit(0);
}

static void be_program(const char *const argv[], int fd, int out, int diagnostics)
    __attribute__((noreturn));

static void be_program(const char *const argv[], int fd, int out, int diagnostics)
{
    char *const environment[] = {(char *)"LC_ALL=C", NULL};
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    /* Copies above all targets first, so that no dup2() overwrites a source. */
    const int from[] = {null_fd, out, diagnostics, fd};
    int high[HANDED_FD + 1];

    for (int i = 0; i <= HANDED_FD; i++) {
        high[i] = fcntl(from[i], F_DUPFD, HANDED_FD + 1);
        if (high[i] < 0)
            _exit(EXIT_CONFINE);
    }
    for (int i = 0; i <= HANDED_FD; i++) {
        if (dup2(high[i], i) < 0)
            _exit(EXIT_CONFINE);
    }
    if (close_range(HANDED_FD + 1, ~0U, 0) < 0 || become_nobody() < 0 || limit_all() < 0 ||
        reset_signals() < 0)
        _exit(EXIT_CONFINE);
    execve(argv[0], (char *const *)(const void *)argv, environment);
    _exit(EXIT_EXEC);
}

/* Milliseconds until the deadline, 0 when it has passed. */
static int time_left(const struct timespec *deadline)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    long left =
        (deadline->tv_sec - now.tv_sec) * 1000 + (deadline->tv_nsec - now.tv_nsec) / 1000000;
    return left > 0 ? (int)left : 0;
}

/* Reads once. Returns 1 while there may be more, 0 at the end, or a negative errno. */
static int read_some(int fd, struct xw_buffer *buffer)
{
    char chunk[CHUNK];
    ssize_t n = read(fd, chunk, sizeof(chunk));

    if (n < 0)
        return -errno;
    if (n > 0)
        xw_buffer_append(buffer, chunk, (size_t)n);
    if (buffer->failed)
        return -ENOMEM;
    if (buffer->length > ANSWER_MAX)
        return -EMSGSIZE;
    return n > 0;
}

/* Reads both descriptors to their ends; the second may be -1. */
static int read_all(const int fds[2], struct xw_buffer *const buffers[2])
{
    struct timespec deadline;
    struct pollfd polled[2] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += TIME_MAX;
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
        int ready = poll(polled, 2, time_left(&deadline));
        if (ready == 0)
            return -ETIMEDOUT;
        if (ready < 0)
            return -errno;
        for (int i = 0; i < 2; i++) {
            if (polled[i].fd < 0 || !polled[i].revents)
                continue;
            int rc = read_some(polled[i].fd, buffers[i]);
            if (rc < 0)
                return rc;
            if (rc == 0)
                polled[i].fd = -1;
        }
    }
    return 0;
}

/* Ends the child if it isn't done, and waits for it. */
static int reap(pid_t child, int rc)
{
    int status = 0;

    if (rc < 0)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return status;
}

static int report(int rc, int status, const char *name, struct xw_error *err)
{
    if (rc == -ETIMEDOUT)
        return xw_fail(err, rc, "%s took longer than %d seconds and was stopped", name, TIME_MAX);
    if (rc == -EMSGSIZE)
        return xw_fail(err, rc, "%s gave an answer without end and was stopped", name);
    if (rc < 0)
        return xw_fail_errno(err, rc, "%s was stopped", name);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return xw_fail(err, -EPROTO,
                       "%s tried something that it may not do and was stopped: what it read is "
                       "hostile, or this is a defect of xwadm",
                       name);
    if (WIFSIGNALED(status))
        return xw_fail(err, -EPROTO, "%s died of signal %d", name, WTERMSIG(status));
    if (WEXITSTATUS(status) == EXIT_CONFINE)
        return xw_fail(err, -EPROTO, "%s could not be started without privilege", name);
    if (WEXITSTATUS(status) == EXIT_EXEC)
        return xw_fail(err, -EPROTO, "%s can't be executed; is it installed?", name);
    if (WEXITSTATUS(status) == EXIT_MEMORY)
        return xw_fail(err, -ENOMEM, "%s needed too much memory", name);
    return WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

int xw_confined_run(xw_confined_work work, const char *input, size_t length,
                    struct xw_buffer *answer, struct xw_error *err)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return xw_fail_errno(err, -errno, "the file's reader can't be started");
    pid_t child = fork();
    if (child == 0)
        be_worker(work, input, length, ends[1]);
    int rc = child < 0 ? -errno : 0;
    close(ends[1]);
    if (rc == 0) {
        const int fds[2] = {ends[0], -1};
        struct xw_buffer *const buffers[2] = {answer, NULL};
        rc = read_all(fds, buffers);
        rc = report(rc, reap(child, rc), "the file's reader", err);
    } else {
        xw_fail_errno(err, rc, "the file's reader can't be started");
    }
    close(ends[0]);
    return rc;
}

/* The last line of what a program complained: the reason, where there are several. */
static const char *last_line(struct xw_buffer *diagnostics)
{
    while (diagnostics->length > 0 && diagnostics->text[diagnostics->length - 1] == '\n')
        diagnostics->text[--diagnostics->length] = '\0';
    if (diagnostics->length == 0)
        return "it gave no reason";
    const char *newline = strrchr(diagnostics->text, '\n');
    return newline ? newline + 1 : diagnostics->text;
}

/* Programs speak English here (be_program()), and tell the errno in words. */
static int report_failure(const char *name, struct xw_buffer *diagnostics, struct xw_error *err)
{
    if (diagnostics->length > 0 && strstr(diagnostics->text, "No space left on device"))
        return xw_fail(err, -ENOSPC, "the disk is full; make room and try again");
    return xw_fail(err, -EIO, "%s failed: %s", name, last_line(diagnostics));
}

static int exec_with_pipes(const char *const argv[], int fd, const int out[2], const int errors[2],
                           struct xw_buffer *output, struct xw_error *err)
{
    struct xw_buffer diagnostics = {0};
    pid_t child = fork();

    if (child == 0)
        be_program(argv, fd, out[1], errors[1]);
    int failure = -errno;
    close(out[1]);
    close(errors[1]);
    if (child < 0)
        return xw_fail_errno(err, failure, "%s can't be started", argv[0]);
    const int fds[2] = {out[0], errors[0]};
    struct xw_buffer *const buffers[2] = {output, &diagnostics};
    int rc = read_all(fds, buffers);
    rc = report(rc, reap(child, rc), argv[0], err);
    if (rc == -EIO)
        rc = report_failure(argv[0], &diagnostics, err);
    xw_buffer_free(&diagnostics);
    return rc;
}

int xw_confined_exec(const char *const argv[], int fd, struct xw_buffer *output,
                     struct xw_error *err)
{
    int out[2], errors[2];

    if (pipe2(out, O_CLOEXEC) < 0)
        return xw_fail_errno(err, -errno, "%s can't be started", argv[0]);
    if (pipe2(errors, O_CLOEXEC) < 0) {
        int rc = -errno;
        close(out[0]);
        close(out[1]);
        return xw_fail_errno(err, rc, "%s can't be started", argv[0]);
    }
    int rc = exec_with_pipes(argv, fd, out, errors, output, err);
    close(out[0]);
    close(errors[0]);
    return rc;
}
