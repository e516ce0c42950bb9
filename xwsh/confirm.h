/*
 * What is asked of a person before a command's request goes out: the name of what is reverted, and
 * the password where the configuration wants it.
 */
#ifndef XW_XWSH_CONFIRM_H
#define XW_XWSH_CONFIRM_H

#include "common/exitcode.h"
#include "common/request.h"
#include "xwsh/session.h"

/*
 * Returns XW_EXIT_OK when the request may go out, or the exit code, with the reason printed. yes:
 * the command says that nothing is to be confirmed, which goes for the name and not for the
 * password. Without a terminal the name isn't asked for, and where a password is wanted it is
 * refused.
 */
enum xw_exit xw_confirm(const struct xw_session *session, const struct xw_request *request,
                        bool yes);

#endif
