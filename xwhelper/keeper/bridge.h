/*
 * The bridges of segments. A bridge has no address and no IPv6: the host is not on the segment.
 */
#ifndef XW_KEEPER_BRIDGE_H
#define XW_KEEPER_BRIDGE_H

#include "common/error.h"

/* Makes the bridge if it isn't there, and sets it up. Returns 0 or a negative errno. */
int xw_bridge_ensure(const char *name, struct xw_error *err);

/* Takes the bridge down and removes it. Returns 0, also when there is none, or an errno. */
int xw_bridge_remove(const char *name, struct xw_error *err);

#endif
