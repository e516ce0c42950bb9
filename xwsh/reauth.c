#include "xwsh/reauth.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwsh/reauth_pam.h"

enum { TALK_FD = 3, TTY_MAX = 64 };

/*
 * Signals as a program starts with them, except that keys of the terminal end the parent only, and
 * the parent then this. Default actions, not handlers: nothing runs in the forked copy but PAM.
 */
static void set_signals(void)
{
    sigset_t none;

    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        signal(signal_number, SIG_DFL);
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The socket as descriptor 3, /dev/null as 0 to 2 (a module that prints spoils no screen). */
static bool set_descriptors(int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return false;
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++) {
        if (dup2(null, standard) < 0)
            return false;
    }
    if (fd != TALK_FD && dup2(fd, TALK_FD) < 0)
        return false;
    return fcntl(TALK_FD, F_SETFD, FD_CLOEXEC) == 0 && close_range(TALK_FD + 1, ~0U, 0) == 0;
}

/* In the new process. The parent's first message says that it holds us by a descriptor. */
__attribute__((noreturn)) static void attempt(int fd, const char *user, pid_t parent)
{
    char tty[TTY_MAX];
    char go;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(1);
    if (ttyname_r(STDIN_FILENO, tty, sizeof(tty)) != 0)
        tty[0] = '\0';
    set_signals();
    if (!set_descriptors(fd) || recv(TALK_FD, &go, 1, 0) != 1)
        _exit(1);
    xw_reauth_pam(TALK_FD, user, tty);
    _exit(0);
}

int xw_reauth_open(const char *user, struct xw_reauth *reauth, struct xw_error *err)
{
    int ends[2];
    pid_t parent = getpid();

    *reauth = XW_REAUTH_NONE;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return xw_fail_errno(err, -errno, "your password can't be asked for now");
    XW_AUTO_CLOSE int theirs = ends[1];
    reauth->fd = ends[0];
    pid_t pid = fork();
    if (pid == 0)
        attempt(theirs, user, parent);
    int rc = pid < 0 ? -errno : 0;
    if (rc == 0 && (reauth->process = pidfd_open(pid, 0)) < 0)
        rc = -errno;
    if (rc == 0)
        rc = xw_reauth_send(reauth->fd, XW_REAUTH_ANSWER, "");
    if (rc == 0)
        return 0;
    xw_reauth_close(reauth);
    return xw_fail_errno(err, rc, "your password can't be asked for now");
}

static bool is_event(char kind)
{
    return kind != '\0' && strchr("petyunx", kind);
}

int xw_reauth_next(const struct xw_reauth *reauth, struct xw_reauth_event *event)
{
    char packet[XW_REAUTH_PACKET_MAX];
    ssize_t got = recv(reauth->fd, packet, sizeof(packet), MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    *event = (struct xw_reauth_event){.kind = XW_REAUTH_FAILED};
    if (got <= 0 || !is_event(packet[0])) {
        snprintf(event->text, sizeof(event->text), "the check ended without a result");
        return 1;
    }
    event->kind = (enum xw_reauth_kind)packet[0];
    memcpy(event->text, packet + 1, (size_t)got - 1);
    event->text[strnlen(event->text, (size_t)got - 1)] = '\0';
    return 1;
}

void xw_reauth_answer(const struct xw_reauth *reauth, const char *answer)
{
    /* Who doesn't take it has ended, which is what comes next. */
    (void)xw_reauth_send(reauth->fd, XW_REAUTH_ANSWER, answer);
}

void xw_reauth_close(struct xw_reauth *reauth)
{
    if (reauth->process >= 0) {
        (void)pidfd_send_signal(reauth->process, SIGKILL, NULL, 0);
        close(reauth->process);
    }
    if (reauth->fd >= 0)
        close(reauth->fd);
    *reauth = XW_REAUTH_NONE;
}

void xw_reauth_explain(const struct xw_reauth_event *event, struct xw_error *err)
{
    if (event->kind == XW_REAUTH_WRONG)
        xw_fail(err, -EACCES, "that was not your password");
    else
        xw_fail(err, -EACCES, "your password could not be checked: %.200s; tell an administrator",
                event->text);
}
