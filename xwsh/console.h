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

#include "common/error.h"
#include "common/exitcode.h"
#include "common/request.h"
#include "xwsh/session.h"

/*
 * Runs it. Returns the exit code: XW_EXIT_OK when the console was left or has closed in good
 * order. err has the words for any other, and after XW_EXIT_OK how it ended (err->code is 0).
 * closed, which may be NULL, is set to whether the other side ended it: what its user was typing
 * then was meant for the machine.
 */
enum xw_exit xw_console_run(const struct xw_session *session, const struct xw_request *request,
                            bool *closed, struct xw_error *err);

#endif
