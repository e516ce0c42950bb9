/*
 * A console's relay: one guest, and those who look at it. It begins with the first viewer and ends
 * with the last, or with the machine. It touches no descriptor that a student holds: between it and
 * each viewer is the viewer's own relay.
 *
 *   3  the guest's console (a stream socket of QEMU's)
 *   4  where the keeper brings viewers (join.h)
 *   5  the console's lock; held while this process lives
 *   6  a FIFO: notices from outside, a byte each (notice.h), and a mark of ours whenever somebody
 *      has typed
 *   7  a pipe with what the guest wrote before, as far as the keeper knows it, for the first
 * viewer; who comes later has that, and what came since
 *
 * Nobody waits for anybody. The guest's pace is that of whoever is the furthest; a viewer who falls
 * behind by more than the ring holds is led on to the newest, and where nobody takes anything for a
 * second, the guest goes on all the same.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "xwhelper/relay/frame.h"
#include "xwhelper/relay/notice.h"
#include "xwhelper/relay/relay.h"
#include "xwhelper/relay/ring.h"
#include "xwhelper/relay/seat.h"

enum {
    GUEST = 3,
    JOIN = 4,
    NOTICE = 6,
    HISTORY = 7,
    SEATS = 16,
    AHEAD = 16384,    /* how far the guest may be ahead of the first viewer, in bytes */
    PATIENCE = 1000,  /* for viewers who take nothing, and for the last bytes, in ms */
    LAST_KEYS = 5000, /* for a guest that takes none of what a viewer who has left had typed */
    BEGINNING = 10000 /* for the first viewer to come, in ms */
};

#define FULL                                                                                       \
    "error sixteen people are at this console already; try again when one has left\nend 75\n"

struct console {
    struct xw_ring ring;
    bool guest_ended;
    bool had_viewers;
    uint64_t moved_at; /* when somebody last took something; ms */
    uint64_t typed_at; /* when the guest last took keys, or a viewer left; ms */
    int taker;         /* the seat whose keys alone count, or -1 */
    int turn;          /* whose keys go first */
    struct xw_seat seats[SEATS];
};

static uint64_t now(void)
{
    struct timespec time;

    if (clock_gettime(CLOCK_MONOTONIC, &time) < 0)
        abort();
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static bool looks_on(const struct xw_seat *seat)
{
    return seat->fd >= 0 && !seat->leaving;
}

/* "viewer" or "left", and about whom. */
static void tell(struct xw_seat *seat, const char *what, const struct xw_join *who)
{
    static const char *const modes[XW_JOIN_MODES] = {"write", "watch", "take"};
    char line[XW_FRAME_WORDS_MAX];

    snprintf(line, sizeof(line), "%s %s %s\n", what, who->name, modes[who->mode]);
    xw_seat_tell(seat, line);
}

static void tell_others(struct console *console, const struct xw_seat *about, const char *what)
{
    for (int i = 0; i < SEATS; i++) {
        if (looks_on(&console->seats[i]) && &console->seats[i] != about)
            tell(&console->seats[i], what, &about->who);
    }
}

static void tell_newcomer(const struct console *console, struct xw_seat *newcomer)
{
    char line[XW_FRAME_WORDS_MAX];

    for (int i = 0; i < SEATS; i++) {
        if (looks_on(&console->seats[i]) && &console->seats[i] != newcomer)
            tell(newcomer, "viewer", &console->seats[i].who);
    }
    if (newcomer->next < newcomer->live) {
        snprintf(line, sizeof(line), "history %u\n",
                 (unsigned int)(newcomer->live - newcomer->next));
        xw_seat_tell(newcomer, line);
    }
    xw_seat_tell(newcomer, "open\n");
}

/* A viewer's relay is gone; keys that it had sent may still be due. */
static void begin_to_leave(struct console *console, int index)
{
    struct xw_seat *seat = &console->seats[index];

    if (seat->leaving)
        return;
    seat->leaving = true;
    console->typed_at = now();
    if (console->taker == index)
        console->taker = -1;
    tell_others(console, seat, "left");
}

static void leave(struct console *console, int index)
{
    struct xw_seat *seat = &console->seats[index];

    begin_to_leave(console, index);
    close(seat->fd);
    seat->fd = -1;
    seat->keys_start = seat->keys_end = 0;
}

static bool types(const struct console *console, int index)
{
    return console->taker >= 0 ? console->taker == index
                               : console->seats[index].who.mode != XW_JOIN_WATCH;
}

/* One notice, to everybody who looks on. */
static void tell_notice(struct console *console, unsigned char notice)
{
    char line[XW_FRAME_WORDS_MAX] = "";

    if (notice == XW_NOTICE_SUSPENDING)
        snprintf(line, sizeof(line),
                 XW_RELAY_SUSPENDS "; start or console lets it go on where it was\n");
    else if (notice == XW_NOTICE_STAYS)
        snprintf(line, sizeof(line), XW_RELAY_STAYS ", and goes on\n");
    else if (notice >= XW_NOTICE_MINUTES_MIN && notice <= XW_NOTICE_MINUTES_MAX)
        snprintf(line, sizeof(line),
                 "progress - nothing has happened in this world for a while; in %u min it is "
                 "suspended, unless you type something\n",
                 notice);
    for (int i = 0; i < SEATS && *line; i++) {
        if (looks_on(&console->seats[i]))
            xw_seat_tell(&console->seats[i], line);
    }
}

/* Takes the notices that are there; marks that we have left mean nothing. */
static void take_notices(struct console *console)
{
    unsigned char notices[16];
    ssize_t n = read(NOTICE, notices, sizeof(notices));

    for (ssize_t i = 0; i < n; i++)
        tell_notice(console, notices[i]);
}

/* Leaves the mark that there was traffic: that the FIFO was written to. */
static void mark_traffic(struct console *console)
{
    static const unsigned char mark = XW_NOTICE_TRAFFIC;

    if (write(NOTICE, &mark, 1) == 1)
        take_notices(console);
}

/* Receives what the keeper sends. Returns the viewer's descriptor, or -1. */
static int receive(struct xw_join *who)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec data = {.iov_base = who, .iov_len = sizeof(*who)};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int fd = -1;
    ssize_t n = recvmsg(JOIN, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    const struct cmsghdr *header = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
    bool good = n == sizeof(*who) && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
                who->mode < XW_JOIN_MODES && memchr(who->name, '\0', sizeof(who->name));

    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return -1;
    /* Alignment leaves room for a second one. */
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
        memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
        if (!good || count != 1)
            close(fd);
    }
    return good && count == 1 ? fd : -1;
}

