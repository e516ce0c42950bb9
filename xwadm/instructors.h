/*
 * Which groups look after a lab, in the records of these groups (docs/protocols.md): from there the
 * gate knows what to read before its filter is loaded. Who may do what stands in the lab's record.
 */
#ifndef XW_XWADM_INSTRUCTORS_H
#define XW_XWADM_INSTRUCTORS_H

#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

/*
 * Makes the records say that these groups look after the lab, and no others: for who holds the lock
 * of all labs. A record of another group that can't be read is noted and left. Returns 0 or a
 * negative errno; the same call completes what was cut short.
 */
int xw_instructors_write(const char *lab, const gid_t *gids, size_t count, struct xw_error *err);

#endif
