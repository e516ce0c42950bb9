/*
 * How much of the host's disk one world may take: a project quota on the world's directory, where
 * the file system that holds it enforces them (ext4 or XFS mounted with prjquota). A project is a
 * number that files have; what is made in a directory inherits its (ioctl_xfs_fsgetxattr(2)); the
 * limit is the kernel's (quotactl(2)). Who shares a file system with nothing of the kind shares the
 * disk: then only disk-reserve (xworlds.conf(5)) and the disks' own sizes bound a world.
 */
#ifndef XW_KEEPER_QUOTA_H
#define XW_KEEPER_QUOTA_H

#include <stdint.h>

#include "common/error.h"

/*
 * quotactl(2)'s QCMD(Q_SETQUOTA, PRJQUOTA), of linux/quota.h, which can't be read beside
 * sys/quota.h, whose QCMD() shifts a signed number out of its range.
 */
#define XW_SET_PROJECT_LIMIT (0x800008U << 8 | 2)

/* A world's project: 31 bits of its names, and the highest set, where no administrator counts. */
uint32_t xw_quota_project(const char *lab, const char *owner);

/*
 * Gives the world's directory and what lies in it the world's project, and that the limit in MiB;
 * with 0, takes the limit away where there is one. Under the world's lock. Files of others are left
 * to who has CAP_FOWNER; the limit takes CAP_SYS_ADMIN.
 * Returns 1 where the limit is in force, 0 where there is none or nothing would enforce it, -EPERM
 * without the capability, or another errno.
 */
int xw_quota_set(const char *lab, const char *owner, unsigned int limit, struct xw_error *err);

/* What a world may take of the disk and what is left of it, in MiB. */
struct xw_quota {
    unsigned long long limit; /* 0: no limit is in force */
    unsigned long long left;
};

/* Takes no capability: statfs(2) speaks of the project. Returns 0 or an errno. */
int xw_quota_ask(const char *lab, const char *owner, struct xw_quota *quota, struct xw_error *err);

/*
 * Whether a machine of the world could write at all: 0, or -EDQUOT with err saying what to do. A
 * world that can't be asked for has room.
 */
int xw_quota_has_room(const char *lab, const char *owner, struct xw_error *err);

#endif
