/*
 * The graphical console of a machine, for a VNC viewer (RFC 6143) behind standard input and output.
 *
 * The gate is given one end of a socket pair; from its `open` line on, bytes are moved between the
 * other end and standard input and output, and none is looked at. A terminal has no use for them:
 * there it is told how a viewer is given them.
 */
#ifndef XW_XWSH_VNC_H
#define XW_XWSH_VNC_H

#include "xwsh/commands.h"

/* vnc: a suspended machine goes on first (resume.h). XW_EXIT_OK however it ended once it was open.
 */
enum xw_exit xw_run_vnc(const struct xw_session *session, const struct xw_command *command,
                        const struct xw_arguments *arguments);

#endif
