/*
 * Each world runs in a cgroup of its own, beside those of all other worlds and with the same
 * weight, so that what its machines burn together costs others no more than one machine would.
 * libvirt calls it a partition: /machine/xw/HASH (xw_world_partition()).
 *
 * Where systemd runs libvirt asks systemd-machined for a scope in machine-xw-HASH.slice, which
 * systemd makes, and takes away again (contrib/systemd/machine-xw-.slice.d). Elsewhere libvirt
 * starts nothing in a partition that isn't there (src/util/vircgroup.c, virCgroupNewPartition()
 * with "create" for /machine alone): then, with the controllers of cgroup v1, the keeper makes it.
 */
#ifndef XW_KEEPER_PARTITION_H
#define XW_KEEPER_PARTITION_H

#include <stdbool.h>

#include "common/config.h"
#include "common/error.h"
#include "xwhelper/keeper/machine.h"

enum xw_partitions {
    XW_PARTITIONS_NONE,    /* worlds have none; libvirt starts machines all the same */
    XW_PARTITIONS_SYSTEMD, /* systemd makes them */
    XW_PARTITIONS_OURS,    /* the keeper does, below what xw_partitions_prepare() has made */
};

/*
 * Who makes them on this host. Asks for the presence of files only. XW_PARTITIONS_NONE leaves in
 * errno (access(2)) why: ENOENT where there are none, another where that can't be looked up.
 */
enum xw_partitions xw_partitions_find(void);

/*
 * What bounds machines on this host, with this configuration. libvirt starts none whose memory it
 * is to limit where the kernel has no controller for that, so there the limit is left out.
 */
struct xw_bounds xw_bounds_find(const struct xw_config *config);

/*
 * Makes the cgroup above all worlds' where systemd doesn't; for the keeper, when it starts.
 * Returns 0, -EOPNOTSUPP (no systemd-machined and no cgroup v1) or another errno, with the reason.
 */
int xw_partitions_prepare(struct xw_error *err);

/*
 * The world's partition is there, or systemd will see to it. Under the world's lock. Returns 0,
 * -EOPNOTSUPP where this host has none, or another errno.
 */
int xw_partition_ensure(const char *lab, const char *owner, struct xw_error *err);

/*
 * Removes the world's partition if the keeper has made it and nothing runs in it. Under the world's
 * lock. What can't be removed is left: the next start uses it.
 */
void xw_partition_remove(const char *lab, const char *owner);

#endif
