#include "xwhelper/relay/seat.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "xwhelper/relay/frame.h"

void xw_seat_take(struct xw_seat *seat, int fd, const struct xw_join *who,
                  const struct xw_ring *ring)
{
    uint64_t there = ring->end - xw_ring_begin(ring);

    seat->fd = fd;
    seat->who = *who;
    seat->live = ring->end;
    seat->next = ring->end - (there < XW_RELAY_HISTORY_MAX ? there : XW_RELAY_HISTORY_MAX);
    seat->skipped = false;
    seat->leaving = false;
    seat->keys_start = seat->keys_end = 0;
    seat->out[0] = XW_RELAY_ACCEPTS;
    seat->out_start = 0;
    seat->out_end = 1;
}

static void put_head(struct xw_seat *seat, char kind, size_t length)
{
    char *head = seat->out + seat->out_end;

    head[0] = kind;
    head[1] = (char)(unsigned char)(length >> 8);
    head[2] = (char)(unsigned char)length;
    seat->out_end += XW_FRAME_HEAD;
}

void xw_seat_tell(struct xw_seat *seat, const char *line)
{
    size_t length = strlen(line);

    if (length == 0 || length > XW_FRAME_WORDS_MAX ||
        sizeof(seat->out) - seat->out_end < XW_FRAME_HEAD + length)
        return;
    put_head(seat, XW_FRAME_WORDS, length);
    memcpy(seat->out + seat->out_end, line, length);
    seat->out_end += length;
}

/* One more frame of the guest's output, where all before has gone. */
static void put_output(struct xw_seat *seat, const struct xw_ring *ring)
{
    uint64_t due = ring->end - seat->next;
    size_t length = due < XW_FRAME_MAX ? (size_t)due : XW_FRAME_MAX;

    if (length == 0)
        return;
    put_head(seat, XW_FRAME_GUEST, length);
    seat->out_end += xw_ring_copy(ring, seat->next, seat->out + seat->out_end, length);
    seat->next += length;
    if (seat->next == ring->end)
        seat->skipped = false;
}

bool xw_seat_waits(const struct xw_seat *seat, const struct xw_ring *ring)
{
    return seat->out_start < seat->out_end || seat->next < ring->end;
}

int xw_seat_send(struct xw_seat *seat, const struct xw_ring *ring, bool *taken)
{
    *taken = false;
    while (xw_seat_waits(seat, ring)) {
        if (seat->out_start == seat->out_end) {
            seat->out_start = seat->out_end = 0;
            put_output(seat, ring);
        }
        ssize_t n = send(seat->fd, seat->out + seat->out_start, seat->out_end - seat->out_start,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EINTR || errno == EAGAIN ? 0 : -errno;
        *taken = true;
        seat->out_start += (size_t)n;
        if (seat->out_start < seat->out_end)
            return 0;
    }
    seat->out_start = seat->out_end = 0;
    return 0;
}

void xw_seat_skip(struct xw_seat *seat, const struct xw_ring *ring)
{
    uint64_t due = seat->next < seat->live ? seat->live - seat->next : 0;

    if (seat->next >= xw_ring_begin(ring))
        return;
    seat->next = ring->end - due;
    seat->live = ring->end;
    if (!seat->skipped)
        xw_seat_tell(seat,
                     "progress - some output was left out: it came faster than you take it\n");
    seat->skipped = true;
}

int xw_seat_read(struct xw_seat *seat)
{
    if (seat->keys_start < seat->keys_end)
        return 0;
    ssize_t n = recv(seat->fd, seat->keys, sizeof(seat->keys), MSG_DONTWAIT);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    seat->keys_start = 0;
    seat->keys_end = (size_t)n;
    return n > 0 ? 0 : -EPIPE;
}
