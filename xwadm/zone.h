/*
 * The time zones of this host: /usr/share/zoneinfo, the data base of IANA.
 */
#ifndef XW_XWADM_ZONE_H
#define XW_XWADM_ZONE_H

#include <stddef.h>

#include "common/error.h"
#include "xwadm/local_time.h"

/* The names of all zones, with other names for them; the caller frees with xw_zones_free(). */
struct xw_zones {
    size_t count;
    const char **names; /* into text */
    char *text;
};

/* Reads the list. Returns 0, also where the host has none (count 0), or a negative errno. */
int xw_zones_read(struct xw_zones *zones, struct xw_error *err);

void xw_zones_free(struct xw_zones *zones);

#define XW_AUTO_ZONES __attribute__((cleanup(xw_zones_free))) struct xw_zones

/*
 * xw_local_time_find() in a zone: one of the list, or "" for the host's. The process's own zone is
 * what it was afterwards. Other threads must not ask for local times meanwhile.
 */
int xw_zone_time(const char *zone, const struct xw_local_time *local, time_t *first, time_t *last,
                 struct xw_error *err);

#endif
