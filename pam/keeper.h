/*
 * Asks the keeper for a user's worlds (docs/protocols.md, prepare and suspend), for a bounded time.
 * Nothing is executed, no process made, no signal's handling changed; the one descriptor is closed
 * on exec.
 */
#ifndef XW_PAM_KEEPER_H
#define XW_PAM_KEEPER_H

#include "common/error.h"

enum xw_pam_prepared {
    XW_PAM_READY,    /* the keeper has ended: everything is there */
    XW_PAM_UNDER_WAY /* it has the request, and goes on without us */
};

/*
 * user is an owner's name (common/names.h). Waits at most this many seconds in all: for the
 * keeper to take the connection and the request, and for its answer. Returns 0 with *outcome;
 * -EAGAIN (it isn't there, or doesn't take the request), -EIO (it has failed in part or in whole;
 * the text is its own), -EPROTO (not an answer), or the errno of a failed call.
 */
int xw_pam_prepare(const char *user, unsigned int seconds, enum xw_pam_prepared *outcome,
                   struct xw_error *err);

/*
 * The same, that the worlds be suspended which nobody has open any more. The keeper answers when it
 * has understood, and does it then; without an answer in time it has the request all the same.
 */
int xw_pam_suspend(const char *user, unsigned int seconds, struct xw_error *err);

#endif
