/*
 * The command for one's own recordings (recordings.h): it asks nobody.
 */
#ifndef XW_XWSH_RECORDINGS_COMMAND_H
#define XW_XWSH_RECORDINGS_COMMAND_H

#include "xwsh/commands.h"

/* Without an operand lists them; get NAME prints one up to its last whole line; delete NAME. */
enum xw_exit xw_run_recordings(const struct xw_session *session, const struct xw_command *command,
                               const struct xw_arguments *arguments);

#endif