static void seat_newcomer(struct console *console)
{
    struct xw_join who = {0};
    int index = 0;
    int fd = receive(&who);

    if (fd < 0)
        return;
    while (index < SEATS && console->seats[index].fd >= 0)
        index++;
    if (index == SEATS) {
        if (send(fd, FULL, strlen(FULL), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            errno = 0;
        close(fd);
        return;
    }
    struct xw_seat *seat = &console->seats[index];
    xw_seat_take(seat, fd, &who, &console->ring);
    console->had_viewers = true;
    console->moved_at = now();
    if (who.mode == XW_JOIN_TAKE)
        console->taker = index;
    tell_newcomer(console, seat);
    tell_others(console, seat, "viewer");
}

/* How many bytes the one who is the furthest still has to take; all of them where nobody is. */
static uint64_t behind(const struct console *console)
{
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < SEATS; i++) {
        const struct xw_seat *seat = &console->seats[i];
        if (looks_on(seat) && console->ring.end - seat->next < least)
            least = console->ring.end - seat->next;
    }
    return least;
}

/* Whether the guest is to be read: somebody takes what it says, or nobody will. */
static bool guest_goes_on(const struct console *console)
{
    return !console->guest_ended &&
           (behind(console) < AHEAD || now() - console->moved_at >= PATIENCE);
}

static void read_guest(struct console *console)
{
    size_t size;
    char *room = xw_ring_room(&console->ring, &size);
    ssize_t n = recv(GUEST, room, size < AHEAD ? size : AHEAD, MSG_DONTWAIT);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        console->guest_ended = true;
        console->moved_at = now();
        return;
    }
    xw_ring_added(&console->ring, (size_t)n);
    for (int i = 0; i < SEATS; i++) {
        if (looks_on(&console->seats[i]))
            xw_seat_skip(&console->seats[i], &console->ring);
    }
}

static void serve_viewers(struct console *console)
{
    for (int i = 0; i < SEATS; i++) {
        struct xw_seat *seat = &console->seats[i];
        bool taken = false;
        if (!looks_on(seat))
            continue;
        if (xw_seat_send(seat, &console->ring, &taken) < 0)
            begin_to_leave(console, i);
        if (taken)
            console->moved_at = now();
    }
}

/* Keys of somebody that are held, or were just read: to the guest, or nowhere. */
static void pass_keys(struct console *console, int index)
{
    struct xw_seat *seat = &console->seats[index];
    size_t count = seat->keys_end - seat->keys_start;

    if (count == 0)
        return;
    ssize_t n = (ssize_t)count;
    if (types(console, index))
        n = send(GUEST, seat->keys + seat->keys_start, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
        seat->keys_start += (size_t)n;
        console->typed_at = now();
        if (types(console, index))
            mark_traffic(console);
    } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
        seat->keys_start = seat->keys_end;
    }
}

/* Everybody's, each first in turn, so that one who pastes doesn't keep others from typing. */
static void pass_all_keys(struct console *console)
{
    for (int i = 0; i < SEATS; i++)
        pass_keys(console, (console->turn + i) % SEATS);
    console->turn = (console->turn + 1) % SEATS;
}

static void read_keys(struct console *console, int index)
{
    if (xw_seat_read(&console->seats[index]) < 0)
        leave(console, index);
    else
        pass_keys(console, index);
}

