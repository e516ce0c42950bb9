/*
 * Building and removing worlds. Each function leaves the world as it was or in a state that the
 * same call completes; each takes the world's lock itself unless it says otherwise. The number
 * beside an owner's name is a user's uid or, where the name begins with '@', a team's gid.
 */
#ifndef XW_KEEPER_WORLD_H
#define XW_KEEPER_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/plan.h"

/* Where a world's files are; both strings are checked names. Returns 0 or -ENAMETOOLONG. */
int xw_world_path(const char *lab, const char *owner, char *path, size_t size);

/* Puts on the disk that a name was made or removed: syncs its directory (fsync(2)). */
int xw_sync_parent(const char *path, struct xw_error *err);

/* Whether the world's directory exists: 1, 0, or an errno where that can't be known. */
int xw_world_exists(const char *lab, const char *owner, struct xw_error *err);

/*
 * Makes a directory for worlds: root may list it, others only pass through by name, as QEMU does.
 * Returns 1 when it is new, 0 when it was there, or an errno.
 */
int xw_world_directory(const char *path, struct xw_error *err);

/*
 * Takes the world's lock (an OFD write lock, fcntl(2)), waiting until it is free. The lock ends
 * with the descriptor or the process. Returns a descriptor, or a negative errno.
 */
int xw_world_lock(const char *lab, const char *owner, struct xw_error *err);

enum xw_deploy_result {
    XW_DEPLOY_MADE,    /* the world is new */
    XW_DEPLOY_MENDED,  /* it existed; something of it was missing and has been made */
    XW_DEPLOY_PRESENT, /* it existed, whole */
};

/*
 * Deploys one world of a plan, idempotently: overlays of machines that have none, domains that are
 * not defined or defined otherwise than the plan says (machines that run keep their definition
 * until they stop), and the owner's record. Existing overlays are never touched.
 * A new world that can't be completed is taken back, unless libvirt is not answering.
 * Returns 0 and sets *result, or -ENOSPC, -ESTALE (a base image has changed), -EAGAIN (libvirt is
 * not answering), -EEXIST (the number was used for another name) or another errno.
 */
int xw_world_deploy(struct xw_host *host, const struct xw_plan *plan, const char *owner,
                    id_t number, enum xw_deploy_result *result, struct xw_error *err);

/*
 * Removes a world: domains, bridges, files, the owner's record of it. A machine that runs makes it
 * fail with -EBUSY unless force is set. Works on what is there, plan or not; -ENOENT when there is
 * nothing at all.
 */
int xw_world_destroy(struct xw_host *host, const char *lab, const char *owner, id_t number,
                     bool force, struct xw_error *err);

/* The same, for who holds the world's lock. */
int xw_world_destroy_locked(struct xw_host *host, const char *lab, const char *owner, id_t number,
                            bool force, struct xw_error *err);

/*
 * The same, for who holds the world's lock, of a world of which no machine was ever started: it has
 * no bridges, and what takes it back needs no right over them.
 */
int xw_world_take_back(struct xw_host *host, const char *lab, const char *owner, id_t number,
                       struct xw_error *err);

/*
 * Opens the world's directory, which is no link. Returns a descriptor; -ENOENT (there is no such
 * world) or another negative errno.
 */
int xw_world_open(const char *lab, const char *owner, struct xw_error *err);

/*
 * The uid, or a team's gid, that owns a world, from the world's own record
 * (worlds/LAB/OWNER/owner). Returns 0, -ENOENT or -EBADMSG.
 */
int xw_world_owner(const char *lab, const char *owner, id_t *number, struct xw_error *err);

/*
 * Which worlds there are: calls each with (lab, owner, data) until it returns non-zero or the end;
 * sorted by lab, then owner. lab NULL: of all labs. Returns 0, what each returned, or an errno.
 */
typedef int (*xw_world_each)(const char *lab, const char *owner, void *data);
int xw_world_list(const char *lab, xw_world_each each, void *data, struct xw_error *err);

#endif
