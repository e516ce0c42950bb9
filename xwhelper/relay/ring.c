#include "xwhelper/relay/ring.h"

#include <string.h>

uint64_t xw_ring_begin(const struct xw_ring *ring)
{
    return ring->end > XW_RING_SIZE ? ring->end - XW_RING_SIZE : 0;
}

char *xw_ring_room(struct xw_ring *ring, size_t *size)
{
    size_t at = (size_t)(ring->end % XW_RING_SIZE);

    *size = XW_RING_SIZE - at;
    return ring->data + at;
}

void xw_ring_added(struct xw_ring *ring, size_t count)
{
    ring->end += count;
}

size_t xw_ring_copy(const struct xw_ring *ring, uint64_t from, char *bytes, size_t size)
{
    size_t at = (size_t)(from % XW_RING_SIZE);
    size_t count = (size_t)(ring->end - from);

    if (count > size)
        count = size;
    size_t piece = count < XW_RING_SIZE - at ? count : XW_RING_SIZE - at;
    memcpy(bytes, ring->data + at, piece);
    memcpy(bytes + piece, ring->data, count - piece);
    return count;
}
