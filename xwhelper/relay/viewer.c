/*
 * A viewer's relay: between what the viewer gave and the console's relay. The viewer's socket is
 * one that its student holds, too, and can make slow, so that nobody but this process touches it.
 *
 *   3  the console's relay: frames from it (frame.h), keys to it
 *   4  the viewer's stream socket
 *   5  the gate's connection: told who is there, and `end` when it is over
 *   6  a timer: readable when the lab has closed and its grace time is over
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xwhelper/relay/frame.h"
#include "xwhelper/relay/relay.h"

enum { CONSOLE = 3, VIEWER = 4, GATE = 5, TIMER = 6, BUFFER = 16384 };

/* Bytes on their way, between start and end. */
struct lane {
    int from;
    size_t start;
    size_t end;
    bool closed; /* from has ended */
    char data[BUFFER];
};

/* Where in a frame the lane from the console is. */
struct frame {
    size_t left;    /* of the guest's bytes; 0: the next is a head */
    bool suspended; /* it has been told why the machine goes */
};

enum progress { GOES_ON, WAITS, BREAKS };

static void tell(const char *line, size_t length)
{
    /* The gate may be gone; then there is nobody to tell. */
    if (send(GATE, line, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return;
}

static void say(const char *line)
{
    tell(line, strlen(line));
}

static size_t pending(const struct lane *lane)
{
    return lane->end - lane->start;
}

static bool has_room(const struct lane *lane)
{
    return !lane->closed && pending(lane) < BUFFER;
}

/* Reads when there is room. Returns false on an error of the source. */
static bool fill(struct lane *lane)
{
    if (lane->start > 0) {
        memmove(lane->data, lane->data + lane->start, pending(lane));
        lane->end -= lane->start;
        lane->start = 0;
    }
    ssize_t n = read(lane->from, lane->data + lane->end, BUFFER - lane->end);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        lane->closed = true;
    lane->end += (size_t)n;
    return true;
}

/* Sends up to `most` bytes of what waits; sent is set. */
static enum progress pass(struct lane *lane, int to, size_t most, size_t *sent)
{
    ssize_t n = send(to, lane->data + lane->start, most, MSG_NOSIGNAL | MSG_DONTWAIT);

    *sent = n < 0 ? 0 : (size_t)n;
    lane->start += *sent;
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? WAITS : BREAKS;
    return *sent == most ? GOES_ON : WAITS;
}

static bool begins(const char *words, size_t length, const char *with)
{
    return length >= strlen(with) && memcmp(words, with, strlen(with)) == 0;
}

/* One frame's head, with all of its words where it has some. */
static enum progress begin_frame(struct lane *lane, struct frame *frame)
{
    const unsigned char *head = (const unsigned char *)lane->data + lane->start;
    size_t length;

    if (pending(lane) < XW_FRAME_HEAD)
        return WAITS;
    length = (size_t)head[1] << 8 | head[2];
    if (length == 0 || length > (head[0] == XW_FRAME_WORDS ? XW_FRAME_WORDS_MAX : XW_FRAME_MAX))
        return BREAKS;
    if (head[0] == XW_FRAME_GUEST) {
        frame->left = length;
        lane->start += XW_FRAME_HEAD;
        return GOES_ON;
    }
    if (head[0] != XW_FRAME_WORDS)
        return BREAKS;
    if (pending(lane) < XW_FRAME_HEAD + length)
        return WAITS;
    const char *words = (const char *)head + XW_FRAME_HEAD;
    if (begins(words, length, XW_RELAY_SUSPENDS) || begins(words, length, XW_RELAY_STAYS))
        frame->suspended = begins(words, length, XW_RELAY_SUSPENDS);
    tell(words, length);
    lane->start += XW_FRAME_HEAD + length;
    return GOES_ON;
}

/* What the console's relay has sent: to the viewer and the gate, as far as they take it. */
static enum progress from_console(struct lane *lane, struct frame *frame)
{
    enum progress progress = GOES_ON;

    while (progress == GOES_ON && pending(lane) > 0) {
        if (frame->left == 0) {
            progress = begin_frame(lane, frame);
            continue;
        }
        size_t most = frame->left < pending(lane) ? frame->left : pending(lane);
        size_t sent;
        progress = pass(lane, VIEWER, most, &sent);
        frame->left -= sent;
    }
    return progress;
}

static enum progress to_console(struct lane *lane)
{
    size_t sent;

    return pending(lane) == 0 ? GOES_ON : pass(lane, CONSOLE, pending(lane), &sent);
}

/* Fills a poll set. A side that has ended stays readable; it is not asked about again. */
static void prepare(struct pollfd side[4], const struct lane *keys, const struct lane *frames,
                    const struct frame *frame)
{
    bool guest_waits = frame->left > 0 && pending(frames) > 0;
    short console = (short)((has_room(frames) ? POLLIN : 0) | (pending(keys) ? POLLOUT : 0));
    short viewer = (short)((has_room(keys) ? POLLIN : 0) | (guest_waits ? POLLOUT : 0));

    side[0] = (struct pollfd){.fd = console ? CONSOLE : -1, .events = console};
    side[1] = (struct pollfd){.fd = viewer ? VIEWER : -1, .events = viewer};
    side[2] = (struct pollfd){.fd = GATE};
    side[3] = (struct pollfd){.fd = TIMER, .events = POLLIN};
}

/* Reads where something has come, and passes on at once what there is. False: it is over. */
static bool move(const struct pollfd side[4], struct lane *keys, struct lane *frames,
                 struct frame *frame)
{
    const short comes = POLLIN | POLLHUP | POLLERR;

    if ((side[0].revents & comes) && has_room(frames) && !fill(frames))
        return false;
    if ((side[1].revents & comes) && has_room(keys) && !fill(keys))
        return false;
    return to_console(keys) != BREAKS && from_console(frames, frame) != BREAKS;
}

/* Returns what is to be said of the end, or NULL. */
static const char *pump(struct lane *keys, struct lane *frames)
{
    struct frame frame = {0};

    for (;;) {
        struct pollfd side[4];
        bool waits = frame.left > 0 && pending(frames) > 0;
        if (frames->closed && !waits)
            return frame.suspended ? NULL : "progress - the machine has stopped\n";
        if (keys->closed && !pending(keys))
            return NULL;
        prepare(side, keys, frames, &frame);
        if (poll(side, 4, -1) < 0) {
            if (errno == EINTR)
                continue;
            return NULL;
        }
        if (side[3].revents)
            return "progress - the lab has closed\n";
        if ((side[2].revents & (POLLHUP | POLLERR)) || !move(side, keys, frames, &frame))
            return NULL;
    }
}

void xw_relay_viewer(void)
{
    static struct lane keys = {.from = VIEWER};
    static struct lane frames = {.from = CONSOLE};
    const char *words = pump(&keys, &frames);

    if (words)
        say(words);
    say("end 0\n");
}
