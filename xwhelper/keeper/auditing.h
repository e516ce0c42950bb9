/*
 * Whether the kernel audits. The gate can't know: with auditing off, sending a record succeeds
 * all the same, and asking takes CAP_AUDIT_CONTROL. So the keeper asks, for each request that
 * changes something, at the moment when it counts; a state that was published and read later could
 * be stale.
 */
#ifndef XW_KEEPER_AUDITING_H
#define XW_KEEPER_AUDITING_H

#include "common/error.h"

enum xw_auditing {
    XW_AUDITING_UNKNOWN, /* the kernel doesn't say: without the capability, or outside the first
                            pid namespace (audit_netlink_ok() in the kernel) */
    XW_AUDITING_OFF,
    XW_AUDITING_ON
};

/* Asks the kernel (AUDIT_GET, audit_is_enabled(3)). */
enum xw_auditing xw_auditing(void);

/*
 * Whether what changes a world may go on with the kernel's auditing as it is (xworlds.conf(5),
 * audit). Returns 0, -EAGAIN, or a negative errno where the configuration can't be read.
 */
int xw_auditing_require(enum xw_auditing state, struct xw_error *err);

/* on, off, unknown */
const char *xw_auditing_word(enum xw_auditing state);

#endif
