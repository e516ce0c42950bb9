/*
 * A console by one verb, and what stays while a viewer goes from one verb to another.
 */
#ifndef XW_XWSH_CONSOLE_ONCE_H
#define XW_XWSH_CONSOLE_ONCE_H

#include <stdbool.h>

#include "xwsh/console.h"
#include "xwsh/recorder.h"

struct xw_console_visit {
    const struct xw_session *session;
    struct xw_recorder *recorder;
    bool record;       /* as soon as a console is open */
    enum xw_verb next; /* the request's, or the one that was asked for */
    struct xw_console_end *end;
};

/* The same as xw_console_run(), for a machine that runs. */
enum xw_exit xw_console_once(struct xw_console_visit *visit, const struct xw_request *request,
                             struct xw_error *err);

#endif
