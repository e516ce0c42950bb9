/*
 * The last steps of a child that is about to become the relay of one viewer: for hours, perhaps.
 */
#ifndef XW_KEEPER_OPENING_H
#define XW_KEEPER_OPENING_H

#include <time.h>

#include "common/error.h"
#include "xwhelper/keeper/verbs.h"

/*
 * What ends it when the lab closes: readable from then on, by the clock of the wall, so that it
 * follows when that is set. until 0: never. what is named when it fails, like "The console of web".
 * Returns a descriptor, which the caller closes, or a negative errno.
 */
int xw_opening_timer(time_t until, const char *what, struct xw_error *err);

/* Tells the journal that it opens; its end is the listener's to tell. */
void xw_opening_tell(const struct xw_opening *opening);

/*
 * Becomes the relay between the machine's end, a connected stream socket, and the job's viewer
 * (xwhelper/relay/stream.c), after the journal has been told.
 */
_Noreturn void xw_opening_stream(const struct xw_job *job, int machine, int timer);

#endif
