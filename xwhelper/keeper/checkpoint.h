/*
 * Checkpoints as QEMU keeps them: internal snapshots of a machine's overlay, with the memory of one
 * that ran. libvirt's own record of a snapshot holds a whole domain XML, which it would define and
 * start from. So nothing of that is ever kept or believed: libvirt is told of a snapshot with the
 * XML that the keeper makes from the plan today, does its work, and is made to forget it. For that
 * reason, too, a domain has no snapshot that would keep it from being migrated or undefined.
 */
#ifndef XW_KEEPER_CHECKPOINT_H
#define XW_KEEPER_CHECKPOINT_H

#include <libvirt/libvirt.h>
#include <limits.h>
#include <uuid/uuid.h>

#include "xwhelper/keeper/checkpoint_record.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/verbs.h"

/* The name of the state that the image's template brings; no checkpoint may have it. */
#define XW_PRISTINE "pristine"

/* One machine whose checkpoints are worked on, under the world's lock. */
struct xw_checkpoint_site {
    struct xw_host *host;
    const char *name; /* the machine's; borrowed */
    virDomainPtr domain;
    char *xml;                     /* what the keeper would define today */
    char definition[UUID_STR_LEN]; /* xw_checkpoint_digest() of it, without bounds */
    char overlay[PATH_MAX];
};

/*
 * Finds the machine's domain, or defines it. Returns 0, -ESTALE (another image), -EAGAIN or another
 * negative errno; xw_checkpoint_close() is for both, and for a site that is all zero.
 */
int xw_checkpoint_open(struct xw_host *host, const struct xw_job *job,
                       const struct xw_plan_machine *planned, struct xw_checkpoint_site *site,
                       struct xw_error *err);
void xw_checkpoint_close(struct xw_checkpoint_site *site);

/*
 * Tells one definition of a machine from another: a UUIDv5 of the XML in the name space of the
 * machine's own UUID. Memory can only go on in the machine that it was saved from.
 */
void xw_checkpoint_digest(const struct xw_machine *machine, const char *xml,
                          char digest[UUID_STR_LEN]);

/*
 * Saves the state under a checkpoint's name, with memory if the domain runs or is paused; it goes
 * on as it was. Returns 0, -ENOSPC, -EAGAIN or -EIO.
 */
int xw_checkpoint_take(const struct xw_checkpoint_site *site, const char *name, bool memory,
                       struct xw_error *err);

/*
 * Puts the machine, which is off and has no saved memory, back to a checkpoint or to XW_PRISTINE.
 * With memory it runs afterwards.
 */
int xw_checkpoint_restore(const struct xw_checkpoint_site *site, const char *name, bool memory,
                          struct xw_error *err);

/* Removes the state; that there is none is no error. */
int xw_checkpoint_drop(const struct xw_checkpoint_site *site, const char *name,
                       struct xw_error *err);

/*
 * Completes what was interrupted: of every checkpoint that is not kept the state is removed, a
 * machine that was paused for one goes on, and the record is written. Returns 0 or a negative
 * errno.
 */
int xw_checkpoints_mend(struct xw_host *host, const struct xw_job *job,
                        struct xw_checkpoints *checkpoints, struct xw_error *err);

/* What stands against a new checkpoint. Sizes are in MiB. */
struct xw_checkpoint_room {
    unsigned int most;        /* checkpoints of one machine; 0: no limit */
    unsigned long long limit; /* what the disks of a world may take; 0: no limit */
    unsigned long long used;  /* what they take */
    unsigned long long needs; /* what is to be saved, at most */
    unsigned long long disk_available;
    unsigned long long disk_reserve;
};

/*
 * The rule, for one machine of those that are to have a new checkpoint. Pure: no I/O. Returns 0, or
 * -EDQUOT with err saying which limit, what uses it, and what to delete.
 */
int xw_checkpoint_admit(const struct xw_checkpoints *checkpoints, const char *machine,
                        const struct xw_checkpoint_room *room, struct xw_error *err);

#endif
