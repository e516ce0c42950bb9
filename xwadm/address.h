/*
 * IPv4 and IPv6 addresses of a lab.
 */
#ifndef XW_XWADM_ADDRESS_H
#define XW_XWADM_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "xwhelper/keeper/plan.h"

struct xw_address {
    unsigned int bits;   /* 32, 128, or 0: none */
    unsigned int prefix; /* 1 to bits; bits for an address without a prefix */
    unsigned char bytes[16];
};

/*
 * Reads "ADDRESS/PREFIX", or "ADDRESS" if prefix is false. The address must be one that a machine
 * can have: not a network's own, a broadcast, multicast, loopback or unspecified one.
 * Returns NULL, or what is wrong and what would be right.
 */
const char *xw_address_read(const char *text, bool prefix, struct xw_address *address);

/* Writes it in the usual form, with its prefix if asked for. text has XW_ADDRESS_SIZE bytes. */
void xw_address_write(const struct xw_address *address, bool prefix, char *text);

/* Writes the subnet of an address with a prefix: "10.1.0.0/24". */
void xw_address_write_subnet(const struct xw_address *address, char *text);

/* Whether both are the same address; the prefix doesn't matter. */
bool xw_address_same(const struct xw_address *a, const struct xw_address *b);

/* Whether `other` lies in the subnet of `address`. */
bool xw_address_in_subnet(const struct xw_address *address, const struct xw_address *other);

#endif
