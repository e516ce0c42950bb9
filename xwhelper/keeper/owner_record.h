/*
 * Owners' records (docs/protocols.md): which labs an owner has a world in, and which ones the user
 * or the group looks after. The keeper writes them when it deploys, extends and destroys, xwadm
 * when it applies a lab; writers exclude each other by an OFD lock on owners/.lock.
 *
 * An owner is a user or, with an '@' before its name, a group: the number beside the name is the
 * uid or the gid.
 */
#ifndef XW_KEEPER_OWNER_RECORD_H
#define XW_KEEPER_OWNER_RECORD_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "common/error.h"

/* Whether the number may be this name: 0, also without a record; -EEXIST for another; an errno. */
int xw_owner_check(id_t number, const char *name, struct xw_error *err);

/*
 * Adds a lab to the owner's record; makes the record if need be. Returns 0, also when the lab is
 * there already, -EEXIST (the record is about another name), -E2BIG (too many labs) or an errno.
 */
int xw_owner_grant(id_t number, const char *name, const char *lab, struct xw_error *err);

/*
 * Sets the time to which a lab is extended for its owner, or takes it back with 0. Returns 0,
 * -ENOENT (no world of this lab), -EEXIST (the record is about another name) or an errno.
 */
int xw_owner_extend(id_t number, const char *name, const char *lab, time_t until,
                    struct xw_error *err);

/*
 * Takes a lab, and its extension, out of the record, and the record away with the last that it
 * says. Of the name, only the kind of the owner matters. Returns 0 or an errno.
 */
int xw_owner_revoke(id_t number, const char *name, const char *lab, struct xw_error *err);

/*
 * Writes down whether a user, or a group with its '@', looks after a lab; makes the record if need
 * be, and takes it away with the last that it says. Returns 0, also when it is so already, -EEXIST
 * (the record is about another name), -E2BIG (too many labs) or an errno.
 */
int xw_owner_instructs(id_t number, const char *name, const char *lab, bool instructs,
                       struct xw_error *err);

#endif
