/*
 * Points in time as an administrator types them.
 */
#ifndef XW_XWADM_AUDIT_TIME_H
#define XW_XWADM_AUDIT_TIME_H

#include <stdint.h>
#include <time.h>

/*
 * Reads `today`, `yesterday` (their midnight), `all` (0), `30m`, `2h`, `7d` (so long before now),
 * `2026-11-24`, `2026-11-24 10:30[:00]` with a blank or T between: local time, or UTC with Z.
 * Returns 0 and microseconds since 1970, or -EINVAL.
 */
int xw_audit_when(const char *text, time_t now, uint64_t *usec);

#endif
