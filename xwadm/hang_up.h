/*
 * Ending what still has a group: the consoles and the sessions of a person who has been taken out.
 */
#ifndef XW_XWADM_HANG_UP_H
#define XW_XWADM_HANG_UP_H

#include <stddef.h>

#include "common/error.h"
#include "xwadm/holders.h"

struct xw_hung_up {
    size_t processes;
    size_t consoles;
    size_t under_way; /* requests that were accepted before, and go on */
};

/*
 * Ends all processes that hold any of it, and all consoles that such a process has opened, until
 * none is left: also those that were begun meanwhile, and a console whose data goes to somebody
 * else. Other processes of that uid, which never had the group, go on. In this order:
 *   consoles       the viewer's line is hung up, so that gate and keeper record an ordinary end;
 *   at once        SIGHUP to those that are no parent of another, as when the terminal goes: xwsh
 *                  leaves the terminal as it was, and sshd, having passed that on, ends by itself;
 *   after a second SIGHUP and SIGTERM to all that are left;
 *   after three    SIGKILL.
 * So ends a reader that serves them, which may be a stream of events, where it doesn't by itself;
 * it is counted nowhere.
 * A request that the keeper had accepted is waited for as long as one could still become a console;
 * what is under way then (a stop, a start) goes on to its own end and is counted.
 * Done is when nothing was found twice, with a moment in between, in which a login that was under
 * way when the groups changed has shown itself. Returns 0, -EBUSY (some don't end) or another
 * errno, with *done up to there.
 */
int xw_hang_up(const struct xw_held *held, struct xw_hung_up *done, struct xw_error *err);

#endif
