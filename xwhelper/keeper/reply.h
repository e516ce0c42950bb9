/*
 * The keeper's lines to the gate (docs/protocols.md).
 */
#ifndef XW_KEEPER_REPLY_H
#define XW_KEEPER_REPLY_H

#include "common/error.h"

/*
 * Sends one line; control bytes become '?'. A peer that is gone or doesn't read is no error; it is
 * told nothing more, so that no answer with a line missing comes to its `end`.
 */
void xw_reply(int peer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sends `error TEXT` and `end CODE` for a failure and returns the code (common/exitcode.h). */
int xw_reply_failure(int peer, const struct xw_error *err);

#endif
