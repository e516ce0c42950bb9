/*
 * The time of day: asked once a request, and handed on from there.
 */
#ifndef XW_COMMON_CLOCK_H
#define XW_COMMON_CLOCK_H

#include <time.h>

/* UTC seconds. Tests have one of their own. */
time_t xw_clock_now(void);

#endif
