/*
 * What the keeper knows of who asks and of the world that is asked for: by the kernel's word and
 * our own records, never by what the request says.
 */
#ifndef XW_KEEPER_AUTHORITY_H
#define XW_KEEPER_AUTHORITY_H

#include <stdbool.h>
#include <time.h>

#include "common/access.h"
#include "common/record.h"
#include "common/request.h"

struct xw_authority {
    int owners; /* the directories of the records; the caller opens and closes them */
    int labs;
    struct xw_caller caller;
    time_t now; /* when it is decided */
    bool has_own;
    struct xw_owner own;     /* the caller's own record, with has_own */
    struct xw_owner owner;   /* whose world it is; for `list`, the caller's own */
    struct xw_access access; /* the lab's record */
};

/* Whether the caller, or a group of theirs, looks after any lab. owners and caller must be set. */
bool xw_authority_instructs(const struct xw_authority *authority);

/*
 * Decides a request (xw_access_decide()) for a caller, and fills in the rest. A record that can't
 * be read refuses. The record of a lab is opened only where one of the caller or of a group of
 * theirs names it, and that of another's world only for who instructs its lab.
 */
enum xw_decision xw_authority_decide(struct xw_authority *authority,
                                     const struct xw_request *request);

/*
 * Reads the record of a team that the caller is in: of the group at this index, below the caller's
 * count. False where the group has none, or its gid has been given to another.
 */
bool xw_authority_team(const struct xw_authority *authority, size_t index, struct xw_owner *team);

/*
 * Reads the record of the owner of a world that is there. Returns 0, -ENOENT (there is no such
 * world, or no record), or another negative errno.
 */
int xw_authority_owner_of(int owners, const char *lab, const char *name, struct xw_owner *owner,
                          struct xw_error *err);

/*
 * Closes the directories of the records, through which all of them could be read: for who becomes
 * the reader, when everything that takes them has been read.
 */
void xw_authority_close(const struct xw_authority *authority);

/* Tells the peer what the lab's window is for an owner, where it has one. */
void xw_authority_tell_window(const struct xw_authority *authority, int peer,
                              const struct xw_owner *owner, const struct xw_access *access);

/* "" for the caller's own world, the owner's name for another: as worlds are told to a caller. */
const char *xw_authority_label(const struct xw_authority *authority, const struct xw_owner *owner);

/* The caller's name, for others to be told; one who instructs needs no record of their own. */
const char *xw_authority_name(const struct xw_authority *authority);

#endif
