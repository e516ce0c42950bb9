/*
 * The last bytes that a guest has written, by their number since the console was opened. The
 * newest push the oldest out.
 */
#ifndef XW_RELAY_RING_H
#define XW_RELAY_RING_H

#include <stddef.h>
#include <stdint.h>

enum { XW_RING_SIZE = 262144 };

/* Start with { 0 }. */
struct xw_ring {
    uint64_t end; /* the number of the next byte */
    char data[XW_RING_SIZE];
};

/* The number of the oldest byte that is there. */
uint64_t xw_ring_begin(const struct xw_ring *ring);

/* Where the next bytes go, and how many have room there in one piece: at least one. */
char *xw_ring_room(struct xw_ring *ring, size_t *size);

/* Says that so many have been put there. */
void xw_ring_added(struct xw_ring *ring, size_t count);

/* Copies bytes from a number on, which must be there; as many as have room. Returns how many. */
size_t xw_ring_copy(const struct xw_ring *ring, uint64_t from, char *bytes, size_t size);

#endif
