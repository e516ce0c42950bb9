/*
 * What a machine has printed on its console, as text.
 */
#ifndef XW_XWSH_LOG_H
#define XW_XWSH_LOG_H

#include "xwsh/commands.h"

/* `log`: what there is of it, and with XW_OPTION_FOLLOW what comes. */
enum xw_exit xw_run_log(const struct xw_session *session, const struct xw_command *command,
                        const struct xw_arguments *arguments);

#endif
