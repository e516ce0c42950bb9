/*
 * What a topology's interfaces come to: the segment of each by its number, the subnet of each
 * segment, and addresses as they are shown. For the drawing and for the words.
 */
#ifndef XW_XWSH_TOPOLOGY_WIRING_H
#define XW_XWSH_TOPOLOGY_WIRING_H

#include "xwsh/topology.h"

#define XW_SUBNET_SIZE 64

/* An interface that is on a segment. */
struct xw_wire {
    size_t segment;
    bool has_address;
    char address[XW_SUBNET_SIZE]; /* without its prefix where the segment's subnet tells that, or
                                     "no address"; unsafe to show */
};

struct xw_machine_wires {
    size_t count;
    const struct xw_wire *wires;
};

struct xw_wiring {
    char (*subnets)[XW_SUBNET_SIZE]; /* of each segment: the one that all addresses are in, or "" */
    struct xw_machine_wires *machines; /* of each machine */
    struct xw_wire *wires;
};

/* Returns 0 or -ENOMEM; the caller frees in both cases. */
int xw_wiring_make(const struct xw_topology *topology, struct xw_wiring *wiring);

void xw_wiring_free(struct xw_wiring *wiring);

#endif
