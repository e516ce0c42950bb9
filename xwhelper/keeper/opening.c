#include "xwhelper/keeper/opening.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "xwhelper/keeper/become_relay.h"

int xw_opening_timer(time_t until, const char *what, struct xw_error *err)
{
    const struct itimerspec at = {.it_value = {.tv_sec = until}};
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);

    if (fd >= 0 && timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL) == 0)
        return fd;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return xw_fail_errno(err, -error, "%s can't be given its time", what);
}

void xw_opening_tell(const struct xw_opening *opening)
{
    const struct xw_entry entry = {.phase = XW_PHASE_OPEN,
                                   .uid = opening->uid,
                                   .peer_pid = opening->peer_pid,
                                   .pid = getpid(),
                                   .note = opening->note,
                                   .usec = xw_journal_clock() - opening->began};

    xw_journal_write(opening->journal, &entry);
}

void xw_opening_stream(const struct xw_job *job, int machine, int timer)
{
    const int descriptors[] = {machine, job->viewer, job->peer, timer};

    xw_opening_tell(job->opening);
    xw_become_relay(job->relay, "stream", descriptors, sizeof(descriptors) / sizeof(int));
}
