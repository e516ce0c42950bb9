#include "xwadm/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"

enum { SAID_MAX = 4096, EXIT_EXEC = 127, MILLISECONDS = 1000, NANOSECONDS = 1000000 };

static _Noreturn void be_tool(const char *const argv[], int said)
{
    char *const environment[] = {(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)"LC_ALL=C",
                                 NULL};
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    sigemptyset(&none);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0 ||
        dup2(said, STDERR_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) < 0 ||
        setpgid(0, 0) < 0 || signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
        sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        _exit(EXIT_EXEC);
    execve(argv[0], (char *const *)(const void *)argv, environment);
    _exit(EXIT_EXEC);
}

static long milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * MILLISECONDS + now.tv_nsec / NANOSECONDS;
}

/* Waits until the process has ended. Returns 0, -ETIMEDOUT or another errno. */
static int await(int pidfd, unsigned int seconds)
{
    const long until = milliseconds() + (long)seconds * MILLISECONDS;
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};

    for (;;) {
        long left = until - milliseconds();
        int rc = poll(&ended, 1, left > 0 ? (int)left : 0);
        if (rc > 0)
            return 0;
        if (rc == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

static int reap(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return status;
}

/* The last line that was said: the reason, where there are several. */
static const char *last_line(int said, char text[SAID_MAX])
{
    off_t length = lseek(said, 0, SEEK_END);
    off_t from = length > SAID_MAX - 1 ? length - (SAID_MAX - 1) : 0;
    ssize_t n = length > 0 ? pread(said, text, SAID_MAX - 1, from) : 0;

    while (n > 0 && text[n - 1] == '\n')
        n--;
    if (n <= 0)
        return "it gave no reason";
    text[n] = '\0';
    const char *newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

static int report(const char *name, int status, int said, struct xw_error *err)
{
    char text[SAID_MAX];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_EXEC)
        return xw_fail(err, -ENOENT, "%s can't be executed; is it installed?", name);
    if (WIFSIGNALED(status))
        return xw_fail(err, -EIO, "%s died of signal %d", name, WTERMSIG(status));
    return xw_fail(err, -EIO, "%s failed: %s", name, last_line(said, text));
}

int xw_tool_run(const char *const argv[], unsigned int seconds, struct xw_error *err)
{
    XW_AUTO_CLOSE int said = memfd_create("said", MFD_CLOEXEC);
    if (said < 0)
        return xw_fail_errno(err, -errno, "%s can't be started", argv[0]);
    pid_t child = fork();
    if (child < 0)
        return xw_fail_errno(err, -errno, "%s can't be started", argv[0]);
    if (child == 0)
        be_tool(argv, said);
    /* It is our child and not waited for yet: its number can be nobody else's. */
    XW_AUTO_CLOSE int pidfd = pidfd_open(child, 0);
    int rc = pidfd < 0 ? -errno : await(pidfd, seconds);
    if (rc < 0)
        kill(child, SIGKILL);
    int status = reap(child);
    if (rc == -ETIMEDOUT)
        return xw_fail(err, rc, "%s took longer than %u seconds and was stopped", argv[0], seconds);
    return rc < 0 ? xw_fail_errno(err, rc, "%s can't be waited for", argv[0])
                  : report(argv[0], status, said, err);
}
