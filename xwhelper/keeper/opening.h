/*
 * What is the same of everything that opens something of a machine's, and goes on by a relay.
 */
#ifndef XW_KEEPER_OPENING_H
#define XW_KEEPER_OPENING_H

#include <time.h>

#include "common/error.h"
#include "xwhelper/keeper/verbs.h"

/*
 * What ends it when the lab closes: a descriptor that is readable from then on, by the clock of the
 * wall, so that it follows when that is set. until 0: never. Returns it or a negative errno.
 */
int xw_opening_timer(time_t until, const char *machine, struct xw_error *err);

/* The journal's entry of the beginning; the listener tells the end. */
void xw_opening_tell(const struct xw_opening *opening);

#endif
