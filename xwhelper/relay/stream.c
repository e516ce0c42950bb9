/*
 * A stream's relay: moves bytes between a machine's end and what the viewer gave, and looks at none
 * of them. There is one for each viewer: of a graphical console each has a connection of its own.
 *
 *   3  the machine's end: a stream socket, such as a display of QEMU's
 *   4  the viewer's stream socket
 *   5  the gate's connection: told `open`, and `end` when it is over
 *   6  a timer: readable when the lab has closed and its grace time is over
 *
 * Where files are copied, no more passes in either direction than that takes: the student's program
 * and the machine's, which frame the bytes, are neither asked nor trusted.
 *
 * The student holds the viewer's socket, too, and can read from it what was announced here or leave
 * it full; so nothing waits but poll(2). What one side doesn't take is not read from the other.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/copy_frame.h"
#include "xwhelper/relay/relay.h"

enum {
    MACHINE = 3,
    VIEWER = 4,
    GATE = 5,
    TIMER = 6,
    BUFFER = 65536,
    LAST_MS = 5000 /* for a machine that takes none of what a viewer who has left had sent */
};

/* Bytes on their way; filled when it is empty. */
struct lane {
    int from;
    int to;
    size_t start;
    size_t end;
    bool closed;   /* from has ended */
    bool exceeded; /* it has sent more than it may */
    uint64_t left; /* bytes that it may still send */
    char data[BUFFER];
};

/* The gate may be gone; then there is nobody to tell. */
static void say(const char *line)
{
    if (send(GATE, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return;
}

static bool waits(const struct lane *lane)
{
    return lane->start < lane->end;
}

static bool is_temporary(int error)
{
    return error == EAGAIN || error == EINTR;
}

/*
 * By recvmsg(2), because the filter of what this process was has it and not recvfrom(2). There is
 * no room for a descriptor: what a student sends of those is closed by the kernel.
 */
static void fill(struct lane *lane)
{
    struct iovec data = {.iov_base = lane->data, .iov_len = BUFFER};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    ssize_t n = recvmsg(lane->from, &message, MSG_DONTWAIT);

    if (n < 0 && is_temporary(errno))
        return;
    lane->exceeded = n > 0 && (uint64_t)n > lane->left;
    lane->closed = n <= 0 || lane->exceeded;
    lane->start = 0;
    lane->end = lane->closed ? 0 : (size_t)n;
    lane->left -= lane->end;
}

/* Returns false when the other side has gone. */
static bool pass(struct lane *lane)
{
    ssize_t n = send(lane->to, lane->data + lane->start, lane->end - lane->start,
                     MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n > 0)
        lane->start += (size_t)n;
    return n >= 0 || is_temporary(errno);
}

/* Reads if something has come, and passes on at once what there is. */
static bool move(struct lane *lane, short from)
{
    if (!waits(lane) && !lane->closed && (from & (POLLIN | POLLHUP | POLLERR)))
        fill(lane);
    return !waits(lane) || pass(lane);
}

/* What a side is asked about. */
static short events(const struct lane *from_it, const struct lane *to_it)
{
    return (short)((waits(from_it) || from_it->closed ? 0 : POLLIN) | (waits(to_it) ? POLLOUT : 0));
}

/* Moves what is there. Returns whether there may be more. */
static bool take_turn(const struct pollfd side[4], struct lane *out, struct lane *in)
{
    if (!move(out, side[0].revents))
        return false;
    /* A machine that has gone may have left its last bytes; what is for it is dropped. */
    if (!move(in, side[1].revents))
        in->start = in->end;
    return !(out->closed && !waits(out)) && !(in->closed && !waits(in));
}

/* Returns what is to be said of the end, or NULL. */
static const char *relay(struct lane *out, struct lane *in)
{
    struct pollfd side[4];
    bool gone = false; /* the viewer, in both directions */

    do {
        /* A side that has ended is always ready: it is not asked about without a reason. */
        bool last = gone && waits(in);
        short machine = events(out, in);
        side[0] = (struct pollfd){.fd = machine ? MACHINE : -1, .events = machine};
        side[1] = (struct pollfd){.fd = last ? -1 : VIEWER, .events = events(in, out)};
        side[2] = (struct pollfd){.fd = GATE};
        side[3] = (struct pollfd){.fd = TIMER, .events = POLLIN};
        int ready;
        while ((ready = poll(side, 4, last ? LAST_MS : -1)) < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return NULL;
        if (side[3].revents)
            return "progress - the lab has closed\n";
        gone = gone || (side[1].revents & (POLLHUP | POLLERR));
    } while (!(side[2].revents & (POLLHUP | POLLERR)) && take_turn(side, out, in));
    return NULL;
}

void xw_relay_stream(void)
{
    static struct lane out = {.from = MACHINE, .to = VIEWER, .left = UINT64_MAX};
    static struct lane in = {.from = VIEWER, .to = MACHINE, .left = UINT64_MAX};

    say("open\n");
    const char *words = relay(&out, &in);
    if (words)
        say(words);
    say("end 0\n");
}

void xw_relay_copy(bool put, unsigned int limit)
{
    const struct xw_copy_passage passage = xw_copy_passage(put, (uint64_t)limit << 20);
    static struct lane out = {.from = MACHINE, .to = VIEWER};
    static struct lane in = {.from = VIEWER, .to = MACHINE};
    char text[128];

    out.left = passage.from_machine;
    in.left = passage.to_machine;
    say("open\n");
    const char *words = relay(&out, &in);
    if (in.exceeded || out.exceeded) {
        snprintf(text, sizeof(text),
                 "error more than the %u MiB that this lab lets be copied at a time\nend 4\n",
                 limit);
        say(text);
        return;
    }
    if (words)
        say(words);
    say("end 0\n");
}
