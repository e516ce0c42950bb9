/*
 * Until when: what is written behind `xwadm extend LAB USER`.
 */
#ifndef XW_XWADM_EXTENSION_H
#define XW_XWADM_EXTENSION_H

#include <time.h>

#include "common/error.h"

/*
 * Reads "30m", "12h", "2d" or "1w", counted from closes or from now, whichever is later, or a time
 * of the host's clock (local_time.h). A day is one of the calendar: it ends at the same time of
 * day. Returns NULL, or what is wrong with it. No I/O but the time zone's.
 */
const char *xw_extension_time(const char *text, time_t closes, time_t now, time_t *until);

/*
 * The time to which a lab that closes at `closes` (0: never) is extended by that text. Returns 0,
 * -EDOM (the text is none) or -ERANGE (it is no extension, or past), with words.
 */
int xw_extension_find(const char *lab, const char *text, time_t closes, time_t now, time_t *until,
                      struct xw_error *err);

#endif
