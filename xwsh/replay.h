/*
 * What a guest wrote before this viewer came, shown as the screen that it left.
 *
 * It is rendered (render.h) in a process of its own, whose only system calls are read, write, exit
 * and the return from a signal (seccomp(2), strict mode), which has no descriptor to read or to
 * write, and which ends after two seconds. It leaves cells in memory that is shared with it; what
 * they become on the terminal is our doing (draw.h).
 */
#ifndef XW_XWSH_REPLAY_H
#define XW_XWSH_REPLAY_H

#include <stddef.h>

#include "xwsh/safe_text.h"

enum { XW_REPLAY_MS = 2000 };

struct xw_replay {
    char *text;     /* for the terminal, to be freed */
    bool touches;   /* there is something to undo (guest.h) */
    bool alternate; /* the alternate screen is shown */
};

/*
 * How many of the bytes are there as a whole: less than count where the last belong to a character
 * or a control sequence of which the rest has still to come. That rest is live, and so are these.
 */
size_t xw_replay_whole(const char *bytes, size_t count);

/*
 * Renders bytes for a window of this size, with words as in xw_draw(), or with others where nothing
 * is to be seen. Returns 0, -ENOTSUP for a window
 * that is too small, -EPROTO when the renderer didn't come to its end, or another errno.
 */
int xw_replay_make(const char *bytes, size_t count, int rows, int columns, enum xw_charset charset,
                   const char *words, const char *if_blank, struct xw_replay *replay);

#endif
