/*
 * Which machines of the host somebody may hear of. Pure: no I/O.
 */
#ifndef XW_READER_SIGHT_H
#define XW_READER_SIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/names.h"
#include "common/record.h"

/* A world; or, without an owner, every world of a lab. */
struct xw_sight {
    const struct xw_access *access; /* the lab, with its machines */
    char owner[XW_NAME_SIZE];
};

/* The names in that of a machine's domain. */
struct xw_seen {
    char lab[XW_NAME_SIZE];
    char owner[XW_NAME_SIZE];
    char machine[XW_NAME_SIZE];
};

/*
 * Whether a domain of this name is a machine of one of the worlds, and which: exactly
 * "xw:LAB:OWNER:MACHINE", each in its grammar, the machine one of its lab.
 */
bool xw_sight_has(const struct xw_sight *sights, size_t count, const char *domain,
                  struct xw_seen *seen);

#endif
