/*
 * A look at what running machines have done: by libvirt's statistics of domains, the sizes of their
 * consoles' logs, and the notices of their consoles.
 */
#ifndef XW_XWADM_IDLE_TAKE_H
#define XW_XWADM_IDLE_TAKE_H

#include "common/error.h"
#include "xwadm/idle_file.h"
#include "xwhelper/keeper/host.h"

/*
 * Looks at the machines that are on, of one world, or of all worlds where lab and owner are NULL. A
 * machine of which something can't be known, or that is paused, is seen as one that is typed to all
 * the time. Returns 0 or a negative errno; the caller frees *look also then.
 */
int xw_idle_take(struct xw_host *host, const char *lab, const char *owner,
                 struct xw_idle_look *look, struct xw_error *err);

#endif
