/*
 * The serial console of a machine on this terminal.
 *
 * The gate is given one end of a socket pair; from its `open` line on, bytes are moved between
 * the other end and standard input and output. ^] leaves (escape.h has the rule). Whatever the way
 * out, the terminal's modes are put back, what the guest did to the terminal is undone, and answers
 * that the terminal owes to a guest's queries are read away.
 *
 * Where standard input is no terminal nothing in it has a meaning of its own; its end is passed on
 * (shutdown(2)), and what the guest still says is shown until the other side closes.
 */
#ifndef XW_XWSH_CONSOLE_H
#define XW_XWSH_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/exitcode.h"
#include "common/request.h"
#include "xwsh/session.h"

struct xw_console_end {
    bool opened;   /* there was a console */
    bool closed;   /* by the other side: what its user was typing then was meant for the machine */
    int64_t quiet; /* the longest time without a key, in milliseconds, with that before the last */
};

/*
 * Runs it; a machine that is suspended goes on first (resume.h). record: from the beginning on, or
 * not at all where that can't be (recorder.h); the ^] menu begins and ends it as well. Returns the
 * exit code: XW_EXIT_OK when the console was left or has closed in good order. err has the words
 * for any other, and after XW_EXIT_OK how it ended (err->code is 0).
 */
enum xw_exit xw_console_run(const struct xw_session *session, const struct xw_request *request,
                            bool record, struct xw_console_end *end, struct xw_error *err);

#endif
