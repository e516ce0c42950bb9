/*
 * What bounds worlds on this host only on paper.
 */
#ifndef XW_XWADM_ENFORCED_H
#define XW_XWADM_ENFORCED_H

#include <json-c/json.h>
#include <stdbool.h>

#include "xwadm/worlds.h"

/*
 * Says so, once for all of these worlds: where they have no cgroups of their own, and where the
 * limit of their disk (xworlds.conf(5), disk-per-world) is not in force. With object, that is
 * told there instead, as "cgroups" and "disk_unlimited" (a number of worlds). Returns whether all
 * of it could be looked up; what couldn't be is said, and left out.
 */
bool xw_tell_unenforced(const struct xw_worlds *worlds, struct json_object *object);

#endif
