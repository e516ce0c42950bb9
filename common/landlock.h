/*
 * Landlock (landlock(7)): which files a process may still reach. Where the kernel has none, the
 * seccomp filter and the uid are what confines.
 */
#ifndef XW_COMMON_LANDLOCK_H
#define XW_COMMON_LANDLOCK_H

#include <errno.h>

#include "common/policy.h"

#define XW_LANDLOCK_NONE (-EOPNOTSUPP)

/* The version of the kernel's Landlock, from 1; 0 where there is none. */
int xw_landlock_version(void);

/*
 * Denies this process every access to files that the table doesn't list, TCP, abstract UNIX
 * sockets of others and signals to others, as far as the kernel's version knows them.
 * no_new_privs must be set. Returns 0, XW_LANDLOCK_NONE, or a negative errno.
 */
int xw_landlock_enter(const struct xw_reach *reach);

#endif
