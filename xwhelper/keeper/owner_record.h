/*
 * Owners' records (docs/protocols.md): which labs a uid has a world in. The keeper writes them
 * when it deploys and destroys; writers exclude each other by an OFD lock on owners/.lock.
 */
#ifndef XW_KEEPER_OWNER_RECORD_H
#define XW_KEEPER_OWNER_RECORD_H

#include <sys/types.h>
#include <time.h>

#include "common/error.h"

/* Whether the uid may be this name: 0, also without a record; -EEXIST for another; an errno. */
int xw_owner_check(uid_t uid, const char *name, struct xw_error *err);

/*
 * Adds a lab to the record of uid; makes the record if need be. Returns 0, also when the lab is
 * there already, -EEXIST (the record is about another name), -E2BIG (too many labs) or an errno.
 */
int xw_owner_grant(uid_t uid, const char *name, const char *lab, struct xw_error *err);

/*
 * Sets the time to which a lab is extended for its owner, or takes it back with 0. Returns 0,
 * -ENOENT (no world of this lab), -EEXIST (the record is about another name) or an errno.
 */
int xw_owner_extend(uid_t uid, const char *name, const char *lab, time_t until,
                    struct xw_error *err);

/* Takes a lab, and its extension, out of the record, and the record away with its last lab. Returns
 * 0 or an errno. */
int xw_owner_revoke(uid_t uid, const char *lab, struct xw_error *err);

#endif
