/*
 * The commands of who looks after a lab. That the caller may is the gate's to say: to everybody
 * else it answers as to what does not exist.
 */
#ifndef XW_XWSH_INSTRUCTOR_H
#define XW_XWSH_INSTRUCTOR_H

#include "xwsh/commands.h"

/* list --lab LAB: every world of the lab. */
enum xw_exit xw_run_list_lab(const struct xw_session *session, const struct xw_command *command,
                             const struct xw_arguments *arguments);

enum xw_exit xw_run_who_can(const struct xw_session *session, const struct xw_command *command,
                            const struct xw_arguments *arguments);

enum xw_exit xw_run_extend(const struct xw_session *session, const struct xw_command *command,
                           const struct xw_arguments *arguments);

/* One request after the other; goes on after a failure, and returns the last one's code. */
enum xw_exit xw_run_prepare(const struct xw_session *session, const struct xw_command *command,
                            const struct xw_arguments *arguments);

#endif
