/*
 * What a closed lab makes due: worlds that stop, and later worlds that go. No I/O, no clock.
 */
#ifndef XW_XWADM_DUE_H
#define XW_XWADM_DUE_H

#include <stdbool.h>
#include <time.h>

#include "common/access.h"

/*
 * Whether the machines of a world with this window (xw_access_window()) are to be stopped: it has
 * closed, the grace time and the owner's extension included.
 */
bool xw_due_stop(const struct xw_window *window);

/* Whether at this time it has been so for as many days: the world is to be removed. */
bool xw_due_purge(const struct xw_window *window, unsigned int days, time_t now);

#endif
