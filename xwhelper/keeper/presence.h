/*
 * Whether a person is still here.
 */
#ifndef XW_KEEPER_PRESENCE_H
#define XW_KEEPER_PRESENCE_H

#include <sys/types.h>

#include "common/error.h"

/*
 * Waits until no process of that real uid is left (proc(5), zombies don't count), for at most so
 * many seconds: what a session leaves behind takes a moment to end. Returns 1: nobody is here; 0:
 * somebody still is; or a negative errno.
 */
int xw_presence_wait(uid_t uid, unsigned int seconds, struct xw_error *err);

#endif
