/*
 * The gate's two changes of identity: once to the student, to be seen by the keeper; then to
 * xwhelper, for good.
 */
#ifndef XW_GATE_IDENTITY_H
#define XW_GATE_IDENTITY_H

#include <sys/types.h>

#include "common/access.h"
#include "common/error.h"

/*
 * First lines of main: at least one argument, descriptors 0 to 2 open (on /dev/null where they
 * weren't), everything from `keep` on closed, no environment, default signals, no timer, hard
 * limits that suffice, soft ones raised to them, no core, umask 077, the root as directory, not
 * dumpable. Aborts the process when the kernel refuses any of it.
 */
void xw_gate_sanitize(int argc, char *const argv[], int keep);

/* The real uid of whoever executed us, and the kernel's list of its groups; aborts on failure. */
void xw_gate_caller(struct xw_caller *caller);

/*
 * Connects to the keeper with the effective uid of the student (unix(7): SO_PEERCRED is taken at
 * connect) and becomes xwhelper in all three uids and gids whatever comes of it; every change is
 * read back and a failed one aborts. Of capabilities it keeps at most CAP_AUDIT_WRITE. Returns a
 * descriptor or a negative errno.
 */
int xw_gate_connect_and_drop(uid_t student);

#endif
