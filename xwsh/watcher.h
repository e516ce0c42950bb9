/*
 * A machine's console, read by a program: a viewer by the verb `watch`, whom others at the console
 * are told of as of any. First comes what the machine wrote before, as far as the lab has it; of a
 * machine that is off nothing else. The bytes are a guest's, and hostile.
 */
#ifndef XW_XWSH_WATCHER_H
#define XW_XWSH_WATCHER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/exitcode.h"
#include "common/request.h"
#include "xwsh/gate.h"

/* How long one that is left is waited for, in milliseconds, by a caller that waits at all. */
enum { XW_WATCHER_LEAVE_MS = 1000 };

/* Start with XW_WATCHER_NONE. */
struct xw_watcher {
    struct xw_gate *gate; /* NULL: there is none */
    int socket;           /* -1 once it has closed */
    bool opened;
    bool told;      /* the gate has said its last word */
    size_t history; /* bytes from before that are still to come */
    enum xw_exit code;
    struct xw_model model;
    struct xw_error err;
    char note[XW_ERROR_TEXT_MAX]; /* the last thing that was said of the machine */
};

#define XW_WATCHER_NONE                                                                            \
    (struct xw_watcher)                                                                            \
    {                                                                                              \
        .socket = -1                                                                               \
    }

/*
 * Asks for the console of a machine of the request's world; quiet as in xw_gate_open(). Returns 0
 * or a negative errno with err set; to be closed in either case.
 */
int xw_watcher_open(struct xw_watcher *watcher, const struct xw_request *about, const char *machine,
                    bool quiet, struct xw_error *err);

/* What to wait for; descriptors of -1 where there is nothing. */
enum { XW_WATCHER_WAITS = 2 };
void xw_watcher_wait(const struct xw_watcher *watcher, struct pollfd wait[XW_WATCHER_WAITS]);

/*
 * Reads once what has come, without waiting. Returns the bytes, all from before the console was
 * opened, or, with *live set, all from since; 0 where nothing is there yet; -ENODATA when it is
 * over: code tells how, XW_EXIT_OK being a machine that has stopped.
 */
ssize_t xw_watcher_take(struct xw_watcher *watcher, char *bytes, size_t size, bool *live);

/* Why it is over. Unsafe to show. */
const char *xw_watcher_words(const struct xw_watcher *watcher);

/* Whether everything from before has been taken. */
bool xw_watcher_is_live(const struct xw_watcher *watcher);

/* Leaves, and waits for so many milliseconds at most until the lab has noticed. */
void xw_watcher_close(struct xw_watcher *watcher, int patience);

#endif
