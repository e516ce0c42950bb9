/*
 * The beginning of a console's stream: what the guest wrote before this viewer came. It is taken
 * off the stream and shown as the screen that it left (replay.h); the stream goes on from there.
 */
#ifndef XW_XWSH_HISTORY_H
#define XW_XWSH_HISTORY_H

#include <stddef.h>

#include "xwsh/pump.h"
#include "xwsh/session.h"

/* How long the bytes are waited for, which the other side has announced. */
enum { XW_HISTORY_WAIT_MS = 2000 };

/*
 * Fills bytes with as many as were announced, and shows them; the words as in xw_replay_make().
 * What of the bytes doesn't come in time is passed over when it does. Returns 0, or a negative
 * errno when nothing has been shown.
 */
int xw_history_show(const struct xw_session *session, struct xw_pump *pump, char *bytes,
                    size_t count, const char *words, const char *if_blank);

#endif
