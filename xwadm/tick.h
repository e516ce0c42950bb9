/*
 * The parts of `xwadm tick`. Each world is stopped by a process of its own, which tells what it
 * does in the keeper's lines (docs/protocols.md): one that waits keeps no other waiting.
 */
#ifndef XW_XWADM_TICK_H
#define XW_XWADM_TICK_H

#include <json-c/json.h>
#include <stdbool.h>

#include "common/access.h"
#include "common/exitcode.h"
#include "xwadm/domains.h"
#include "xwadm/idle_file.h"
#include "xwadm/worlds.h"

#define XW_TICK_PERIOD    60 /* seconds between two passes of xworlds-tick.timer */
#define XW_TICK_LOCK_WAIT 10 /* seconds that a world that is being worked on is waited for */

/* How such a process ends, besides with what common/exitcode.h has. */
enum xw_tick_exit {
    XW_TICK_LOCKED = 100, /* somebody works on the world */
    XW_TICK_HANGS = 101,  /* libvirt didn't answer */
};

/*
 * Under the world's lock, stops the machines that are on if the world's time is up still. For a
 * process of its own, without a connection to libvirt. peer is where the lines go.
 */
int xw_tick_stop(const struct xw_world_name *world, int labs, int peer);

/*
 * Looks at all running worlds, judges them by what the pass before saw (idle.h), warns open
 * consoles, and keeps what was seen in XW_IDLE_DIR; nothing where no lab is to be suspended.
 * *due has the worlds that are to be suspended, as they were seen. With dry_run nobody is warned
 * and nothing kept. Returns 0 or a negative errno; the caller frees *due also then.
 */
int xw_tick_look(int labs, bool dry_run, struct xw_idle_look *due, struct xw_error *err);

/*
 * As xw_tick_stop(): under the world's lock, suspends it if it is still as it was seen to be.
 */
int xw_tick_suspend(const struct xw_idle_world *seen, int labs, int peer);

/* What has come of the pass so far. */
struct xw_tick_report {
    struct json_object *worlds; /* NULL: lines of text */
    bool failed;
    bool try_again;
};

/*
 * Reports a world of which a process has ended: what it said, from the descriptor to its end, and
 * how it ended (waitpid(2)). Of what is as it was, nothing is said. Without a window it is one that
 * is suspended, not stopped.
 */
void xw_tick_report_stopped(struct xw_tick_report *report, const struct xw_world_name *world,
                            const struct xw_window *window, int fd, int status);

/* Reports what would be stopped, or without a window suspended. */
void xw_tick_report_due(struct xw_tick_report *report, const struct xw_world_name *world,
                        const struct xw_window *window, const struct xw_domains *domains);

#endif
