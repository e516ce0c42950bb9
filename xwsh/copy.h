/*
 * Files between the student's computer and a machine.
 */
#ifndef XW_XWSH_COPY_H
#define XW_XWSH_COPY_H

#include "xwsh/commands.h"

/* `copy`: one file or, with XW_OPTION_TAR, an archive; standard input or output is the other end.
 */
enum xw_exit xw_run_copy(const struct xw_session *session, const struct xw_command *command,
                         const struct xw_arguments *arguments);

#endif
