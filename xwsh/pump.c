#include "xwsh/pump.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "xwsh/tty.h"

enum { STALLED_MS = 3000 };

int64_t xw_pump_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t room(const struct xw_pump *pump)
{
    return sizeof(pump->waiting) - pump->count;
}

static bool is_full(const struct xw_pump *pump)
{
    return room(pump) < XW_PUMP_CHUNK;
}

static bool is_stalled(const struct xw_pump *pump)
{
    return pump->in_tty && xw_pump_now() - pump->moved_at >= STALLED_MS;
}

bool xw_pump_wants_input(const struct xw_pump *pump)
{
    return !pump->in_ended && (!is_full(pump) || is_stalled(pump));
}

int xw_pump_timeout(const struct xw_pump *pump)
{
    if (!is_full(pump) || !pump->in_tty || is_stalled(pump))
        return -1;
    return (int)(pump->moved_at + STALLED_MS - xw_pump_now());
}

enum xw_pump_end xw_pump_show(struct xw_pump *pump, const char *bytes, size_t count)
{
    xw_guest_follow(&pump->guest, bytes, count);
    if (xw_write_all(STDOUT_FILENO, bytes, count) < 0)
        return XW_PUMP_GONE;
    if (pump->saw && count > 0)
        pump->saw(pump->data, bytes, count);
    return XW_PUMP_GOES_ON;
}

enum xw_pump_end xw_pump_from_guest(struct xw_pump *pump)
{
    char bytes[XW_PUMP_CHUNK];
    ssize_t got = recv(pump->socket, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return XW_PUMP_GOES_ON;
    if (got <= 0)
        return XW_PUMP_CLOSED;
    size_t over = (size_t)got < pump->passed_over ? (size_t)got : pump->passed_over;
    pump->passed_over -= over;
    return xw_pump_show(pump, bytes + over, (size_t)got - over);
}

static void append(struct xw_pump *pump, const char *bytes, size_t count)
{
    if (pump->watching || count > room(pump))
        return;
    /* An idle guest has not stalled: the time counts from the first byte that waits. */
    if (pump->count == 0)
        pump->moved_at = xw_pump_now();
    memmove(pump->waiting, pump->waiting + pump->start, pump->count);
    pump->start = 0;
    memcpy(pump->waiting + pump->count, bytes, count);
    pump->count += count;
}

void xw_pump_note_quiet(struct xw_pump *pump)
{
    int64_t now = xw_pump_now();
    int64_t since = now - pump->typed_at;

    pump->typed_at = now;
    if (since > pump->quiet)
        pump->quiet = since;
}

size_t xw_pump_escape(struct xw_pump *pump, const char *bytes, size_t count)
{
    int behind = 0;

    if (ioctl(STDIN_FILENO, FIONREAD, &behind) < 0)
        behind = 0;
    return xw_escape_scan(&pump->escape, bytes, count, XW_PUMP_CHUNK, behind > 0);
}

enum xw_pump_end xw_pump_from_input(struct xw_pump *pump)
{
    char bytes[XW_PUMP_CHUNK];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return XW_PUMP_GOES_ON;
    if (got <= 0 && pump->in_tty)
        return XW_PUMP_GONE;
    if (got <= 0) {
        pump->in_ended = true;
        return xw_pump_to_guest(pump);
    }
    xw_pump_note_quiet(pump);
    const size_t escape = pump->in_tty ? xw_pump_escape(pump, bytes, (size_t)got) : 0;
    if (escape == 0)
        return xw_pump_type(pump, bytes, (size_t)got);
    pump->key = '\0';
    if ((size_t)got > escape)
        pump->key = bytes[escape];
    return XW_PUMP_ESCAPE;
}

enum xw_pump_end xw_pump_type(struct xw_pump *pump, const char *bytes, size_t count)
{
    append(pump, bytes, count);
    return xw_pump_to_guest(pump);
}

enum xw_pump_end xw_pump_to_guest(struct xw_pump *pump)
{
    if (pump->count > 0) {
        ssize_t sent = send(pump->socket, pump->waiting + pump->start, pump->count,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        /* That the other side is gone shows when its last output has been read. */
        if (sent <= 0)
            return XW_PUMP_GOES_ON;
        pump->start += (size_t)sent;
        pump->count -= (size_t)sent;
        pump->moved_at = xw_pump_now();
    }
    if (pump->count == 0)
        pump->start = 0;
    if (pump->count == 0 && pump->in_ended && !pump->watching)
        shutdown(pump->socket, SHUT_WR);
    return XW_PUMP_GOES_ON;
}
