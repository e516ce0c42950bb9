/*
 * Letting suspended machines of a world go on.
 */
#ifndef XW_XWSH_RESUME_H
#define XW_XWSH_RESUME_H

#include <stdbool.h>

#include "common/error.h"
#include "common/exitcode.h"
#include "common/request.h"
#include "xwsh/session.h"

/*
 * For a request about one machine that does not run. Where it is suspended, *suspended is set, and
 * it is started together with the other suspended machines of its world, which it may be talking
 * to, and that is shown. Not where the password is to be asked for before a start: then *err tells
 * to start it first. Returns XW_EXIT_OK when the machine runs, or the exit code with the words in
 * *err; where it isn't suspended, *err is as it was.
 */
enum xw_exit xw_resume(const struct xw_session *session, const struct xw_request *request,
                       bool *suspended, struct xw_error *err);

#endif
