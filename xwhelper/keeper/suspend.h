/*
 * Suspending a world: the memory of its machines is saved on the disk (libvirt's managed save), and
 * the next start lets each go on where it was.
 */
#ifndef XW_KEEPER_SUSPEND_H
#define XW_KEEPER_SUSPEND_H

#include "common/error.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/plan.h"

/*
 * For who holds the world's lock: suspends every machine of the world that runs, also those that
 * its plan doesn't have any more, one after the other. All of them or none: where one can't be
 * saved, those that were saved before it go on again, as far as the plan (NULL: there is none) and
 * the limits admit them; whoever is killed in between leaves what the next call completes. Machines
 * that are paused, or whose memory the disk has no room for beyond disk-reserve, keep the world on.
 * Sends `done` and `fail` lines to the peer, and notices to open consoles. Returns an exit code:
 * XW_EXIT_OK, also where nothing runs, or XW_EXIT_FAILED, with *err saying why; or -EAGAIN when
 * libvirt has gone.
 */
int xw_suspend_machines(int peer, struct xw_host *host, const char *lab, const char *owner,
                        const struct xw_plan *plan, struct xw_error *err);

#endif
