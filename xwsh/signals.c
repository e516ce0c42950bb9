#include "xwsh/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

int xw_signals_open(void)
{
    static const int taken[] = {SIGWINCH, SIGINT, SIGQUIT, SIGHUP, SIGTERM};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        /* An ignored signal would never reach the descriptor: nohup(1) and sshd leave such. */
        signal(taken[i], SIG_DFL);
        sigaddset(&set, taken[i]);
    }
    if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
        return -errno;
    signal(SIGPIPE, SIG_IGN);
    /* A limit on the size of files ends a recording, not the session (write(2): EFBIG). */
    signal(SIGXFSZ, SIG_IGN);
    /* The gate's end is learnt from its last line and its closed pipe; nothing waits for it. */
    signal(SIGCHLD, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

enum xw_signal xw_signals_next(int signal_fd)
{
    struct signalfd_siginfo info;

    if (read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return XW_SIGNAL_NONE;
    switch ((int)info.ssi_signo) {
    case SIGWINCH:
        return XW_SIGNAL_RESIZE;
    case SIGINT:
    case SIGQUIT:
        return XW_SIGNAL_INTERRUPT;
    default:
        return XW_SIGNAL_HANGUP;
    }
}