/* Places in the poll set; behind them one for each seat. */
enum { AT_GUEST, AT_JOIN, AT_NOTICE, AT_SEATS, PLACES = AT_SEATS + SEATS };

static void prepare(const struct console *console, struct pollfd wait[PLACES])
{
    short guest = guest_goes_on(console) ? POLLIN : 0;

    for (int i = 0; i < SEATS; i++) {
        const struct xw_seat *seat = &console->seats[i];
        bool held = seat->keys_start < seat->keys_end;
        bool waits = looks_on(seat) && xw_seat_waits(seat, &console->ring);
        if (held && !console->guest_ended)
            guest = (short)(guest | POLLOUT);
        /* One who is leaving and whose keys wait has nothing to tell but that, again and again. */
        wait[AT_SEATS + i] =
            (struct pollfd){.fd = held && seat->leaving ? -1 : seat->fd,
                            .events = (short)((held ? 0 : POLLIN) | (waits ? POLLOUT : 0))};
    }
    wait[AT_GUEST] = (struct pollfd){.fd = guest ? GUEST : -1, .events = guest};
    wait[AT_NOTICE] = (struct pollfd){.fd = NOTICE, .events = POLLIN};
    wait[AT_JOIN] = (struct pollfd){.fd = console->guest_ended ? -1 : JOIN, .events = POLLIN};
}

static int until(uint64_t since, uint64_t limit)
{
    uint64_t elapsed = now() - since;

    return elapsed >= limit ? 0 : (int)(limit - elapsed);
}

static bool somebody_is_leaving(const struct console *console)
{
    for (int i = 0; i < SEATS; i++) {
        if (console->seats[i].fd >= 0 && console->seats[i].leaving)
            return true;
    }
    return false;
}

/* When to look again although nothing happens; -1: never. */
static int timeout(const struct console *console)
{
    if (!console->had_viewers)
        return until(console->moved_at, BEGINNING);
    if (console->guest_ended || !guest_goes_on(console))
        return until(console->moved_at, PATIENCE);
    return somebody_is_leaving(console) ? until(console->typed_at, LAST_KEYS) : -1;
}

/* Whether it is over: the last viewer has left or none has come, or the machine has stopped. */
static bool is_over(const struct console *console)
{
    bool somebody = false;
    bool waits = false;

    for (int i = 0; i < SEATS; i++) {
        const struct xw_seat *seat = &console->seats[i];
        somebody = somebody || seat->fd >= 0;
        waits = waits || (looks_on(seat) && xw_seat_waits(seat, &console->ring));
    }
    if (console->guest_ended)
        return !waits || until(console->moved_at, PATIENCE) == 0;
    return !somebody && (console->had_viewers || until(console->moved_at, BEGINNING) == 0);
}

static void serve_seat(struct console *console, int index, short happened)
{
    if (happened & POLLIN)
        read_keys(console, index);
    else if (happened & (POLLHUP | POLLERR))
        begin_to_leave(console, index);
    if (console->seats[index].leaving && until(console->typed_at, LAST_KEYS) == 0)
        leave(console, index);
}

static void take_turn(struct console *console, const struct pollfd wait[PLACES])
{
    if (wait[AT_GUEST].revents & (POLLIN | POLLHUP | POLLERR))
        read_guest(console);
    for (int i = 0; i < SEATS; i++) {
        if (console->seats[i].fd >= 0)
            serve_seat(console, i, wait[AT_SEATS + i].revents);
    }
    if (wait[AT_GUEST].revents & POLLOUT)
        pass_all_keys(console);
    if (wait[AT_NOTICE].revents & POLLIN)
        take_notices(console);
    if (wait[AT_JOIN].revents)
        seat_newcomer(console);
    serve_viewers(console);
}

/* What the keeper has filled in and closed. None is no harm. */
static void take_history(struct xw_ring *ring)
{
    size_t size;
    ssize_t n;

    do {
        char *room = xw_ring_room(ring, &size);
        n = read(HISTORY, room, size < AHEAD ? size : AHEAD);
        if (n > 0)
            xw_ring_added(ring, (size_t)n);
    } while (n > 0 && ring->end < XW_RELAY_HISTORY_MAX);
    close(HISTORY);
}

void xw_relay_console(void)
{
    static struct console console = {.taker = -1};

    for (int i = 0; i < SEATS; i++)
        console.seats[i].fd = -1;
    take_history(&console.ring);
    console.moved_at = now();
    mark_traffic(&console);
    while (!is_over(&console)) {
        struct pollfd wait[PLACES];
        prepare(&console, wait);
        if (poll(wait, PLACES, timeout(&console)) < 0) {
            if (errno == EINTR)
                continue;
            return;
        }
        /* Without its FIFO it would turn in circles. */
        if (wait[AT_NOTICE].revents & ~POLLIN)
            return;
        take_turn(&console, wait);
    }
}
