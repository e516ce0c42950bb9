/*
 * The relay: moves a console's bytes between the viewer and the guest, with nothing but the six
 * descriptors that the keeper opened for it. No libvirt, no file, no socket of its own.
 *
 *   3  the guest's console (a stream socket of QEMU's)
 *   4  the viewer's stream socket
 *   5  the gate's connection: told `end` when it is over
 *   6  the console's lock; held while this process lives
 *   7  a timer: readable when the lab has closed and its grace time is over
 *   8  a FIFO: notices from outside, a byte each (notice.h), and a mark of ours
 *      whenever the viewer has typed
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xwhelper/relay/notice.h"
#include "xwhelper/relay/policy.h"

enum { GUEST = 3, VIEWER = 4, GATE = 5, TIMER = 7, NOTICE = 8, BUFFER = 16384 };

/* One direction. */
struct lane {
    int from;
    int to;
    size_t start;
    size_t end;
    bool closed; /* from has ended */
    char data[BUFFER];
};

static void tell(const char *line)
{
    /* The gate may be gone; then there is nobody to tell. */
    if (send(GATE, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return;
}

/* Tells the viewer one notice. Returns whether it says why the machine goes. */
static bool tell_notice(unsigned char notice)
{
    char line[160];

    if (notice == XW_NOTICE_SUSPENDING)
        tell("progress - the world is being suspended; start or console lets it go on where it "
             "was\n");
    else if (notice == XW_NOTICE_STAYS)
        tell("progress - the world could not be suspended, and goes on\n");
    if (notice < XW_NOTICE_MINUTES_MIN || notice > XW_NOTICE_MINUTES_MAX)
        return notice == XW_NOTICE_SUSPENDING;
    snprintf(line, sizeof(line),
             "progress - nothing has happened in this world for a while; in %u min it is "
             "suspended, unless you type something\n",
             notice);
    tell(line);
    return false;
}

/* Takes the notices that are there. */
static void take_notices(bool *leaving)
{
    unsigned char notices[16];
    ssize_t n = read(NOTICE, notices, sizeof(notices));

    for (ssize_t i = 0; i < n; i++) {
        if (notices[i] != XW_NOTICE_TRAFFIC)
            *leaving = tell_notice(notices[i]);
    }
}

/* Leaves the mark that there was traffic: that the FIFO was written to. */
static void mark_traffic(bool *leaving)
{
    static const unsigned char mark = XW_NOTICE_TRAFFIC;

    if (write(NOTICE, &mark, 1) == 1)
        take_notices(leaving);
}

/* Reads when there is room. Returns false on an error of the source. */
static bool fill(struct lane *lane)
{
    ssize_t n = read(lane->from, lane->data + lane->end, BUFFER - lane->end);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        lane->closed = true;
    lane->end += (size_t)n;
    return true;
}

static bool drain(struct lane *lane)
{
    ssize_t n = send(lane->to, lane->data + lane->start, lane->end - lane->start,
                     MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    lane->start += (size_t)n;
    if (lane->start == lane->end)
        lane->start = lane->end = 0;
    return true;
}

static bool pending(const struct lane *lane)
{
    return lane->end > lane->start;
}

static short wanted(const struct lane *in, const struct lane *out)
{
    short events = 0;

    if (!in->closed && in->end < BUFFER)
        events |= POLLIN;
    if (pending(out))
        events |= POLLOUT;
    return events;
}

/* One turn at one side: read into `in`, write from `out`. */
static bool turn(short happened, struct lane *in, struct lane *out)
{
    if ((happened & (POLLIN | POLLHUP | POLLERR)) && !in->closed && in->end < BUFFER && !fill(in))
        return false;
    if ((happened & POLLOUT) && pending(out) && !drain(out))
        return false;
    return true;
}

/* Returns whether it was the time that ended it; *leaving tells that the reason has been told. */
static bool pump(struct lane *to_guest, struct lane *to_viewer, bool *leaving)
{
    mark_traffic(leaving);
    for (;;) {
        bool guest_done = to_viewer->closed && !pending(to_viewer);
        bool viewer_done = to_guest->closed && !pending(to_guest);
        if (guest_done || viewer_done)
            return false;
        struct pollfd side[] = {
            {.fd = GUEST, .events = wanted(to_viewer, to_guest)},
            {.fd = VIEWER, .events = wanted(to_guest, to_viewer)},
            {.fd = GATE, .events = 0},
            {.fd = TIMER, .events = POLLIN},
            {.fd = NOTICE, .events = POLLIN},
        };
        /* A side that has ended stays readable; it is not asked about again. */
        for (int i = 0; i < 2; i++) {
            if (!side[i].events)
                side[i].fd = -1;
        }
        if (poll(side, 5, -1) < 0) {
            if (errno == EINTR)
                continue;
            return false;
        }
        if (side[3].revents)
            return true;
        if ((side[2].revents & (POLLHUP | POLLERR)) || (side[4].revents & ~POLLIN))
            return false;
        if (side[4].revents)
            take_notices(leaving);
        if (side[1].revents & POLLIN)
            mark_traffic(leaving);
        if (!turn(side[0].revents, to_viewer, to_guest) ||
            !turn(side[1].revents, to_guest, to_viewer))
            return false;
    }
}

int main(void)
{
    static struct lane to_guest = {.from = VIEWER, .to = GUEST};
    static struct lane to_viewer = {.from = GUEST, .to = VIEWER};
    bool leaving = false;

    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_GET_DUMPABLE) != 0)
        abort();
    xw_policy_enter(&xw_relay_policy);
    tell("open\n");
    if (pump(&to_guest, &to_viewer, &leaving))
        tell("progress - the lab has closed\n");
    else if (to_viewer.closed && !leaving)
        tell("progress - the machine has stopped\n");
    tell("end 0\n");
    return 0;
}
