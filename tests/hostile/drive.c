#include "tests/hostile/drive.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/hostile/tracer.h"

enum { NOT_STARTED = 122 };

static _Noreturn void broken(const char *what)
{
    fprintf(stderr, "Bail out! driver: %s: %s\n", what, strerror(errno));
    abort();
}

static void become(const struct drive_user *user)
{
    if (setgroups(user->group_count, user->groups) < 0 ||
        setresgid(user->gid, user->gid, user->gid) < 0 ||
        setresuid(user->uid, user->uid, user->uid) < 0)
        _exit(NOT_STARTED);
}

pid_t drive_fork_as(const struct drive_user *user)
{
    pid_t pid = fork();

    if (pid < 0)
        broken("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        become(user);
    }
    return pid;
}

const struct drive_user *drive_user(const char *name)
{
    const struct passwd *account = getpwnam(name);
    struct drive_user *user = calloc(1, sizeof(*user));
    gid_t *groups = calloc(64, sizeof(*groups));
    int count = 64;

    if (!account || !user || !groups || getgrouplist(name, account->pw_gid, groups, &count) < 0)
        broken(name);
    *user = (struct drive_user){account->pw_uid, account->pw_gid, groups, (size_t)count};
    return user;
}

/* Puts the descriptors where the program finds them. Those of the driver close at exec. */
static void arrange_descriptors(const struct drive_call *call, int out, int err)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(NOT_STARTED);
    /* Where it is 3 already, dup2() would leave it to be closed at exec. */
    if (call->viewer > 0 && (dup2(call->viewer, 3) < 0 || fcntl(3, F_SETFD, 0) < 0))
        _exit(NOT_STARTED);
    if (syscall(SYS_close_range, call->viewer > 0 ? 4U : 3U, ~0U, 4U /* CLOEXEC */) < 0)
        _exit(NOT_STARTED);
    for (int fd = 0; fd <= 2; fd++) {
        if (call->closed & (1U << fd))
            close(fd);
    }
}

static _Noreturn void be_the_program(const struct drive_call *call, int out, int err)
{
    static char *const nothing[] = {NULL};
    const char *program = call->program ? call->program : XW_GATE_PATH;
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    arrange_descriptors(call, out, err);
    if (call->as_root)
        call->as_root(call->data);
    if (call->tracer && (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0))
        _exit(NOT_STARTED);
    become(call->user);
    if (call->as_user)
        call->as_user(call->data);
    execve(program, (char *const *)(const void *)call->argv,
           call->environment ? call->environment : nothing);
    _exit(errno == E2BIG ? NOT_STARTED + 1 : NOT_STARTED);
}

static void read_back(int fd, char *text, size_t size)
{
    ssize_t n = pread(fd, text, size - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    close(fd);
}

static long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void drive_run(const struct drive_call *call, struct drive_result *result)
{
    long began = now();
    unsigned int patience = call->patience ? call->patience : 20;
    int status = 0;

    memset(result, 0, sizeof(*result));
    int out = memfd_create("out", MFD_CLOEXEC);
    int err = memfd_create("err", MFD_CLOEXEC);
    fflush(NULL);
    pid_t pid = fork();
    if (out < 0 || err < 0 || pid < 0)
        broken("starting");
    if (pid == 0)
        be_the_program(call, out, err);
    if (call->tracer)
        tracer_follow(pid, call->tracer, result);
    while (tracer_wait(pid, &status, began + patience * 1000L) == 0) {
        result->timed_out = true;
        kill(pid, SIGKILL);
        patience += 10;
    }
    result->milliseconds = now() - began;
    result->exited = WIFEXITED(status);
    result->dumped = WIFSIGNALED(status) && WCOREDUMP(status);
    result->code = result->exited ? WEXITSTATUS(status) : WTERMSIG(status);
    read_back(out, result->out, sizeof(result->out));
    read_back(err, result->err, sizeof(result->err));
}

void drive_free(struct drive_result *result)
{
    free(result->syscalls);
    result->syscalls = NULL;
}
