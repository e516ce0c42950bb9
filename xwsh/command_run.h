/*
 * What runs the commands of the table (commands.h), but for those of instructors (instructor.h).
 */
#ifndef XW_XWSH_COMMAND_RUN_H
#define XW_XWSH_COMMAND_RUN_H

#include "xwsh/commands.h"

/* list, status, checkpoint list: what is asked for, as a list. */
enum xw_exit xw_run_list(const struct xw_session *session, const struct xw_command *command,
                         const struct xw_arguments *arguments);

/* Whatever changes a world. */
enum xw_exit xw_run_action(const struct xw_session *session, const struct xw_command *command,
                           const struct xw_arguments *arguments);

enum xw_exit xw_run_checkpoint(const struct xw_session *session, const struct xw_command *command,
                               const struct xw_arguments *arguments);

/* console and watch. */
enum xw_exit xw_run_console(const struct xw_session *session, const struct xw_command *command,
                            const struct xw_arguments *arguments);

enum xw_exit xw_run_help(const struct xw_session *session, const struct xw_command *command,
                         const struct xw_arguments *arguments);

enum xw_exit xw_run_version(const struct xw_session *session, const struct xw_command *command,
                            const struct xw_arguments *arguments);

#endif
