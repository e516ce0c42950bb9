/*
 * One viewer, as the console's relay sees them: the stream to the viewer's relay, what waits in it
 * in both directions, and how far in the guest's output they are.
 */
#ifndef XW_RELAY_SEAT_H
#define XW_RELAY_SEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xwhelper/relay/join.h"
#include "xwhelper/relay/ring.h"

enum { XW_SEAT_KEYS = 4096, XW_SEAT_OUT = 16384 };

struct xw_seat {
    int fd; /* -1: nobody */
    struct xw_join who;
    uint64_t next; /* the guest's byte that is due */
    uint64_t live; /* the guest's first byte that is no history to them */
    bool skipped;  /* was left behind, and hasn't caught up since */
    bool leaving;  /* gone, but for keys that are due */
    size_t keys_start;
    size_t keys_end;
    size_t out_start; /* whole frames, from a frame's middle on */
    size_t out_end;
    char keys[XW_SEAT_KEYS];
    char out[XW_SEAT_OUT];
};

/*
 * Seats somebody, with the end of what the guest has written as their history: XW_RELAY_HISTORY_MAX
 * bytes at most, and then the guest's next byte.
 */
void xw_seat_take(struct xw_seat *seat, int fd, const struct xw_join *who,
                  const struct xw_ring *ring);

/*
 * Puts a line (with its newline) behind what waits. One that has no room is lost: a viewer who
 * takes nothing is told nothing.
 */
void xw_seat_tell(struct xw_seat *seat, const char *line);

/*
 * Sends what waits and what of the guest's output is due, as far as it is taken without waiting;
 * taken: whether anything was. Returns 0 or, when the viewer is gone, a negative errno.
 */
int xw_seat_send(struct xw_seat *seat, const struct xw_ring *ring, bool *taken);

/* Whether there is anything to send. */
bool xw_seat_waits(const struct xw_seat *seat, const struct xw_ring *ring);

/*
 * Where the guest's output has left the viewer behind: on with the newest, and a word about it, one
 * until they have caught up. Of history, which has been announced, as many bytes come as were due.
 */
void xw_seat_skip(struct xw_seat *seat, const struct xw_ring *ring);

/* Takes keys, if the ones before have gone. Returns 0 or, at the viewer's end, a negative errno. */
int xw_seat_read(struct xw_seat *seat);

#endif
